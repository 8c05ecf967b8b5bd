"""An output file that a killed run can go on with: whole lines, and a journal beside them."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from io import FileIO
from pathlib import Path

from seaguard_cli.engine import Flush
from seaguard_cli.errors import (
    CannotResume,
    Failure,
    FailureCode,
    OutputClosed,
    OutputFailed,
    OutputTaken,
    OutputThere,
)
from seaguard_cli.journal import InputDigest, Journal, Position, Settings
from seaguard_cli.pipeline import Incoming, Tally
from seaguard_cli.records import Header, Record, Writer

# How long what was written may wait for the journal, in seconds; the disk is asked no oftener.
_SAVE_AFTER = 0.1
_ENDING = 4096
# What is replayed is written nowhere, so what came of it is of no matter.
_NO_MATTER = Failure(FailureCode.ENGINE, {"problem": ""})


class ResumableOutput:
    """A file, locked for this process, that grows by what is judged; its journal follows it.

    Raises OutputThere when it is begun where a file with content is, CannotResume when it goes on
    and file, journal or `settings` do not fit, OutputTaken and OutputClosed.
    """

    def __init__(self, path: Path, settings: Settings, *, resume: bool) -> None:
        self.path = path
        self._stream = _opened(path)
        try:
            self._journal = self._begun(settings, resume=resume)
        except BaseException:
            self._stream.close()
            raise
        self._records, self._input = 0, InputDigest()
        # What the journal may hold: the file counts so far and no further.
        self._known = self._journal
        self._muted, self._unsaved, self._closing = False, False, False
        self._error: OutputFailed | None = None
        self._changed = threading.Condition()
        self._saver = threading.Thread(target=self._keep_saving, name="journal", daemon=True)

    @property
    def before(self) -> int:
        """Give how many records were judged before this run."""
        return self._journal.position.records

    @property
    def written(self) -> int:
        """Give how many records the file stands for."""
        return self._known.position.records

    def tally(self) -> Tally:
        """Give what came of the records that were judged before this run."""
        return Tally.from_counts(self._journal.counts)

    def replay(self, incoming: Iterator[Incoming], writer: Writer) -> None:
        """Take the records that were judged before, so that `writer` and the digest know them.

        Raises CannotResume when they are not those that were judged.
        """
        wanted = self._journal.position
        self._muted = True
        while self._records < wanted.records:
            one = next(incoming, None)
            if one is None:
                raise self._refusal(
                    f"its input has only {self._records} of {wanted.records} records"
                )
            if isinstance(one, Flush):
                continue
            self._input.add(one)
            if isinstance(one, Header):
                writer.header(one)
            else:
                self._records += 1
                writer.write(one, one.failure or _NO_MATTER)
        self._muted = False
        if wanted.records and self._input.value != wanted.input:
            raise self._refusal(f"its input is not that of the {wanted.records} records judged")
        if not wanted.records or writer.holds:
            # Only what a table writes at its end is there: it is written again, as its beginning.
            self._known = Journal(self._journal.settings)
        self._cut()

    def begin(self) -> None:
        """Begin to keep the journal. Raises OutputFailed."""
        self._save(self._known)
        self._saver.start()

    def write(self, data: bytes, /) -> None:
        """Append `data` to the file. Raises OutputFailed."""
        if self._muted:
            return
        view = memoryview(data)
        try:
            while view:
                view = view[self._stream.write(view) or 0 :]
        except OSError as error:
            raise OutputFailed(path=str(self.path), reason=_reason(error)) from error

    def flush(self) -> None:
        """Do nothing: what was written is out."""

    def took(self, one: Record | Header, tally: Tally, *, whole: bool) -> None:
        """Count a record, or a header, of the input.

        `whole` tells whether the file holds all that was counted. Raises OutputFailed.
        """
        self._input.add(one)
        self._records += isinstance(one, Record)
        if not whole:
            return
        with self._changed:
            self._known = self._journal.at(self._position(), tally.counts())
            if not self._unsaved:
                self._unsaved = True
                self._changed.notify_all()
        if self._error:
            raise self._error

    def close(self, *, finished: bool) -> None:
        """Save the journal a last time and let the file go. Raises OutputFailed.

        `finished` says that all there is was taken and written.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._saver.is_alive():
            self._saver.join()
        try:
            if finished:
                known = self._journal.at(self._position(), self._known.counts)
                self._known = replace(known, finished=True)
            self._cut()
            if not self._error:
                self._save(self._known)
        finally:
            self._stream.close()

    def _position(self) -> Position:
        return Position(self._records, self._stream.tell(), self._input.value)

    def _begun(self, settings: Settings, *, resume: bool) -> Journal:
        size = os.fstat(self._stream.fileno()).st_size
        if not resume:
            if size:
                raise OutputThere(path=str(self.path))
            return Journal(settings)
        journal = Journal.load(self.path)
        journal.require_same(settings, self.path)
        held = journal.position
        if size < held.size or _ending(self._stream, held.size) != held.ending:
            raise self._refusal("the file is not as it was written")
        return journal

    def _refusal(self, problem: str) -> CannotResume:
        return CannotResume(path=str(self.path), problem=problem)

    def _keep_saving(self) -> None:
        """Save what is new, and then wait a little, until it is over."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._unsaved or self._closing)
                if self._closing:
                    return
                known, self._unsaved = self._known, False
            try:
                self._save(known)
            except OutputFailed as error:
                self._error = error
                return
            with self._changed:
                self._changed.wait_for(lambda: self._closing, _SAVE_AFTER)

    def _save(self, known: Journal) -> None:
        try:
            os.fsync(self._stream.fileno())
            ending = _ending(self._stream, known.position.size)
        except OSError as error:
            raise OutputFailed(path=str(self.path), reason=_reason(error)) from error
        replace(known, position=replace(known.position, ending=ending)).save(self.path)

    def _cut(self) -> None:
        """Cut off what does not count: a line that was only half written."""
        self._stream.truncate(self._known.position.size)
        self._stream.seek(self._known.position.size)


def _opened(path: Path) -> FileIO:
    """Open a file for reading and appending, for this process alone."""
    try:
        stream = FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666), "r+")
    except OSError as error:
        raise OutputClosed(path=str(path), reason=_reason(error)) from error
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        stream.close()
        raise OutputTaken(path=str(path)) from error
    except OSError:
        # A file system without locks: two runs into one file are then up to the person.
        return stream
    return stream


def _ending(stream: FileIO, size: int) -> str:
    """Give a digest of the last bytes before `size`."""
    start = max(0, size - _ENDING)
    return blake2b(os.pread(stream.fileno(), size - start, start), digest_size=16).hexdigest()


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
