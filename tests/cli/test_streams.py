"""Standard input, output and error: their bytes, their order, and what happens without them."""

from __future__ import annotations

import json
import os
import select
from pathlib import Path

import pytest

from .helpers import COMMAND, FakeEngine, check, process, running, shell

LOCALES: dict[str, dict[str, str]] = {
    "C": {"LC_ALL": "C"},
    "C, as it is": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1", "LC_ALL": "C.UTF-8"},
    "ASCII": {"PYTHONIOENCODING": "ascii:strict", "LANG": "C"},
}
TEXT = "สวัสดี မင်္ဂလာပါ வணக்கம் chào 😀"


class TestUtf8WhateverTheLocaleSays:
    @pytest.mark.parametrize("locale", LOCALES)
    def test_in_data_and_in_messages(self, locale: str, tmp_path: Path) -> None:
        # A text beside the input, and a file name in a message.
        ran = process(
            *("check", "-m", "tiny", "-f", "-", "--", TEXT.encode()),
            stdin=TEXT.encode(),
            variables=LOCALES[locale],
        )
        assert [json.loads(line)["text"] for line in ran.lines] == [TEXT, TEXT]
        assert ran.status == 0

    @pytest.mark.parametrize("locale", ["C", "Latin-1", "ASCII"])
    def test_on_standard_error(self, locale: str) -> None:
        ran = process("check", "-m", f"./{TEXT}".encode(), "hello", variables=LOCALES[locale])
        assert ran.told[0].startswith(f"seaguard: error: ./{TEXT}: no model of this name")
        assert ran.status == 4

    @pytest.mark.parametrize("locale", LOCALES)
    def test_in_the_help(self, locale: str) -> None:
        ran = process("check", "--help", variables=LOCALES[locale])
        assert "\nWhat is read:\n" in ran.out.decode()
        assert ran.status == 0


