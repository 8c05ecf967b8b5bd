"""Where a setting comes from: command line, then variable, then config.toml, then default."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from seaguard_cli.cli.app import app

from .helpers import FakeEngine, check, process

pytestmark = pytest.mark.usefixtures("fake")

UNSETTABLE = {"texts", "files", "quiet", "only", "help"}
CHECK: Any = get_command(app).commands["check"]  # type: ignore[attr-defined]
OPTIONS = {one.name: one for one in CHECK.params}
SETTABLE = sorted(set(OPTIONS) - UNSETTABLE)


def wrote(ran: Any, name: str) -> Any:
    return ran.verdicts[0][name]


class TestPrecedence:
    """For each option: its flag, its variable, its line, and what each of them brings about."""

    CASES: tuple[tuple[str, tuple[Any, ...], Any], ...] = (
        ("threshold", (0.1, 0.2, 0.3, 0.5), lambda ran: ran.verdicts[0]["threshold"]),
        ("key", ("flag", "variable", "line", "seaguard"), lambda ran: list(json.loads(ran.out))[1]),
        ("task", ("response", "prompt", "response", "prompt"), lambda ran: ran.verdicts[0]["task"]),
        ("threads", (1, 2, 3, None), lambda ran: FakeSpy.last().threads),
        ("ctx", (300, 400, 500, None), lambda ran: FakeSpy.last().ctx),
        ("device", ("cpu", "auto", "cpu", "auto"), lambda ran: FakeSpy.last().device),
    )

    @pytest.mark.parametrize(("name", "values", "found"), CASES)
    def test_each_goes_before_the_next(
        self,
        name: str,
        values: tuple[Any, ...],
        found: Any,
        config_folder: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("seaguard_cli.engine.llamacpp.LlamaEngine", FakeSpy)
        flag, variable, line, default = values
        seen = []
        seen.append(found(check("hello")))
        config_folder.joinpath("config.toml").write_text(f"{name} = {json.dumps(line)}\n")
        seen.append(found(check("hello")))
        monkeypatch.setenv(f"SEAGUARD_{name.upper()}", str(variable))
        seen.append(found(check("hello")))
        seen.append(found(check(f"--{name}", str(flag), "hello")))
        assert seen == [default, line, variable, flag]

    def test_an_empty_variable_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SEAGUARD_THRESHOLD", "")
        assert wrote(check("hello"), "threshold") == 0.5

    def test_the_model_of_a_line_counts(
        self, config_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SEAGUARD_MODEL")
        other = tmp_path / "other.gguf"
        other.write_bytes(b"GGUF")
        config_folder.joinpath("config.toml").write_text(f"model = {json.dumps(str(other))}\n")
        assert wrote(check("hello"), "model") == "other"


class FakeSpy(FakeEngine):
    """Keeps the options it was opened with."""

    _options: Any = None

    def __init__(self, path: Path, options: Any, **more: Any) -> None:
        super().__init__(path, options, **more)
        type(self)._options = options

    @classmethod
    def last(cls) -> Any:
        return cls._options


@pytest.mark.parametrize("name", SETTABLE)
def test_every_other_option_has_the_variable_of_its_long_name(name: str) -> None:
    option = OPTIONS[name]
    long = next(one for one in option.opts if one.startswith("--"))
    assert option.envvar == "SEAGUARD_" + long.removeprefix("--").replace("-", "_").upper()


def test_texts_files_quiet_and_only_have_no_variable() -> None:
    found = {name for name, option in OPTIONS.items() if option.envvar is None}
    assert found == UNSETTABLE & set(OPTIONS)


def test_what_has_no_variable_is_not_moved_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QUIET", "Q", "ONLY", "FILE", "F", "TEXT", "TEXTS", "FILES"):
        monkeypatch.setenv(f"SEAGUARD_{name}", "1")
    assert check("hello").labels == ["safe"]


@pytest.mark.parametrize("name", SETTABLE)
def test_every_other_option_may_stand_in_config_toml(
    name: str, config_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Some of them name what is written.
    monkeypatch.chdir(tmp_path)
    option = OPTIONS[name]
    value: object = "x"
    if option.type.name == "boolean":
        value = False
    elif "range" in option.type.name or option.type.name in ("integer", "float"):
        most = getattr(option.type, "max", None)
        value = 1 if option.type.name == "float" else min(4096, most or 4096)
    elif hasattr(option.type, "choices"):
        value = str(next(iter(option.type.choices)))
    spelled = name.replace("_", "-")
    config_folder.joinpath("config.toml").write_text(f"{spelled} = {json.dumps(value)}\n")
    told = check("hello", "there", "again").err
    assert "config.toml" not in told
    assert "is not a" not in told


@pytest.mark.parametrize(
    ("value", "status"), [("1", 1), ("true", 1), ("yes", 1), ("on", 1), ("0", 0), ("false", 0)]
)
def test_a_switch_by_its_variable(value: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAGUARD_EXIT_CODE", value)
    assert check("a bomb").status == status


def test_a_switch_by_its_line(config_folder: Path) -> None:
    config_folder.joinpath("config.toml").write_text("exit-code = true\n")
    assert check("a bomb").status == 1


def test_underscores_and_dashes_are_one_in_config_toml(config_folder: Path) -> None:
    config_folder.joinpath("config.toml").write_text("output_format = 'labels'\n")
    assert check("hello").out == b"safe\n"


class TestAFlagPutsOutASettingThatDoesNotGoWithIt:
    @pytest.mark.parametrize("way", ["variable", "line"])
    @pytest.mark.parametrize(
        ("setting", "value", "flags", "written"),
        [
            ("output-format", "csv", ("--only", "safe"), b"hello\n"),
            ("output-format", "csv", ("-q",), b""),
            ("input-format", "jsonl", ("--whole", "-o", "labels"), b"safe\n"),
            ("whole", "true", ("--input-format", "text", "-o", "labels"), b"safe\n"),
        ],
    )
    def test_instead_of_failing(
        self,
        way: str,
        setting: str,
        value: str,
        flags: tuple[str, ...],
        written: bytes,
        config_folder: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        if way == "variable":
            monkeypatch.setenv(f"SEAGUARD_{setting.replace('-', '_').upper()}", value)
        else:
            config_folder.joinpath("config.toml").write_text(f"{setting} = {json.dumps(value)}\n")
        ran = check(*flags, stdin=b"hello\n")
        assert (ran.out, ran.status) == (written, 0)

    def test_the_fields_of_a_pair_put_out_the_one_field(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SEAGUARD_FIELD", "no.such.field")
        ran = check("--prompt-field", "ask", stdin=b'{"ask": "hello"}\n')
        assert ran.labels == ["safe"]

    def test_two_settings_that_do_not_go_together_are_wrong_usage(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SEAGUARD_FIELD", "a")
        monkeypatch.setenv("SEAGUARD_PROMPT_FIELD", "b")
        assert check("hello").status == 2


def test_the_config_folder_of_a_process_is_the_persons(config_folder: Path) -> None:
    config_folder.joinpath("config.toml").write_text("model = 'tiny'\nkey = 'mine'\n")
    ran = process("check", "hello", variables={"SEAGUARD_MODEL": ""})
    assert re.match(rb'\{"text": "hello", "mine": ', ran.out)


class TestSettingsThatBelongTogether:
    """A setting is only put out by what it does not go with."""

    @pytest.mark.parametrize("way", ["--out", "--split"])
    def test_a_form_of_the_settings_counts_for_files(
        self, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SEAGUARD_OUTPUT_FORMAT", "csv")
        target = tmp_path / "target"
        assert check(way, str(target), stdin=b"hello\n").status == 0
        written = target if way == "--out" else target / "safe.csv"
        assert written.read_bytes().startswith(b"text,seaguard_label,")

    def test_a_form_of_the_command_line_leaves_a_file_of_the_settings(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SEAGUARD_OUT", str(tmp_path / "out"))
        ran = check("-o", "labels", stdin=b"hello\n")
        assert (ran.out, ran.status) == (b"", 0)
        assert (tmp_path / "out").read_bytes() == b"safe\n"

    def test_json_of_the_settings_is_the_form_of_the_summary_where_there_is_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SEAGUARD_JSON", "1")
        assert json.loads(check("--summary", "hello").told[-1])["records"] == 1
        assert check("hello").labels == ["safe"]

    def test_resume_of_the_settings_goes_on_where_there_is_a_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        check("--out", str(tmp_path / "out"), stdin=b"hello\n")
        monkeypatch.setenv("SEAGUARD_RESUME", "1")
        assert check("--out", str(tmp_path / "out"), stdin=b"hello\nagain\n").status == 0
        assert len((tmp_path / "out").read_bytes().splitlines()) == 2
        assert check("hello").labels == ["safe"]
