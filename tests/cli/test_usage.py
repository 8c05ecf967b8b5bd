"""Wrong usage: one sentence on standard error, nothing on standard output, status 2, no model."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.main import run

from .helpers import FakeEngine, check, seaguard

pytestmark = pytest.mark.usefixtures("fake")

HELP = "see `seaguard check --help`"
ONE = "leave one of them out"
SENTENCES = {
    "--modle x": "there is no option --modle, the nearest is --model: "
    f"{HELP}, or put a text that begins with a dash behind `--`",
    "--outputformat x": "there is no option --outputformat, the nearest is --output-format: "
    f"{HELP}, or put a text that begins with a dash behind `--`",
    "-z": f"there is no option -z: {HELP}, or put a text that begins with a dash behind `--`",
    "--model": f"option '--model' requires an argument: {HELP}",
    "--threshold high x": f"--threshold: 'high' is not a number: {HELP}",
    "--threshold 1.5 x": "threshold is 1.5: give a number from 0 to 1",
    "--threshold nan x": "threshold is nan: give a number from 0 to 1",
    "--settle -1 x": "settle is -1.0: give a number from 0 to 1",
    "--threads many x": f"--threads: 'many' is not a whole number: {HELP}",
    "--threads 0 x": f"--threads: 0 is not from 1 to 512: {HELP}",
    "--threads 100000 x": f"--threads: 100000 is not from 1 to 512: {HELP}",
    "--ctx 10 x": f"--ctx: 10 is less than 256: {HELP}",
    "--gpu-layers -1 x": f"--gpu-layers: -1 is less than 0: {HELP}",
    "--max-record 0 x": f"--max-record: 0 is less than 1: {HELP}",
    "--device tpu x": f"--device: 'tpu' is not one of 'auto', 'cpu', 'gpu': {HELP}",
    "--task both x": f"--task: 'both' is not one of 'prompt', 'response': {HELP}",
    "--only error x": f"--only: 'error' is not one of 'safe', 'unsafe': {HELP}",
    "--input-format xml x": "--input-format: 'xml' is not one of 'text', 'jsonl', 'json', "
    f"'csv', 'tsv', 'parquet': {HELP}",
    "-o xml x": "--output-format: 'xml' is not one of 'text', 'jsonl', 'json', 'csv', "
    f"'labels', 'parquet': {HELP}",
    "--family gpt x": "there is no family 'gpt': known are qwen, gemma, llama",
    "--field a --prompt-field b": "--field names the one text, --prompt-field and "
    f"--response-field a pair: {ONE}",
    "--field a --response-field b": "--field names the one text, --prompt-field and "
    f"--response-field a pair: {ONE}",
    "--response so": "--response goes with one TEXT, and there is none: "
    'give them as `seaguard check "some prompt" --response "some response"`',
    "--response so a b": "--response goes with one TEXT, and there are 2: "
    'give them as `seaguard check "some prompt" --response "some response"`',
    "--whole --input-format csv": f"--whole takes the input as one text, and not as csv: {ONE}",
    "--only safe -o csv x": f"--only passes records on as they came, so -o does not apply: {ONE}",
    "-q -o csv x": f"-q writes nothing, so -o and --only do not apply: {ONE}",
    "-q --only safe x": f"-q writes nothing, so -o and --only do not apply: {ONE}",
    "--show-prompt -q x": f"--show-prompt judges nothing, so -q and --only do not apply: {ONE}",
    "--show-prompt -o csv x": "--show-prompt writes text or jsonl, and not csv: "
    "choose one of the two with -o",
    "--only safe --with-source x": "--only and -q add nothing to records, so --with-source does "
    f"not apply: {ONE}",
    "-q --with-source x": "--only and -q add nothing to records, so --with-source does not "
    f"apply: {ONE}",
    "-o labels --with-source x": "-o labels writes one word a line, so --with-source does not "
    f"apply: {ONE}",
    "--out judged.parquet -o parquet x": "--out grows by whole lines, and Parquet has none: "
    "choose -o jsonl, or write it with `-o parquet > judged.parquet` or --split",
    "-f missing.txt": "missing.txt: no such file or directory: check the name after -f",
    "-f no-such-folder/*.jsonl": "no-such-folder/*.jsonl: no file matches: check the name after -f",
    "-f .": ".: is a directory: check the name after -f",
}


@pytest.mark.parametrize("arguments", SENTENCES)
def test_the_sentence_says_what_is_wrong_and_what_to_do(
    arguments: str, fake: type[FakeEngine]
) -> None:
    ran = check(*arguments.split())
    assert ran.told == [f"seaguard: error: {SENTENCES[arguments]}"]
    assert (ran.out, ran.status, fake.loads) == (b"", 2, 0)


def test_an_empty_key_is_no_key() -> None:
    ran = check("--key", "", "x")
    assert ran.told == [
        "seaguard: error: --key is empty: give the key that verdicts are added under"
    ]
    assert ran.status == 2


def test_a_missing_file_is_found_before_the_files_in_front_of_it_are_read(
    tmp_path: Path, fake: type[FakeEngine]
) -> None:
    tmp_path.joinpath("a.txt").write_text("hello\n")
    ran = check("-f", str(tmp_path / "a.txt"), "-f", str(tmp_path / "missing.txt"))
    assert (ran.out, ran.status, fake.loads) == (b"", 2, 0)


class TestOneTextThatNamesAFile:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        tmp_path.joinpath("posts.txt").write_text("hello\n")
        tmp_path.joinpath("my posts.txt").write_text("hello\n")
        tmp_path.joinpath("folder").mkdir()

    def test_both_ways_out_are_named(self) -> None:
        ran = check("posts.txt")
        assert ran.told == [
            "seaguard: error: posts.txt is the name of a file: judge what it holds with "
            "`seaguard check -f posts.txt`, or the words themselves with "
            "`seaguard check -- posts.txt`"
        ]
        assert (ran.out, ran.status) == (b"", 2)

    def test_the_ways_out_can_be_pasted_into_a_shell(self) -> None:
        assert "`seaguard check -f 'my posts.txt'`" in check("my posts.txt").err

    def test_behind_two_dashes_it_is_a_text(self) -> None:
        ran = check("--", "posts.txt")
        assert ran.out.startswith(b'{"text": "posts.txt", ')
        assert ran.status == 0

    def test_after_f_it_is_a_file(self) -> None:
        assert check("-f", "posts.txt").out.startswith(b'{"text": "hello", ')

    @pytest.mark.parametrize("arguments", ["posts.txt hello", "folder", "posts.txt --response so"])
    def test_anything_else_is_a_text(self, arguments: str) -> None:
        assert check(*arguments.split()).status == 0


def test_a_terminal_with_nothing_to_read_is_shown_three_examples() -> None:
    ran = check(terminals="in out err", variables={"NO_COLOR": "1"})
    assert ran.told == [
        "seaguard: error: nothing to judge: give a text, a file, or pipe text in",
        '  seaguard check "how do I bake banana bread?"',
        "  seaguard check -f posts.jsonl > judged.jsonl",
        "  zcat posts.jsonl.gz | seaguard check --only unsafe",
    ]
    assert (ran.out, ran.status) == (b"", 2)


def test_a_terminal_is_read_when_that_is_asked_for() -> None:
    assert check("-f", "-", terminals="in", stdin=b"hello\n").labels == ["safe"]


@pytest.mark.parametrize(
    ("start", "encoding"),
    [(b"\xff\xfeh\0i\0", "UTF-16"), (b"\xfe\xff\0h\0i", "UTF-16"), (b"\xff\xfe\0\0h", "UTF-32")],
)
def test_an_input_in_another_encoding_is_named_and_refused(start: bytes, encoding: str) -> None:
    ran = check(stdin=start)
    assert ran.told == [
        f"seaguard: error: standard input: it is {encoding}, and only UTF-8 is read: "
        f"convert it with `iconv -f {encoding} -t UTF-8`"
    ]
    assert (ran.out, ran.status) == (b"", 2)


def test_what_came_before_an_input_in_another_encoding_is_judged(tmp_path: Path) -> None:
    tmp_path.joinpath("wide.txt").write_bytes(b"\xff\xfeh\0")
    ran = check("-f", "-", "-f", str(tmp_path / "wide.txt"), stdin=b"a bomb\nhello\n")
    assert (ran.labels, ran.status) == (["unsafe", "safe"], 2)


def test_a_column_that_occurs_twice_is_named() -> None:
    ran = check("--input-format", "csv", stdin=b"id,text,id\n1,hello,2\n")
    assert ran.told == [
        "seaguard: error: standard input: two columns are called 'id': rename one of them"
    ]
    assert (ran.out, ran.status) == (b"", 2)


class TestNoCommand:
    def test_nothing_at_all_gets_the_help_on_standard_error(self) -> None:
        ran = seaguard()
        assert (ran.out, ran.status) == (b"", 2)
        assert "Usage: seaguard" in ran.err
        assert "check" in ran.err

    def test_an_unknown_command_is_told_the_nearest(self) -> None:
        ran = seaguard("chekc")
        assert ran.told == [
            "seaguard: error: no such command 'chekc', the nearest is 'check': "
            "texts are judged by `seaguard check`; see `seaguard --help`"
        ]
        assert (ran.out, ran.status) == (b"", 2)

    def test_a_text_without_a_command_is_told_the_command(self) -> None:
        assert "texts are judged by `seaguard check`" in seaguard("is this safe").err

    def test_two_dashes_are_no_command(self) -> None:
        ran = seaguard("--")
        assert ran.told == ["seaguard: error: there is no command: see `seaguard --help`"]
        assert ran.status == 2


class TestConfig:
    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            ("threshhold = 0.3\n", "no option 'threshhold'; there are "),
            ("only = 'safe'\n", "no option 'only'; there are "),
            ("threshold = [0.3]\n", "'threshold' is not a single value"),
            ("threshold 0.3\n", "expected '=' after a key"),
            ("\xff", "byte 1 is not UTF-8"),
        ],
    )
    def test_a_broken_file_is_named_with_what_is_wrong(
        self, content: str, problem: str, config_folder: Path, fake: type[FakeEngine]
    ) -> None:
        file = config_folder / "config.toml"
        file.write_bytes(content.encode("latin-1"))
        ran = check("hello")
        assert ran.err.startswith(f"seaguard: error: {file}: {problem}")
        assert ran.err.endswith(": correct the file, or move it away\n")
        assert len(ran.told) == 1
        assert (ran.out, ran.status, fake.loads) == (b"", 2, 0)

    def test_a_folder_of_that_name_is_told(self, config_folder: Path) -> None:
        config_folder.joinpath("config.toml").mkdir()
        ran = check("hello")
        assert ran.told == [
            f"seaguard: error: {config_folder / 'config.toml'}: is a directory: "
            "correct the file, or move it away"
        ]
        assert ran.status == 2

    def test_a_wrong_value_says_where_it_was_set(self, config_folder: Path) -> None:
        config_folder.joinpath("config.toml").write_text("threshold = 'high'\n")
        assert check("hello").told == [
            f"seaguard: error: --threshold (from config.toml): 'high' is not a number: {HELP}"
        ]

    def test_the_help_works_beside_a_broken_file(self, config_folder: Path) -> None:
        config_folder.joinpath("config.toml").write_text("broken")
        assert seaguard("--help").status == 0

    def test_without_a_file_the_defaults_hold(self, config_folder: Path) -> None:
        config_folder.rmdir()
        assert check("hello").verdicts[0]["threshold"] == 0.5


def test_a_wrong_variable_says_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAGUARD_WHOLE", "maybe")
    assert check("hello").told == [
        f"seaguard: error: --whole (from SEAGUARD_WHOLE): 'maybe' is neither yes nor no: {HELP}"
    ]


def test_nothing_of_an_argument_is_acted_on_by_a_terminal() -> None:
    evil = "\x1b[31m\n\u202e\x9b\r"
    err = io.StringIO()
    for arguments in (
        ("check", f"--{evil}"),
        (evil,),
        ("check", "-f", evil),
        ("check", "-m", evil, "x"),
        ("check", "--threshold", evil),
        ("check", "--family", evil, "x"),
        ("check", "--field", evil, "--only", "safe", "--input-format", "jsonl"),
    ):
        environment = Environment(
            arguments, {}, io.BytesIO(b"{}\n"), io.BytesIO(), err, False, False, False
        )
        assert run(environment) in (2, 3, 4)
    written = err.getvalue()
    assert written.count("\n") == len(written.splitlines()) == 8
    assert not {"\x1b", "\u202e", "\x9b", "\r"} & set(written)


def test_the_help_groups_the_options_and_keeps_the_lines_of_its_examples() -> None:
    ran = seaguard("check", "--help")
    assert ran.status == 0
    lines = ran.out.decode().splitlines()
    panels = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert panels[0] == "Arguments:"
    assert panels[-4:] == ["Options:", "Examples:", "Exit status:", "Settings:"]
    assert "  cat posts.txt | seaguard check --only unsafe" in lines
    assert "\x1b" not in ran.out.decode()
