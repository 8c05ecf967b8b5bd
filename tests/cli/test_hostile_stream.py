"""A hundred thousand hostile lines: as many records out, in order, each with its own bytes."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest

from .helpers import check

LINES = 100_000
LARGEST = 20_000
PLANES = [0x41, 0xE9, 0xE01, 0x1000, 0xB85, 0x202E, 0xFFFD, 0x1F600, 0x2F800, 0x3134A, 0xE0001]
PLANES += [plane * 0x10000 + 0x123 for plane in range(17)]
CONTROL = ["<|im_start|>", "<|im_end|>", "<start_of_turn>", "<|eot_id|>", "<|endoftext|>", "</s>"]
BROKEN = [
    b"",
    b" ",
    b"{",
    b"}",
    b"{}",
    b"[]",
    b"null",
    b"12",
    b'"a text"',
    b"nonsense",
    b"\xff\xfe{",
    b'{"text": "\xff"}',
    b'{"text": 5}',
    b'{"text": null}',
    b'{"text": NaN}',
    b'{"text": "\\ud800"}',
    b'{"text": "a", "text": "b"}',
    b'{"text": "a", "seaguard": 1}',
    b'{"text": "a"} x',
    b"\x00",
    b'{"text": "a\x00b"}',
    b'\xef\xbb\xbf{"text": "a"}',
    b'{"n": 1E400, "text": []}',
    b"[" * 6000,
]


def text(rng: random.Random) -> str:
    pieces = [chr(rng.choice(PLANES) + rng.randrange(16)) for _ in range(rng.randrange(12))]
    if rng.random() < 0.2:
        pieces.append(rng.choice(CONTROL))
    if rng.random() < 0.1:
        pieces.append("a bomb")
    return "".join(pieces)


def line(number: int, rng: random.Random) -> bytes:
    """One line without its end; every kind comes thousands of times, the huge ones dozens."""
    chance = rng.random()
    if chance < 0.3:
        return rng.choice(BROKEN)
    if chance < 0.3005:
        return b'{"text": "' + b"x" * (LARGEST + rng.randrange(-50, 50)) + b'"}'
    record = {"id": number * 10**18, "text": text(rng), "f": [1.10, {"e": "\x7f"}]}
    escaped = rng.random() < 0.5
    raw = json.dumps(record, ensure_ascii=escaped, indent=None if chance < 0.9 else 1)
    return raw.replace("\n", " \t").encode()


def strict(raw: bytes) -> Any:
    """What JSON says a line is, read by another; None if it is nothing that can be judged."""

    def refuse(_: str) -> None:
        raise ValueError

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in found}) < len(found):
            raise ValueError
        return dict(found)

    try:
        value = json.loads(raw.decode(), parse_constant=refuse, object_pairs_hook=pairs)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    if isinstance(value, str):
        return {"text": value}
    judged = isinstance(value, dict) and isinstance(value.get("text"), str)
    return value if judged and "seaguard" not in value and len(raw) <= LARGEST else None


@pytest.mark.usefixtures("fake")
def test_a_hundred_thousand_hostile_lines(tmp_path: Path) -> None:
    rng = random.Random(20261122)
    lines = [line(number, rng) for number in range(LINES)]
    source = tmp_path / "hostile.jsonl"
    # The first bytes of a file may be a mark, which is no line's own.
    lines[0] = b'{"text": "the first"}'
    ends = [rng.choice((b"\n", b"\r\n")) for _ in lines]
    source.write_bytes(b"".join(raw + end for raw, end in zip(lines, ends, strict=True)))
    ran = check("-f", str(source), "--max-record", str(LARGEST))
    out = ran.out.split(b"\n")
    assert (len(out), out.pop(), ran.status) == (LINES + 1, b"", 3)
    judged = 0
    for number, (raw, written) in enumerate(zip(lines, out, strict=True), 1):
        given = json.loads(written)
        said = given.pop("seaguard")
        expected = strict(raw)
        if expected is not None:
            judged += 1
            assert said["label"] == ("unsafe" if "bomb" in expected["text"] else "safe"), raw
            assert given == expected
        if "error" not in said:
            assert expected is not None, raw
        elif "input" in said["error"]:
            assert base64.b64decode(said["error"]["input"]) == raw[: 64 * 1024]
            assert said["error"]["line"] == number
        if raw.lstrip().startswith(b"{") and "input" not in said.get("error", {}):
            assert written.startswith(raw[: raw.rindex(b"}")].rstrip())
            assert written.endswith(b"}" + raw[raw.rindex(b"}") + 1 :])
    assert LINES / 2 < judged < LINES
