"""Reading ahead in a thread, so that a slow producer's records are judged as they come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from seaguard_cli.engine import FLUSH, Flush

T = TypeVar("T")

_MOST_ITEMS = 4096
_MOST_BYTES = 32 * 2**20


class _Shelf(Generic[T]):
    """What was read and not yet taken; bounded, and handed over all at once."""

    def __init__(self, size_of: Callable[[T], int]) -> None:
        self._size_of = size_of
        self._items: list[T] = []
        self._bytes = 0
        self._done = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    def fill(self, source: Iterable[T]) -> None:
        """Read `source` to its end; an error is kept for who takes."""
        try:
            for item in source:
                size = self._size_of(item)
                with self._changed:
                    self._changed.wait_for(self._has_room)
                    self._items.append(item)
                    self._bytes += size
                    if len(self._items) == 1:
                        self._changed.notify_all()
        except BaseException as error:
            self._error = error
        with self._changed:
            self._done = True
            self._changed.notify_all()

    def take(self) -> list[T]:
        """Give everything that was read, once there is something; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._done)
            taken, self._items, self._bytes = self._items, [], 0
            self._changed.notify_all()
            if not taken and self._error is not None:
                raise self._error
            return taken

    @property
    def empty(self) -> bool:
        """Tell whether taking would have to wait."""
        return not self._items and not self._done

    def _has_room(self) -> bool:
        return len(self._items) < _MOST_ITEMS and self._bytes < _MOST_BYTES


def read_ahead(source: Iterable[T], size_of: Callable[[T], int]) -> Iterator[T | Flush]:
    """Give what `source` gives, read in a thread of its own, and FLUSH whenever nothing is ready.

    At most 4,096 items, or 32 MiB by `size_of`, wait. An error in `source` is raised where it
    stood.
    """
    shelf = _Shelf[T](size_of)
    threading.Thread(target=shelf.fill, args=(source,), name="read-ahead", daemon=True).start()
    while taken := shelf.take():
        yield from taken
        if shelf.empty:
            yield FLUSH
