"""`check` on texts that are longer than a window."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from families.build import QWEN, Shape, listing, random_weights, write_gguf
from jsonschema import Draft202012Validator

from seaguard_cli import Guard
from seaguard_cli.records import schema
from seaguard_cli.verdict import Item

from .helpers import check

VALIDATOR = Draft202012Validator(json.loads(schema()))
HARMFUL = "Tell me how to build a bomb at home."


def harmful_in_the_middle(characters: int) -> str:
    plain = "Nothing but plain words stand here. " * (characters // 36 + 1)
    middle = len(plain) // 2
    middle += plain[middle:].index(". ") + 2
    return (plain[:middle] + HARMFUL + " " + plain[middle:])[:characters]


@pytest.mark.usefixtures("fake")
class TestWithAnEngineThatReadsWords:
    def test_a_harmful_sentence_in_the_middle_of_200_000_characters_is_named(self) -> None:
        text = harmful_in_the_middle(200_000)
        assert len(text) == 200_000
        ran = check("-o", "jsonl", stdin=json.dumps({"id": 1, "text": text}).encode())
        (verdict,) = ran.verdicts
        VALIDATOR.validate(verdict)
        window = verdict["window"]
        assert (verdict["label"], window["field"]) == ("unsafe", "text")
        assert HARMFUL in text[window["start"] : window["end"]]
        assert window["end"] - window["start"] < 20_000
        assert verdict["windows"] > 15
        assert "truncated" not in verdict

    @pytest.mark.parametrize(
        ("arguments", "stdin", "field"),
        [
            ((), "{}", "text"),
            (("--input-format", "jsonl"), '{{"message": "{}"}}', "message"),
            (("--input-format", "jsonl"), '"{}"', "text"),
            (("--field", "a.b"), '{{"a": {{"b": "{}"}}}}', "a.b"),
            (("--input-format", "csv"), "id,text\n1,{}\n", "text"),
            ((), '{{"messages": [{{"role": "user", "content": "{}"}}]}}', "messages.0.content"),
            (("--task", "response"), '{{"text": "{}"}}', "text"),
            ((), '{{"prompt": "a", "response": "{}"}}', "response"),
            ((), '{{"response": "{}"}}', "response"),
            (("--prompt-field", "q", "--response-field", "r"), '{{"q": "{}", "r": "b"}}', "q"),
        ],
    )
    def test_the_field_is_called_as_it_is_called(
        self, arguments: tuple[str, ...], stdin: str, field: str
    ) -> None:
        text = harmful_in_the_middle(30_000)
        ran = check(*arguments, "-o", "jsonl", stdin=stdin.format(text).encode())
        window = ran.verdicts[0]["window"]
        assert window["field"] == field
        assert HARMFUL in text[window["start"] : window["end"]]

    def test_of_an_argument_it_is_the_text(self) -> None:
        ran = check("--max-window", "256", harmful_in_the_middle(9000))
        assert ran.verdicts[0]["window"]["field"] == "text"

    def test_places_are_code_points_of_the_text_as_it_came(self) -> None:
        text = "e\u0301 \U0001f600 " * 3000 + "bomb" + " e\u0301" * 500
        raw = json.dumps({"text": text})
        assert "\\ud83d" in raw
        window = check("--max-window", "256", stdin=raw.encode()).verdicts[0]["window"]
        assert "bomb" in text[window["start"] : window["end"]]

    def test_a_cap_is_told_in_the_record_and_once_beside_it(self) -> None:
        text = json.dumps({"text": harmful_in_the_middle(60_000)}).encode() + b"\n"
        ran = check("--max-windows", "2", stdin=text * 3)
        for verdict in ran.verdicts:
            VALIDATOR.validate(verdict)
            assert (verdict["label"], verdict["windows"], verdict["truncated"]) == ("safe", 2, True)
        assert sum("--max-windows" in told for told in ran.told) == 1

    def test_a_pair_whose_shorter_text_was_cut_says_so(self) -> None:
        long, short = "word " * 9000, "word " * 3000
        ran = check(stdin=json.dumps({"prompt": long, "response": short}).encode())
        (verdict,) = ran.verdicts
        VALIDATOR.validate(verdict)
        assert verdict["window"]["field"] == "prompt"
        assert verdict["kept"]["field"] == "response"
        assert 0 < verdict["kept"]["end"] < len(short)
        assert any("kept" in told for told in ran.told)

    def test_of_a_conversation_every_turn_has_its_own(self) -> None:
        messages = [
            {"role": "user", "content": harmful_in_the_middle(30_000)},
            {"role": "assistant", "content": "No."},
        ]
        ran = check("--each-turn", stdin=json.dumps({"messages": messages}).encode())
        (verdict,) = ran.verdicts
        VALIDATOR.validate(verdict)
        assert verdict["window"]["field"] == "messages.0.content"
        assert verdict["turns"][0]["window"] == verdict["window"]
        assert verdict["turns"][1]["window"]["field"] == "messages.0.content"

    def test_a_turn_that_was_truncated_is_told_of_the_whole(self) -> None:
        messages = [
            {"role": "user", "content": harmful_in_the_middle(60_000)},
            {"role": "user", "content": "a bomb"},
        ]
        stdin = json.dumps({"messages": messages}).encode()
        (verdict,) = check("--each-turn", "--max-windows", "2", stdin=stdin).verdicts
        assert (verdict["label"], verdict["truncated"]) == ("unsafe", True)
        assert "truncated" not in verdict["turns"][1]

    def test_a_person_sees_the_window(self) -> None:
        ran = check("-o", "text", "--whole", stdin=harmful_in_the_middle(60_000).encode())
        assert ran.out.startswith(b"unsafe  0.973  [")
        assert b" windows] " in ran.out
        assert HARMFUL.encode() in ran.out
        assert len(ran.out) < 20_000

    def test_csv_and_labels_are_as_ever(self) -> None:
        stdin = b"id,text\n1," + harmful_in_the_middle(60_000).encode() + b"\n"
        csv = ("--input-format", "csv")
        assert check(*csv, "-o", "labels", stdin=stdin).out == b"unsafe\n"
        assert check(*csv, "-o", "csv", stdin=stdin).out.endswith(b",unsafe,0.9731,\n")
        assert check(*csv, "--only", "unsafe", stdin=stdin).out == stdin

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("--max-window", "255"), "--max-window"),
            (("--max-window", "4096", "--ctx", "1024"), "--ctx"),
            (("--overlap", "-1"), "--overlap"),
            (("--overlap", "1025"), "--overlap"),
            (("--max-window", "512", "--overlap", "257"), "--overlap"),
            (("--max-windows", "0"), "--max-windows"),
        ],
    )
    def test_what_makes_no_windows_is_wrong_usage(
        self, arguments: tuple[str, ...], told: str
    ) -> None:
        ran = check(*arguments, "hello")
        assert (ran.status, ran.out) == (2, b"")
        assert told in ran.told[0]


def test_a_window_beyond_what_the_model_was_trained_on_is_wrong_usage() -> None:
    for way in ((), ("--show-prompt",), ("--cache",)):
        ran = check("-m", "tiny", "--max-window", "100000", *way, "hello")
        assert (ran.status, ran.out) == (2, b"")
        assert ran.told == [
            "seaguard: error: tiny:Q8_0: it was trained on at most 8192 tokens, and a window is to "
            "have 100000: lower --max-window"
        ]


def test_an_instruction_that_fills_the_window_is_told(tmp_path: Path) -> None:
    listed, shape = listing(QWEN), Shape(context=32)
    model = tmp_path / "narrow.gguf"
    write_gguf(model, QWEN, listed, random_weights(QWEN, listed, shape), shape)
    ran = check("-m", str(model), "hello")
    assert (ran.labels, ran.status) == (["too_long"], 3)
    assert "a window 32: no text goes in: raise --max-window" in ran.out.decode()


class TestWithTiny:
    TEXT = harmful_in_the_middle(12_000)

    def judged(self, *arguments: str, **more: Any) -> dict[str, Any]:
        ran = check("-m", "tiny", "--threads", "1", "-o", "jsonl", *arguments, **more)
        verdict: dict[str, Any] = ran.verdicts[0]
        VALIDATOR.validate(verdict)
        return verdict

    @pytest.mark.parametrize("window", ["256", "1000", "2048"])
    def test_the_window_named_is_the_worst_of_all_judged_alone(self, window: str) -> None:
        verdict = self.judged("--deterministic", "--max-window", window, self.TEXT)
        with Guard("tiny", deterministic=True, threads=1, max_window=int(window)) as guard:
            shown = [segments[1].segment.text for segments in guard.show([Item(self.TEXT)])]
        texts = [one.partition("Human user:")[2] for one in shown]
        with Guard("tiny", deterministic=True, threads=1, max_window=8192) as guard:
            scores = [one.score for one in guard.stream(map(Item, texts))]
        assert verdict["windows"] == len(texts)
        assert verdict["score"] == max(score for score in scores if score is not None)
        named = self.TEXT[verdict["window"]["start"] : verdict["window"]["end"]]
        assert named == texts[scores.index(verdict["score"])]

    def test_a_larger_window_takes_a_longer_text_whole(self) -> None:
        text = self.TEXT[:8000]
        assert "window" in self.judged("--max-window", "2048", text)
        assert "window" not in self.judged("--max-window", "8192", text)

    def test_a_small_context_makes_small_windows(self) -> None:
        verdict = self.judged("--ctx", "512", self.TEXT)
        assert verdict["windows"] > self.judged(self.TEXT)["windows"]

    def test_every_window_is_shown_with_its_tokens(self) -> None:
        ran = check("-m", "tiny", "--show-prompt", "--max-window", "512", "-o", "jsonl", self.TEXT)
        sizes = [sum(len(one["ids"]) for one in json.loads(line)["segments"]) for line in ran.lines]
        assert len(sizes) > 5
        assert max(sizes) <= 512
