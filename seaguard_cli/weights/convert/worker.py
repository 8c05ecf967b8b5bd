"""llama.cpp's quantiser in a process of its own, run by path: see quantiser.py.

    worker.py INPUT OUTPUT FILE_TYPE THREADS MOST_BYTES

Prints "TENSOR OF" for each tensor begun, and llama.cpp's last words to standard error. A process
of its own can be stopped at any moment, and takes its memory and its mapped files with it.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
from collections import deque

_BEGUN = re.compile(r"\[\s*(\d+)/\s*(\d+)\]")


def main(arguments: list[str]) -> int:
    """Quantise as the arguments say. Gives 0, or 1 when llama.cpp could not."""
    source, target = (os.fsencode(path) for path in arguments[:2])
    file_type, threads, most_bytes = (int(number) for number in arguments[2:])
    # The process that started this one answers Ctrl-C, and closes this one's input when it ends.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import llama_cpp

    said: deque[str] = deque(maxlen=20)

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def log(_level: int, text: bytes, _data: object) -> None:
        line = text.decode("utf-8", "replace")
        if begun := _BEGUN.match(line):
            with contextlib.suppress(OSError):
                print(*begun.groups(), flush=True)
        said.append(line)

    llama_cpp.llama_log_set(log, None)
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = file_type
    params.nthread = threads
    params.max_buf_size = most_bytes
    if llama_cpp.llama_model_quantize(source, target, params) == 0:
        return 0
    sys.stderr.write("".join(said))
    return 1


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