class TestClosed:
    def test_a_closed_input_is_an_empty_one(self) -> None:
        ran = shell("seaguard check -m tiny <&-")
        assert (ran.out, ran.err, ran.status) == (b"", "", 0)

    def test_a_closed_output_takes_no_data_and_that_is_told(self) -> None:
        ran = shell("seaguard check -m tiny hello >&-")
        assert ran.status == 74
        assert ran.told[-1] == (
            "seaguard: error: standard output: writing broke off, bad file descriptor: "
            "what was written is whole records"
        )

    def test_a_closed_output_does_not_matter_to_a_quiet_run(self) -> None:
        assert shell("seaguard check -m tiny -q hello >&-").status == 0

    def test_a_closed_standard_error_takes_messages_and_nothing_else(self) -> None:
        ran = shell("seaguard check -m tiny hello 2>&-")
        assert json.loads(ran.out)["text"] == "hello"
        assert (len(ran.lines), ran.status) == (1, 0)

    def test_an_error_keeps_its_status_without_standard_error(self) -> None:
        ran = shell("seaguard check -m no-such-model hello 2>&-")
        assert (ran.out, ran.status) == (b"", 4)

    @pytest.mark.parametrize("closed", ["<&- 2>&-", "<&- >&- 2>&-"])
    def test_files_are_not_taken_for_streams_that_are_closed(
        self, closed: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "texts.txt"
        file.write_text("hello\n")
        ran = shell(f'seaguard check -m tiny -f "$1" -f - {closed}', str(file))
        assert file.read_text() == "hello\n"
        assert ran.status == (74 if ">&- 2>&-" in closed else 0)
        assert ran.out.count(b"\n") == (0 if ran.status else 1)

    def test_a_full_standard_error_does_not_matter(self) -> None:
        ran = shell("seaguard check -m tiny hello 2> /dev/full")
        assert (len(ran.lines), ran.status) == (1, 0)


class TestPipes:
    def test_each_verdict_is_there_before_the_next_line_is_sent(self) -> None:
        with running(*COMMAND, "check", "-m", "tiny") as run:
            assert run.stdin
            assert run.stdout
            for number in range(5):
                run.stdin.write(b"text %d\n" % number)
                # Only so that a verdict that is held back fails this test and does not hang it.
                assert select.select([run.stdout], [], [], 60)[0]
                line = run.stdout.readline()
                assert json.loads(line)["text"] == f"text {number}"
            run.stdin.close()
            assert run.stdout.read() == b""
            assert run.wait() == 0

    def test_a_pipe_that_another_made_non_blocking_is_read_to_its_end(self) -> None:
        ran = shell(
            "python3 -c 'import os, time\n"
            "os.set_blocking(1, False)\n"
            'for text in (b"one", b"two"): os.write(1, text + b"\\n"); time.sleep(0.3)\n'
            "' | seaguard check -m tiny -o labels"
        )
        assert (len(ran.lines), ran.status) == (2, 0)

    def test_a_line_without_its_end_is_judged_at_the_end(self) -> None:
        ran = process("check", "-m", "tiny", stdin=b"one\ntwo")
        assert [json.loads(line)["text"] for line in ran.lines] == ["one", "two"]

    def test_thousands_of_lines_keep_their_order(self) -> None:
        lines = [f"text {number % 50}" for number in range(5_000)]
        ran = process("check", "-m", "tiny", stdin="\n".join(lines).encode())
        assert [json.loads(line)["text"] for line in ran.lines] == lines

    def test_an_input_in_another_encoding_is_told_from_a_pipe_too(self) -> None:
        ran = process("check", "-m", "tiny", stdin="hello".encode("utf-16"))
        assert (ran.out, ran.status) == (b"", 2)
        assert "it is UTF-16" in ran.err


@pytest.mark.usefixtures("fake")
class TestSources:
    def test_arguments_files_and_standard_input_in_this_order(self, tmp_path: Path) -> None:
        first, second = tmp_path / "a.txt", tmp_path / "b.jsonl"
        first.write_text("in a\n")
        second.write_text('{"text": "in b"}\n')
        files = ("-f", str(first), "-f", "-", "-f", str(second))
        ran = check(*files, "an argument", stdin=b"in between\n")
        texts = [json.loads(line)["text"] for line in ran.lines]
        assert texts == ["an argument", "in a", "in between", "in b"]

    def test_standard_input_is_left_alone_when_there_are_arguments(self) -> None:
        assert len(check("hello", stdin=b"not read\n").lines) == 1

    def test_several_formats_in_one_run(self, tmp_path: Path) -> None:
        contents = {
            "a.txt": "one\n",
            "b.jsonl": '{"text": "two"}\n',
            "c.json": '[{"text": "three"}]',
            "d.csv": "text,id\nfour,1\n",
            "e.tsv": "id\ttext\n1\tfive\n",
            "f.dat": '{"text": "six"}\n',
        }
        files = []
        for name, content in contents.items():
            tmp_path.joinpath(name).write_text(content)
            files += ["-f", str(tmp_path / name)]
        ran = check(*files)
        texts = [json.loads(line)["text"] for line in ran.lines]
        assert texts == ["one", "two", "three", "four", "five", "six"]

    def test_one_format_for_all_when_it_is_said(self, tmp_path: Path) -> None:
        file = tmp_path / "a.txt"
        file.write_text('{"text": "one"}\n')
        ran = check("-f", str(file), "--input-format", "jsonl")
        assert json.loads(ran.out)["text"] == "one"

    def test_the_same_file_twice_is_read_twice(self, tmp_path: Path) -> None:
        file = tmp_path / "a.txt"
        file.write_text("one\n")
        assert len(check("-f", str(file), "-f", str(file)).lines) == 2

    def test_tables_with_the_same_columns_share_a_header(self, tmp_path: Path) -> None:
        for name in ("a.csv", "b.csv"):
            tmp_path.joinpath(name).write_text("id,text\n1,a bomb\n")
        files = ("-f", str(tmp_path / "a.csv"), "-f", str(tmp_path / "b.csv"))
        assert check(*files, "--only", "unsafe").out == b"id,text\n1,a bomb\n1,a bomb\n"

    @pytest.mark.parametrize(
        ("options", "written"),
        [
            (("-o", "csv"), b"id,text,seaguard_label,seaguard_score,seaguard_error\n"),
            (("--only", "safe"), b"id,text\n"),
            (("-o", "json"), b"[]\n"),
            (("-o", "jsonl"), b""),
        ],
    )
    def test_a_header_alone(
        self, options: tuple[str, ...], written: bytes, fake: type[FakeEngine]
    ) -> None:
        ran = check(*options, "--input-format", "csv", stdin=b"id,text\n")
        assert (ran.out, ran.status, fake.loads) == (written, 0, 0)

    def test_whole_takes_a_file_as_one_text(self, tmp_path: Path) -> None:
        file = tmp_path / "a.jsonl"
        file.write_text('{"text": "one"}\n{"text": "two"}\n')
        ran = check("--whole", "-f", str(file))
        assert [json.loads(line)["text"] for line in ran.lines] == [
            '{"text": "one"}\n{"text": "two"}'
        ]


class TestWhatIsTold:
    def test_device_and_demonstration_once_and_never_among_the_data(self) -> None:
        ran = process("check", "-m", "tiny", *[f"text {number}" for number in range(200)])
        assert len(ran.verdicts) == 200
        assert ran.told == [
            "seaguard: tiny:Q8_0 on the CPU, 1 thread",
            "seaguard: warning: tiny:Q8_0 is a demonstration and no moderator: "
            "trust none of its verdicts",
        ]

    def test_a_quiet_run_tells_nothing(self) -> None:
        ran = process("check", "-m", "tiny", "-q", "hello")
        assert (ran.out, ran.err) == (b"", "")

    def test_a_quiet_run_tells_an_error_all_the_same(self) -> None:
        assert "error: " in check("-q", "-m", "no-such-model", "hello").err

    def test_a_text_on_a_gpu_that_is_not_there(self) -> None:
        ran = check("-m", "tiny", "--device", "gpu", "hello")
        if ran.status == 0:
            pytest.skip("there is a GPU")
        assert (ran.out, ran.status) == (b"", 5)
        assert ran.told[0].startswith("seaguard: error: no usable GPU: ")

    @pytest.mark.usefixtures("fake")
    def test_a_filter_tells_the_first_failures_and_their_number(self) -> None:
        ran = check("--only", "safe", "--input-format", "jsonl", stdin=b"{}\n" * 50)
        assert sum("missing_field: " in line for line in ran.told) == 20
        assert ran.told[-1] == (
            "seaguard: warning: 50 of 50 records could not be judged: 50 missing_field; "
            "the first at line 1"
        )
        assert ran.out == b""


def test_a_shells_own_descriptors_are_not_left_open(tmp_path: Path) -> None:
    # Run under another's closed descriptors, the file that is written gets every byte.
    written = tmp_path / "judged.jsonl"
    shell('seaguard check -m tiny hello > "$1" <&- 2>&-', str(written))
    assert json.loads(written.read_bytes())["text"] == "hello"
    assert os.path.getsize(written) == written.read_bytes().index(b"\n") + 1
