"""llama-server with 8 slots, asked over loopback by as many threads."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from against.job import Job, Judged, answer

_SLOTS = 8
_PATIENCE = 600.0


@contextmanager
def started(job: Job, binary: str, options: Sequence[str], slots: int) -> Iterator[int]:
    """Start a server, wait until it is ready, and give its port."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
        free.close()
        template = Path(folder, "template.jinja")
        template.write_text(job.template, encoding="utf-8")
        # Contexts are divided among the slots.
        ctx = slots * job.ctx
        command = [binary, "-m", job.model, "--port", str(port), "-np", str(slots), "-c", str(ctx)]
        command += ["--chat-template-file", str(template), *options]
        with Path(folder, "log").open("w+b") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                _await(process, port)
                yield port
            except Exception:
                log.seek(0)
                sys.stderr.buffer.write(log.read()[-2000:])
                raise
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise RuntimeError(f"llama-server ended with status {process.returncode}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.01)
    raise RuntimeError("llama-server did not get ready")


def judge(turn: str, *, port: int, grammar: str) -> str:
    body = {
        "messages": [{"role": "user", "content": turn}],
        "grammar": grammar,
        "temperature": 0,
        "max_tokens": 8,
        "cache_prompt": True,
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    connection.request(
        "POST",
        "/v1/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    said = connection.getresponse()
    text = said.read()
    connection.close()
    if said.status != 200:
        raise RuntimeError(f"llama-server: {said.status} {text[:500]!r}")
    return str(json.loads(text)["choices"][0]["message"]["content"])


def stream(binary: str, options: Sequence[str]) -> Callable[[Job], Judged]:
    """Give the way: a stream, or for a single text the start of the server and one question."""

    def work(job: Job) -> Judged:
        lone = len(job.turns) == 1
        with started(job, binary, options, 1 if lone else _SLOTS) as port:
            ask = partial(judge, port=port, grammar=job.grammar)
            if not lone:
                ask(job.turns[0].replace(job.texts[0], "Hello."))
            with ThreadPoolExecutor(1 if lone else _SLOTS) as pool, job.clock() as took:
                labels = list(pool.map(ask, job.turns))
            return Judged(took(), labels)

    return work


if __name__ == "__main__":
    os.environ["NO_PROXY"] = "127.0.0.1"
    answer(stream(sys.argv[1], sys.argv[2:]))
