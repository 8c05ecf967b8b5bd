"""The thread that decodes; meanwhile the caller's own fills the next batch, or is interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from seaguard_cli.engine.cancellation import Cancellation
from seaguard_cli.engine.protocol import Flush

B = TypeVar("B")
T = TypeVar("T")


class DecodeThread:
    """A thread that llama.cpp works in, one piece of work at a time.

    In the caller's own Ctrl-C would get lost: Python raises KeyboardInterrupt in whatever runs, and
    out of a callback of llama.cpp no exception comes. What the caller leaves is made to end soon.
    """

    def __init__(self, cancellation: Cancellation) -> None:
        self._thread = ThreadPoolExecutor(1, "llama.cpp")
        self._cancellation = cancellation

    def run(self, work: Callable[[], T], undo: Callable[[T], None]) -> T:
        """Give what `work` gives; if the caller is interrupted, undo it."""
        running = self._thread.submit(work)
        try:
            return running.result()
        except BaseException:
            self._end(running)
            if running.exception() is None:
                undo(running.result())
            raise

    def judged(self, batches: Iterable[B | Flush], judge: Callable[[B], T]) -> Iterator[T | Flush]:
        """Give what `judge` makes of each batch, in order; flush marks stay where they stand.

        Only while the next batch is taken from `batches` is one being judged, never while the
        caller has what is given here. What `judge` or `batches` raises is raised in its place,
        and leaving early waits for the end of what has begun.
        """
        coming = iter(batches)
        running: Future[T] | None = None
        try:
            while True:
                batch, error = _next(coming)
                if running:
                    yield running.result()
                    running = None
                if error:
                    raise error
                if batch is None:
                    return
                if isinstance(batch, Flush):
                    yield batch
                else:
                    running = self._thread.submit(judge, batch)
        finally:
            if running:
                self._end(running)

    def close(self) -> None:
        """Have what still runs end soon, and the thread; may be called again.

        Something may: an interrupt can come when work has begun and its caller does not know yet.
        """
        with self._cancellation.hurrying():
            self._thread.shutdown()

    def _end(self, running: Future[T]) -> None:
        with self._cancellation.hurrying():
            wait([running])


def _next(coming: Iterator[B]) -> tuple[B | None, Exception | None]:
    """Give the next of them, None at the end, or what is raised in its place."""
    try:
        return next(coming, None), None
    except Exception as error:
        return None, error
