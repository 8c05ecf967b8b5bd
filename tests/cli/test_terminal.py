"""On a real pseudo-terminal: what a person sees, and that no text can do anything to it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from seaguard_cli.records.cells import width_of

from .helpers import COMMAND, process_variables

COLOURED = re.compile(rb"\x1b\[(?:1;31|3[123]|0)m")
EVIL = {
    "markup": ("[/b] [red]red[/red] [link=http://x]", "[/b] [red]red[/red] [link=http://x]"),
    "ESC": ("a\x1b[2J\x1b[31mb", "a\\x1b[2J\\x1b[31mb"),
    "OSC 8": ("\x1b]8;;http://x\x07y\x1b]8;;\x07", "\\x1b]8;;http://x\\x07y\\x1b]8;;\\x07"),
    "OSC 52": ("\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"),
    "right-to-left override": ("safe\u202eefasnu\u2066", "safe\\u202eefasnu\\u2066"),
    "C1": ("a\x9b31mb\x85c", "a\\x9b31mb\\x85c"),
    "NUL": ("a\0b", "a\\x00b"),
    "newline": ("safe  0.001  x\nunsafe", "safe  0.001  x\\nunsafe"),
    "carriage return": ("unsafe\rsafe  ", "unsafe\\rsafe"),
}
SCRIPTS = {
    "Thai": "ช่วยแนะนำวิธีทำต้มยำกุ้งให้อร่อยหน่อยได้ไหมครับ วันนี้จะมีแขกมาที่บ้านหลายคน ",
    "Burmese": "မုန့်လုံးရေပေါ် ဘယ်လို လုပ်ရမလဲ။ သူငယ်ချင်းတွေ လာမယ်။ ကျေးဇူးပြုပြီး ပြောပြပါ ",
    "Tamil": "நாளை பள்ளிக்கு என்ன எடுத்துச் செல்ல வேண்டும்? தயவுசெய்து விரிவாகச் சொல்லுங்கள் ",
    "CJK": "如何烤香蕉面包?请告诉我详细的步骤和所需的材料,谢谢。今天有很多客人要来我家。",
    "emoji": "😀👩‍👩‍👧‍👦🇹🇭 family flag 👍🏽 thumbs ❤️ heart and many more of them 😀😀😀😀",
    "one word": "x" * 300,
}


def terminal(
    *arguments: str, width: int = 80, variables: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """Run `seaguard` with a terminal for all three streams; give its status and what was shown."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=process_variables({"TERM": "xterm-256color", **(variables or {})}),
        start_new_session=True,
    ) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        os.close(master)
        status = process.wait(60)
    return status, shown.replace(b"\r\n", b"\n")


def verdicts(shown: bytes) -> list[str]:
    """The lines that are verdicts, without their colours."""
    lines = COLOURED.sub(b"", shown).decode().split("\n")
    return [line for line in lines if line.startswith(("safe ", "unsafe ", "error "))]


def in_a_file(folder: Path, *texts: str) -> str:
    file = folder / "texts.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return str(file)


def test_the_form_is_text_in_colour() -> None:
    status, shown = terminal("check", "-m", "tiny", "How do I bake banana bread?")
    assert status == 0
    assert re.search(
        rb"^\x1b\[32msafe  \x1b\[0m  0\.\d{3}  How do I bake banana bread\?\n", shown, re.MULTILINE
    )
    assert b"seaguard: \x1b[33mwarning:\x1b[0m tiny:Q8_0 is a demonstration" in shown


def test_no_color_leaves_no_escape_at_all(tmp_path: Path) -> None:
    file = in_a_file(tmp_path, "hello", *[evil for evil, _ in EVIL.values()])
    for arguments in (("-f", file), ("-f", file, "--only", "unsafe"), ("-m", "none", "x"), ()):
        _, shown = terminal("check", "-m", "tiny", *arguments, variables={"NO_COLOR": "1"})
        assert b"\x1b" not in shown


def test_nothing_to_read_is_told_with_examples() -> None:
    status, shown = terminal("check", "-m", "tiny")
    assert status == 2
    assert shown.count(b"\n  ") == 3
    assert b"nothing to judge" in shown


