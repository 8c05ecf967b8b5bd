"""A list of messages is judged by its last turn, or turn by turn."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.errors import Failure
from seaguard_cli.records import Format
from seaguard_cli.verdict import Conversation, Item, Turn

from .helpers import SPLICED, described, judged, one

SYSTEM = {"role": "system", "content": "Be kind."}
ASKED = {"role": "user", "content": "first question"}
ANSWERED = {"role": "assistant", "content": "first answer"}
AGAIN = {"role": "user", "content": "second question"}
AT_LAST = {"role": "assistant", "content": "second answer"}
CALLING = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {}}]}
TOOL = {"role": "tool", "content": "result", "tool_call_id": "1"}
NO_TURN = {"field": "messages", "turns": "user or assistant"}
A_MESSAGE = {"wanted": "a message"}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}


def chosen(messages: object, **selection: Any) -> Item | Conversation | str:
    return described(one(json.dumps({"id": 1, "messages": messages}).encode(), **selection))


def failure(messages: object, **selection: Any) -> Failure:
    found = one(json.dumps({"messages": messages}).encode(), **selection).failure
    assert found is not None
    return found


def user(content: object) -> dict[str, object]:
    return {"role": "user", "content": content}


class TestTheLastTurn:
    @pytest.mark.parametrize(
        ("messages", "item"),
        [
            ([ASKED], Item("first question")),
            ([SYSTEM, ASKED], Item("first question")),
            ([ASKED, ANSWERED], Item("first question", "first answer")),
            ([ASKED, ANSWERED, AGAIN], Item("second question")),
            ([ASKED, ANSWERED, AGAIN, AT_LAST], Item("second question", "second answer")),
            ([ASKED, AGAIN], Item("second question")),
            ([ASKED, ANSWERED, AT_LAST], Item("first question", "second answer")),
            ([ANSWERED], Item("", "first answer")),
            ([SYSTEM, ANSWERED], Item("", "first answer")),
            ([ASKED, SYSTEM], Item("first question")),
            ([ASKED, CALLING, TOOL], Item("first question")),
            ([ASKED, CALLING, TOOL, ANSWERED], Item("first question", "first answer")),
            (
                [ASKED, {"role": "developer", "content": "x"}, ANSWERED],
                Item("first question", "first answer"),
            ),
            ([ASKED, {"role": "function", "content": "x", "name": "f"}], Item("first question")),
            ([user("")], Item("")),
        ],
    )
    def test_is_judged_with_the_users_before_it(self, messages: list[object], item: Item) -> None:
        assert chosen(messages) == item

    def test_is_the_tasks_own_where_that_is_told(self) -> None:
        messages = [ASKED, ANSWERED, AGAIN, AT_LAST]
        assert chosen(messages, task="prompt") == Item("second question")
        assert chosen(messages[:3], task="response") == Item("first question", "first answer")
        assert failure([ASKED], task="response").facts == {
            "field": "messages",
            "turns": "assistant",
        }
        assert failure([ANSWERED], task="prompt").facts["turns"] == "user"

    def test_is_called_by_its_way(self) -> None:
        raw = json.dumps({"messages": [SYSTEM, ASKED, ANSWERED]}).encode()
        item = one(raw).item
        assert isinstance(item, Item)
        assert item.fields == ("messages.1.content", "messages.2.content")


class TestEveryTurn:
    def test_is_judged_those_of_tools_and_systems_left_out(self) -> None:
        messages = [SYSTEM, ASKED, CALLING, TOOL, ANSWERED, AGAIN, AT_LAST]
        assert chosen(messages, each_turn=True) == Conversation(
            (
                Turn(1, "user", Item("first question")),
                Turn(4, "assistant", Item("first question", "first answer")),
                Turn(5, "user", Item("second question")),
                Turn(6, "assistant", Item("second question", "second answer")),
            )
        )

    def test_may_be_those_of_one_task(self) -> None:
        messages = [ASKED, ANSWERED, AGAIN]
        asked = chosen(messages, each_turn=True, task="prompt")
        assert isinstance(asked, Conversation)
        assert [turn.index for turn in asked.turns] == [0, 2]
        answered = chosen(messages, each_turn=True, task="response")
        assert isinstance(answered, Conversation)
        assert [turn.index for turn in answered.turns] == [1]

    def test_with_many_answers_to_one_question_is_read_once(self) -> None:
        messages = [user([{"type": "text", "text": "q" * 1000}] * 1000), *[ANSWERED] * 20_000]
        found = chosen(messages, each_turn=True, task="response")
        assert isinstance(found, Conversation)
        assert len(found.turns) == 20_000
        assert len({id(turn.item.prompt) for turn in found.turns}) == 1

    def test_without_a_user_answers_nothing(self) -> None:
        found = chosen([ANSWERED] * 20_000, each_turn=True)
        assert isinstance(found, Conversation)
        assert {turn.item for turn in found.turns} == {Item("", "first answer")}

    def test_of_a_user_need_not_be_text_where_only_answers_are_judged(self) -> None:
        messages = [ASKED, ANSWERED, user([IMAGE])]
        found = chosen(messages, each_turn=True, task="response")
        assert found == Conversation(
            (Turn(1, "assistant", Item("first question", "first answer")),)
        )
        assert failure([*messages, ANSWERED], each_turn=True, task="response").code == "not_text"

    def test_leaves_a_record_without_messages_as_it_is(self) -> None:
        assert described(one(b'{"text": "a"}', each_turn=True)) == Item("a")

    def test_has_to_be_a_text_in_every_message(self) -> None:
        messages = [user([IMAGE]), ANSWERED, AGAIN]
        assert chosen(messages) == Item("second question")
        assert failure(messages, each_turn=True).facts["field"] == "messages.0.content.0"


class TestContent:
    def test_in_parts_is_one_text_a_line_each(self) -> None:
        parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
        assert chosen([user(parts)]) == Item("one\ntwo")

    @pytest.mark.parametrize(
        ("part", "text"),
        [
            ("plain", "plain"),
            ({"type": "input_text", "text": "a"}, "a"),
            ({"type": "output_text", "text": "a", "annotations": []}, "a"),
            ({"type": "refusal", "refusal": "No."}, "No."),
        ],
    )
    def test_may_be_any_part_that_is_text(self, part: object, text: str) -> None:
        assert chosen([user([part])]) == Item(text)

    @pytest.mark.parametrize(
        "kind", ["image_url", "input_audio", "file", "video_url", "tool_use", "x" * 5000]
    )
    def test_that_is_no_text_is_never_left_out(self, kind: str) -> None:
        found = failure([user([{"type": "text", "text": "look"}, {"type": kind}])])
        assert found.code == "not_text"
        assert found.facts == {"field": "messages.0.content.1", "part": kind[:64]}

    @pytest.mark.parametrize(
        ("content", "code", "facts"),
        [
            (None, "missing_field", {"field": "messages.0.content"}),
            ([], "missing_field", {"field": "messages.0.content.0"}),
            (7, "not_text", {"field": "messages.0.content", "found": "number"}),
            ({"text": "a"}, "not_text", {"field": "messages.0.content", "found": "object"}),
            ([7], "not_text", {"field": "messages.0.content.0", "found": "number"}),
            ([{}], "not_text", {"field": "messages.0.content.0", "part": "null"}),
            ([{"text": "a"}], "not_text", {"field": "messages.0.content.0", "part": "null"}),
            ([{"type": []}], "not_text", {"field": "messages.0.content.0", "part": "array"}),
            (
                [{"type": "text"}],
                "not_text",
                {"field": "messages.0.content.0.text", "found": "null"},
            ),
            (
                [{"type": "text", "text": ["a"]}],
                "not_text",
                {"field": "messages.0.content.0.text", "found": "array"},
            ),
        ],
    )
    def test_that_is_missing_or_no_text_is_told(
        self, content: object, code: str, facts: dict[str, str]
    ) -> None:
        for each_turn in (False, True):
            found = failure([user(content)], each_turn=each_turn)
            assert (found.code, found.facts) == (code, facts)

    def test_of_an_assistant_may_be_a_refusal(self) -> None:
        refused = {"role": "assistant", "content": None, "refusal": "I cannot."}
        item = one(json.dumps({"messages": [ASKED, refused]}).encode()).item
        assert item == Item("first question", "I cannot.")
        assert isinstance(item, Item)
        assert item.fields[1] == "messages.1.refusal"

    @pytest.mark.parametrize("calls", [None, [], {}, 0])
    def test_of_an_assistant_that_calls_nothing_has_to_be_there(self, calls: object) -> None:
        silent = {"role": "assistant", "content": None, "tool_calls": calls}
        assert failure([ASKED, silent]).facts == {"field": "messages.1.content"}
        assert failure([ASKED, {"role": "assistant"}]).code == "missing_field"

    def test_that_only_the_turn_before_lacks_is_told(self) -> None:
        assert failure([user(None), ANSWERED]).facts == {"field": "messages.0.content"}


class TestWhatIsNoConversation:
    @pytest.mark.parametrize(
        ("messages", "code", "facts"),
        [
            ([], "missing_field", NO_TURN),
            ([SYSTEM, TOOL], "missing_field", NO_TURN),
            ([CALLING], "missing_field", NO_TURN),
            (["a"], "not_text", {"field": "messages.0", "found": "string", **A_MESSAGE}),
            ([ASKED, None], "not_text", {"field": "messages.1", "found": "null", **A_MESSAGE}),
            ([{"content": "a"}], "missing_field", {"field": "messages.0.role"}),
            ([{"role": None}], "not_text", {"field": "messages.0.role", "found": "null"}),
            ([{"role": "human"}], "not_text", {"field": "messages.0.role", "role": "human"}),
            ([{"role": "User"}], "not_text", {"field": "messages.0.role", "role": "User"}),
            (7, "not_text", {"field": "messages", "found": "number"}),
            ({"role": "user"}, "not_text", {"field": "messages", "found": "object"}),
        ],
    )
    def test_is_told(self, messages: object, code: str, facts: dict[str, str]) -> None:
        for each_turn in (False, True):
            found = failure(messages, each_turn=each_turn)
            assert (found.code, found.facts) == (code, facts)

    def test_whose_messages_are_null_is_looked_at_further(self) -> None:
        assert described(one(b'{"messages": null, "text": "a"}')) == Item("a")
        assert described(one(b'{"messages": null}')) == "missing_field"


class TestTheirPlaceAmongTheFields:
    def test_a_list_of_messages_goes_before_a_lone_text(self) -> None:
        for name in ("text", "prompt", "content", "message", "input", "response"):
            raw = json.dumps({name: "other", "messages": [ASKED]}).encode()
            assert described(one(raw)) == Item("first question")

    def test_and_behind_a_prompt_with_its_response(self) -> None:
        raw = json.dumps({"messages": [ASKED], "prompt": "a", "response": "b"}).encode()
        assert described(one(raw)) == Item("a", "b")

    def test_what_is_no_list_stands_behind_the_other_names(self) -> None:
        assert described(one(b'{"messages": 12, "text": "a"}')) == Item("a")
        assert described(one(b'{"messages": "some text"}')) == Item("some text")

    def test_a_named_field_may_hold_the_messages(self) -> None:
        raw = json.dumps({"text": "t", "request": {"messages": [ASKED, ANSWERED]}}).encode()
        item = one(raw, field="request.messages").item
        assert item == Item("first question", "first answer")
        assert isinstance(item, Item)
        assert item.fields[0] == "request.messages.0.content"

    def test_so_may_a_field_of_a_usual_name(self) -> None:
        raw = json.dumps({"input": [ASKED, ANSWERED, AGAIN]}).encode()
        assert described(one(raw)) == Item("second question")

    def test_another_list_is_no_conversation(self) -> None:
        assert described(one(b'{"text": ["a", "b"]}')) == "not_text"
        assert described(one(b'{"text": []}', field="text")) == "not_text"

    def test_a_named_field_inside_them_is_judged_alone(self) -> None:
        raw = json.dumps({"messages": [ASKED, ANSWERED, AGAIN]}).encode()
        assert described(one(raw, field="messages.0.content")) == Item("first question")


class TestKeysThatOccurTwice:
    @pytest.mark.parametrize(
        ("messages", "field"),
        [
            ('[{"role": "user", "content": "bad", "content": "good"}]', "messages.0.content"),
            ('[{"role": "user", "content": "bad", "c\\u006fntent": "good"}]', "messages.0.content"),
            ('[{"role": "user", "role": "system", "content": "bad"}]', "messages.0.role"),
            (
                '[{"role": "user", "content": "a"}, {"role": "tool"},'
                ' {"role": "user", "content": "bad", "content": "b"}]',
                "messages.2.content",
            ),
            (
                '[{"role": "user", "content": [{"type": "text", "text": "bad", "text": "a"}]}]',
                "messages.0.content.0.text",
            ),
            (
                '[{"role": "user", "content": [{"type": "image", "type": "text", "text": "a"}]}]',
                "messages.0.content.0.type",
            ),
        ],
    )
    def test_are_told(self, messages: str, field: str) -> None:
        raw = f'{{"messages": {messages}}}'.encode()
        for each_turn in (False, True):
            found = one(raw, each_turn=each_turn).failure
            assert found is not None
            assert (found.code, found.facts) == ("duplicate_field", {"field": field})

    @pytest.mark.parametrize("text", ['"text": "a", ', ""])
    def test_are_told_of_the_list_itself(self, text: str) -> None:
        for second in ('"x"', "[]", "null", '[{"role": "user", "content": "good"}]'):
            first = '[{"role": "user", "content": "bad"}]'
            raw = f'{{{text}"messages": {first}, "messages": {second}}}'
            assert described(one(raw.encode())) == "duplicate_field"

    @pytest.mark.parametrize(
        "messages",
        [
            '[{"role": "user", "content": "\\"content\\": 1, \\"content\\": 2"}]',
            '[{"role": "user", "content": "a", "id": 1, "id": 2}]',
            '[{"role": "user", "content": "a", "meta": {"role": 1, "role": 2, "content": 3}}]',
            '[{"role": "user", "content": [{"type": "text", "text": "a",'
            ' "x": {"type": 1, "type": 2}}]}]',
        ],
    )
    def test_of_other_kinds_are_none_of_ours(self, messages: str) -> None:
        found = one(f'{{"messages": {messages}, "content": 1, "content": 2}}'.encode()).item
        assert isinstance(found, Item)

    SPELLED = st.sampled_from(["role", "r\\u006fle", "content", "\\u0063ontent", "name", "refusal"])
    VALUES = st.sampled_from(['"user"', '"a"', '"content"', "null", '{"content": 1, "content": 2}'])

    @given(st.lists(st.lists(st.tuples(SPELLED, VALUES), max_size=4), min_size=1, max_size=4))
    def test_are_told_just_when_a_key_of_ours_is_there_twice(
        self, messages: list[list[tuple[str, str]]]
    ) -> None:
        spelled = [
            "{" + ", ".join(f'"{key}": {value}' for key, value in members) + "}"
            for members in messages
        ]
        found = described(one(f'{{"messages": [{", ".join(spelled)}]}}'.encode()))
        keys = [[json.loads(f'"{key}"') for key, _ in members] for members in messages]
        ours = ("role", "content", "refusal")
        twice = any(members.count(key) > 1 for members in keys for key in ours)
        assert (found == "duplicate_field") == twice


def test_a_conversation_comes_back_with_its_own_bytes() -> None:
    raw = b'{ "n": 1E400,"messages":[ {"role":"user","content":"\\u0e01"} ] , "k":1,"k":2 }'
    assert judged([one(raw)]).rstrip(b"\n") == raw[:-2] + SPLICED + b" }"


def test_a_table_has_no_conversations() -> None:
    cell = json.dumps([ASKED]).replace('"', '""')
    record = one(f'text,messages\na,"{cell}"\n'.encode(), Format.CSV)
    assert record.item == Item("a")
