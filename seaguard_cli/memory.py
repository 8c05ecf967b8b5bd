"""Equal items are judged once: what was measured for the last items of a run."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b

from seaguard_cli.measurement import Measurement
from seaguard_cli.verdict import Item

REMEMBERED = 100_000


class Memory:
    """The measurements of the last `size` different items, the least lately used given up first."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._known: OrderedDict[bytes, Measurement] = OrderedDict()

    def of(self, item: Item, run: object) -> tuple[Measurement, bool]:
        """Give what is known of an equal item, or asked in this `run`, or else a new measurement.

        Tells, too, whether it is new.
        """
        key = _digest(item)
        known = self._known.pop(key, None)
        if known is not None and (known.outcome is not None or known.run is run):
            self._known[key] = known
            return known, False
        measurement = self._known[key] = Measurement(run=run)
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return measurement, True

    def forget(self) -> None:
        """Drop everything: what is asked again is measured again."""
        self._known.clear()


def _digest(item: Item) -> bytes:
    """Give 16 bytes for an item, so that a million long texts cost no more than short ones."""
    prompt = item.prompt.encode("utf-8", "surrogatepass")
    response = (item.response or "").encode("utf-8", "surrogatepass")
    state = blake2b(b"%s %d " % (item.task.encode(), len(prompt)), digest_size=16)
    state.update(prompt)
    state.update(response)
    return state.digest()
