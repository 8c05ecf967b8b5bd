"""`check` on records with `messages`: the last turn, or every one of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from seaguard_cli.records import schema

from .helpers import check

pytestmark = pytest.mark.usefixtures("fake")
VALIDATOR = Draft202012Validator(json.loads(schema()))


def line(*contents: object, **more: object) -> bytes:
    """A record of turns that alternate, the user's first."""
    messages = [
        {"role": ("user", "assistant")[at % 2], "content": content}
        for at, content in enumerate(contents)
    ]
    return json.dumps({"messages": messages, **more}).encode() + b"\n"


def turns(verdict: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(one["turn"], one["role"], one["label"]) for one in verdict["turns"]]


def scores(turns: Sequence[dict[str, Any]]) -> list[float]:
    return [one["score"] for one in turns]


def test_the_last_turn_is_judged() -> None:
    records = line("a bomb", "no", "thanks") + line("thanks", "a bomb") + line("a bomb", "no")
    ran = check("--input-format", "jsonl", stdin=records)
    assert ran.labels == ["safe", "unsafe", "unsafe"]
    assert [one["task"] for one in ran.verdicts] == ["prompt", "response", "response"]
    assert all("turns" not in one for one in ran.verdicts)


def test_every_turn_is_judged_and_the_worst_decides() -> None:
    ran = check("--each-turn", stdin=line("hello", "a doubtful one", "a bomb", "never"))
    (verdict,) = ran.verdicts
    VALIDATOR.validate(verdict)
    assert turns(verdict) == [
        (0, "user", "safe"),
        (1, "assistant", "unsafe"),
        (2, "user", "unsafe"),
        (3, "assistant", "unsafe"),
    ]
    assert scores(verdict["turns"]) == [0.02, 0.75, 0.9731, 0.9731]
    assert (verdict["label"], verdict["score"], verdict["task"]) == ("unsafe", 0.9731, "prompt")
    assert verdict["turns"][1]["low_mass"]
    assert "low_mass" not in verdict


def test_records_of_other_kinds_stand_beside_conversations() -> None:
    records = b'{"text": "a bomb"}\n' + line("hello", "hi") + b"broken\n" + line() + line("a bomb")
    ran = check("--each-turn", "--input-format", "jsonl", stdin=records)
    assert ran.labels == ["unsafe", "safe", "invalid_json", "missing_field", "unsafe"]
    assert ["turns" in one for one in ran.verdicts] == [False, True, False, False, True]
    assert ran.status == 3


def test_many_conversations_keep_their_order() -> None:
    records = b"".join(
        line(
            *(f"hello {at} {turn}" + " bomb" * (at % 5 == turn) for turn in range(at % 7 + 1)), n=at
        )
        for at in range(200)
    )
    ran = check("--each-turn", "--input-format", "jsonl", stdin=records)
    for at, written in enumerate(map(json.loads, ran.lines)):
        assert written["n"] == at
        assert len(written["seaguard"]["turns"]) == at % 7 + 1
        unsafe = [turn for turn, _, label in turns(written["seaguard"]) if label == "unsafe"]
        first = at % 5
        expected = [first, first + 1] if first % 2 == 0 else [first]
        assert unsafe == [turn for turn in expected if turn <= at % 7]


def test_a_turn_that_cannot_be_judged_makes_the_record_an_error_that_names_it() -> None:
    records = line("hello", "no number", "a bomb") + line("a bomb")
    ran = check("--each-turn", "--input-format", "jsonl", stdin=records)
    assert ran.labels == ["engine", "unsafe"]
    assert ran.verdicts[0]["error"]["message"] == "turn 1: the model's logits are not finite"
    assert ran.status == 5


def test_a_message_that_is_no_text_is_told_with_its_place() -> None:
    image = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "x"}}]
    ran = check("--input-format", "jsonl", stdin=line(image))
    assert ran.verdicts[0]["error"] == {
        "code": "not_text",
        "line": 1,
        "message": "messages.0.content.1 is 'image_url', and only text is judged: take it out, or "
        "name the text to judge with --field",
    }


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        (["a"], "messages.0 is string, not a message: "),
        ([{"role": "bot\x1b[31m", "content": "a"}], "messages.0.role is 'bot\\x1b[31m': name it "),
        ([], "there is no user or assistant turn in 'messages': "),
        ([{"role": "user"}], "there is no field 'messages.0.content': "),
    ],
)
def test_what_is_no_conversation_is_told(messages: list[object], message: str) -> None:
    ran = check("--input-format", "jsonl", stdin=json.dumps({"messages": messages}).encode())
    assert ran.verdicts[0]["error"]["message"].startswith(message)


def test_the_only_filter_passes_conversations_on_as_they_came() -> None:
    unsafe = b'{"messages": [ {"role":"user","content":"a bomb"}, {"role":"tool"} ], "n": 1E400 }\n'
    ran = check("--only", "unsafe", "--each-turn", stdin=line("hello") + unsafe + line("hi"))
    assert ran.out == unsafe


def test_csv_output_has_the_messages_as_they_came_and_three_columns() -> None:
    ran = check("--each-turn", "-o", "csv", stdin=line("a bomb", n=1))
    assert ran.lines[0] == b"messages,n,seaguard_label,seaguard_score,seaguard_error"
    assert ran.lines[1].endswith(b",1,unsafe,0.9731,")


def test_a_person_sees_the_turn_that_decided() -> None:
    ran = check("--each-turn", "-o", "text", stdin=line("hello", "hi", "a bomb", "a bomb"))
    assert ran.out == b"unsafe  0.973  [turn 2] a bomb\n"


def test_equal_turns_are_judged_once(fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    original = fake.judge

    def counted(self: Any, prompt: Any) -> Any:
        nonlocal asked
        asked += 1
        return original(self, prompt)

    monkeypatch.setattr(fake, "judge", counted)
    growing = [line(*["hello", "hi"][:1], *["again"] * at) for at in range(5)]
    check("--each-turn", "--input-format", "jsonl", stdin=b"".join(growing))
    # hello; hello -> again; again; again -> again.
    assert asked == 4


def test_the_prompts_of_all_turns_are_shown(fake: Any) -> None:
    ran = check(
        "-m", "tiny", "--show-prompt", "--each-turn", "-o", "jsonl", stdin=line("a", "b", "c")
    )
    turns = [json.loads(one)["segments"][1]["text"] for one in ran.lines]
    assert [turn.partition("Human user:")[2] for turn in turns] == ["a", "a\nAI assistant:b", "c"]
