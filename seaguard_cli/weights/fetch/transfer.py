"""The bytes of one file: asked for from where they stopped until they are all there, or never."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from seaguard_cli.errors import HubUnreachable, TransferBroken, WrongHash, WrongSize
from seaguard_cli.weights.fetch.part import Counted, Part
from seaguard_cli.weights.hub import Hub, RemoteFile, patience
from seaguard_cli.weights.store import StoredFile

if TYPE_CHECKING:
    import httpx2

# A cut after at least so much is progress, and not counted.
_PROGRESS = 2**20
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_OK, _PARTIAL, _BEYOND = 200, 206, 416


def transfer(hub: Hub, file: RemoteFile, target: Path, counted: Counted) -> StoredFile:
    """Fetch a file to `target`, going on where an earlier run stopped.

    Nothing is called `target` before size and hash are what the Hub states. Raises HubError,
    NoRoom and StoreFailed; what has come is kept, unless its hash is wrong.
    """
    with Part(target, file) as part:
        part.resume(counted)
        resumed = part.have > 0
        _complete(hub, file, part, counted)
        try:
            return part.finish()
        except WrongHash:
            # What an earlier run left may be at fault, by a power cut for instance.
            if not resumed:
                raise
    with Part(target, file) as part:
        _complete(hub, file, part, counted)
        return part.finish()


def _complete(hub: Hub, file: RemoteFile, part: Part, counted: Counted) -> None:
    """Ask again and again for what is missing, as long as more comes each time."""
    cuts, furthest = 0, part.have
    while part.have < file.size:
        reason = _receive(hub, file, part, counted)
        if part.have >= furthest + _PROGRESS:
            cuts, furthest = 0, part.have
        if part.have == file.size:
            return
        cuts += 1
        if cuts >= patience.usual.tries:
            raise TransferBroken(file=file.name, times=cuts, kept=part.have, reason=reason)
        patience.usual.wait(cuts)


def _receive(hub: Hub, file: RemoteFile, part: Part, counted: Counted) -> str:
    """Take what one answer gives, and give why it ended early."""
    import httpx2

    from seaguard_cli.weights.hub.client import reason_of

    try:
        with hub.open(file, part.have, part.etag) as response:
            if problem := _prepare(response, file, part):
                return problem
            counted(part.have)
            # As they lie on the server, and as they come: a larger block would be lost with a cut.
            for block in response.iter_raw():
                part.write(block)
                counted(part.have)
    except httpx2.TransportError as error:
        return reason_of(error)
    except HubUnreachable as error:
        # In the middle of a long transfer the network may be back in a moment.
        if not part.have:
            raise
        return str(error.facts["reason"])
    return "it ended early"


def _prepare(response: httpx2.Response, file: RemoteFile, part: Part) -> str | None:
    """Make `part` fit the answer that begins; give what is wrong with the answer, if anything."""
    status, etag = response.status_code, response.headers.get("ETag")
    if status == _PARTIAL:
        found = _RANGE.match(response.headers.get("Content-Range", ""))
        if not found or int(found[1]) != part.have or (part.etag and etag not in (None, part.etag)):
            part.start_over()
            return "its ranges are not what was asked for"
        total = None if found[2] == "*" else int(found[2])
    elif status == _OK:
        # Nothing was there yet, or the server knows no ranges, or the file has changed.
        if part.have:
            part.start_over()
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
    else:
        if status == _BEYOND:
            part.start_over()
        return f"the storage answered with status {status}"
    if total is not None and total != file.size:
        part.drop()
        raise WrongSize(file=file.path, stated=file.size, found=total)
    part.begin(etag)
    return None