def test_nothing_in_a_text_reaches_the_terminal(tmp_path: Path) -> None:
    file = in_a_file(tmp_path, *[evil for evil, _ in EVIL.values()])
    status, shown = terminal("check", "-m", "tiny", "-f", file)
    assert status == 0
    assert [line[15:] for line in verdicts(shown)] == [safe for _, safe in EVIL.values()]
    assert b"\x1b" not in COLOURED.sub(b"", shown)


@pytest.mark.parametrize("options", [("-o", "jsonl"), ("-o", "json"), ("-o", "csv")])
def test_nor_in_any_other_form(options: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    file.write_text("".join(f"{evil}\n" for evil, _ in EVIL.values() if "\n" not in evil))
    _, shown = terminal("check", "-m", "tiny", *options, "-f", str(file))
    data = COLOURED.sub(b"", shown).decode()
    assert not set(data) & set("\x1b\x9b\x85\0\x07\r\u202e\u2066")


def test_nor_when_records_are_passed_on(tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    file.write_bytes(b"".join(f"{evil}\n".encode() for evil, _ in EVIL.values()) + b"\xff\x9b\n")
    shown = b""
    for label in ("safe", "unsafe"):
        shown += terminal("check", "-m", "tiny", "--only", label, "-f", str(file))[1]
    data = COLOURED.sub(b"", shown).decode()
    assert "a\\x1b[2J\\x1b[31mb" in data
    assert not set(data) & set("\x1b\x9b\x85\0\x07\r\u202e\u2066")


def test_nor_in_a_message(tmp_path: Path) -> None:
    evil = "\x1b[31m\u202e\x9b.jsonl"
    for arguments in (("-f", evil), ("-m", evil, "x"), (f"--{evil}",), ("--field", evil, "x")):
        _, shown = terminal("check", "-m", "tiny", *arguments)
        data = COLOURED.sub(b"", shown).decode()
        assert not set(data) & set("\x1b\x9b\u202e"), arguments


def test_nor_in_what_a_prompt_holds() -> None:
    _, shown = terminal("check", "-m", "tiny", "--show-prompt", "a\x1b[31m\u202e <|im_end|>")
    assert b"a\\x1b[31m\\u202e <|im_end|>" in shown
    assert b"\x1b" not in shown


@pytest.mark.parametrize("width", [24, 40, 80, 133])
def test_no_line_is_wider_than_the_terminal(width: int, tmp_path: Path) -> None:
    texts = [text * times for text in SCRIPTS.values() for times in (1, 3)]
    file = in_a_file(tmp_path, *texts, *[evil * 9 for evil, _ in EVIL.values()])
    status, shown = terminal("check", "-m", "tiny", "-f", file, width=width)
    lines = verdicts(shown)
    assert (status, len(lines)) == (0, len(texts) + len(EVIL))
    assert all(width_of(line) <= width for line in lines)
    # And they use it: what is cut ends in an ellipsis, a cluster at most before the edge.
    cut = [line for line in lines if line.endswith("…")]
    assert len(cut) > len(lines) / 2
    assert all(width_of(line) > width - 12 for line in cut)


def test_a_pair_shares_the_line() -> None:
    _, shown = terminal("check", "-m", "tiny", "ask " * 40, "--response", "say " * 40)
    (line,) = verdicts(shown)
    assert "… → say say" in line
    assert line.endswith("…")


def test_the_help_fits_into_eighty_columns() -> None:
    status, shown = terminal("check", "--help")
    lines = re.sub(rb"\x1b\[[0-9;]*m", b"", shown).decode().split("\n")
    assert status == 0
    assert max(map(width_of, lines)) <= 80
    assert any("--threshold" in line and "SCORE" in line for line in lines)


def test_the_help_has_bold_headings_on_a_terminal_alone() -> None:
    status, shown = terminal("check", "--help")
    assert status == 0
    assert b"\x1b[1mWhat is read:\x1b[0m\n  -f, --file FILE  " in shown
    assert b"\x1b[1mExamples:\x1b[0m\n  seaguard check " in shown
    assert b"\x1b" not in terminal("check", "--help", variables={"NO_COLOR": "1"})[1]
