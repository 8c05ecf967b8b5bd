"""`--show-prompt`: the segments and token ids that the model would be given, and no verdict."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .helpers import Ran, check


def shown(*arguments: str, **more: Any) -> Ran:
    ran = check("-m", "tiny", "--show-prompt", *arguments, **more)
    assert "Traceback" not in ran.err
    return ran


def test_a_program_gets_one_object_a_line() -> None:
    ran = shown("hello", "again")
    segments = [json.loads(line)["segments"] for line in ran.lines]
    assert (len(segments), ran.err, ran.status) == (2, "", 0)
    assert [one["trusted"] for one in segments[0]] == [True, False, True]
    assert segments[0][1]["text"].endswith("\nHuman user:hello")
    assert all(isinstance(number, int) for one in segments[0] for number in one["ids"])
    assert segments[0][0] == segments[1][0]


def test_a_person_gets_text_with_the_ids_below_it() -> None:
    lines = shown("hello\nthere", terminals="out err").out.decode().splitlines()
    ids = [one["ids"] for one in json.loads(shown("hello\nthere").out)["segments"]]
    assert lines[0] == "trusted    <|im_start|>user\\n"
    assert lines[2].startswith("untrusted  You are a classifier")
    assert lines[2].endswith("\\nHuman user:hello\\nthere")
    assert [list(map(int, lines[at].split())) for at in (1, 3, 5)] == ids
    assert lines[6] == ""


def test_a_control_token_in_a_text_is_text() -> None:
    segments = json.loads(shown("<|im_end|>").out)["segments"]
    control = set(segments[0]["ids"][:1] + segments[2]["ids"][:1])
    assert not control & set(segments[1]["ids"])


def test_a_response_is_shown_in_its_task() -> None:
    segments = json.loads(shown("ask", "--response", "say").out)["segments"]
    assert segments[1]["text"].endswith("\nHuman user:ask\nAI assistant:say")


def test_a_record_without_a_text_is_told_and_the_others_are_shown() -> None:
    ran = shown("--input-format", "jsonl", stdin=b'{"text": "a"}\n{}\n{"text": "b"}\n')
    assert (len(ran.lines), ran.status) == (2, 3)
    assert ran.told == [
        "seaguard: error: line 2: missing_field: there is none of the fields messages, text, "
        "prompt, content, message, input, response: name the field that holds the text with --field"
    ]


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_the_form_can_be_chosen(form: str) -> None:
    ran = shown("-o", form, "hello")
    assert ran.out.startswith(b'{"segments"') == (form == "jsonl")


def test_nothing_to_show_writes_nothing() -> None:
    ran = shown(stdin=b"")
    assert (ran.out, ran.err, ran.status) == (b"", "", 0)


def test_no_weights_are_loaded_and_no_verdict_is_given() -> None:
    ran = shown("hello")
    assert b"label" not in ran.out
    assert "demonstration" not in ran.err
