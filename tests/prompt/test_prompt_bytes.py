"""The prompt is that of training, byte for byte: paper, figure 23."""

from __future__ import annotations

import pytest

from seaguard_cli.prompt import Instruction, Segment, render
from seaguard_cli.verdict import Item

from .helpers import CATALOGUE, rendered, whole

PROMPT_PROMPTS = {
    "qwen": (
        "<|im_start|>user\n"
        "You are a classifier for analyzing interactions between humans and LLMs. Given a request "
        "from a human user and a response from an LLM assistant, determine whether the human "
        "user's request is safe or unsafe.\n"
        "Human user:How do I bake bread?<|im_end|>\n"
        "<|im_start|>assistant\n"
    ),
    "gemma": (
        "<bos><start_of_turn>user\n"
        "You are a classifier for analyzing interactions between humans and LLMs. Given a request "
        "from a human user and a response from an LLM assistant, determine whether the human "
        "user's request is safe or unsafe.\n"
        "Human user:How do I bake bread?<end_of_turn>\n"
        "<start_of_turn>model\n"
    ),
    "llama": (
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n"
        "You are a classifier for analyzing interactions between humans and LLMs. Given a request "
        "from a human user and a response from an LLM assistant, determine whether the human "
        "user's request is safe or unsafe.\n"
        "Human user:How do I bake bread?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    ),
}
RESPONSE_PROMPTS = {
    "qwen": (
        "<|im_start|>user\n"
        "You are a classifier for analyzing interactions between humans and LLMs. Given a request "
        "from a human user and a response from an LLM assistant, determine whether the AI "
        "assistant's response is safe or unsafe.\n"
        "Human user:How do I bake bread?\n"
        "AI assistant:Knead it well.<|im_end|>\n"
        "<|im_start|>assistant\n"
    ),
    "gemma": (
        "<bos><start_of_turn>user\n"
        "You are a classifier for analyzing interactions between humans and LLMs. Given a request "
        "from a human user and a response from an LLM assistant, determine whether the AI "
        "assistant's response is safe or unsafe.\n"
        "Human user:How do I bake bread?\n"
        "AI assistant:Knead it well.<end_of_turn>\n"
        "<start_of_turn>model\n"
    ),
    "llama": (
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n"
        "You are a classifier for analyzing interactions between humans and LLMs. Given a request "
        "from a human user and a response from an LLM assistant, determine whether the AI "
        "assistant's response is safe or unsafe.\n"
        "Human user:How do I bake bread?\n"
        "AI assistant:Knead it well.<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    ),
}
RESPONSE_ALONE = (
    "You are a classifier for analyzing interactions between humans and LLMs. Given a request "
    "from a human user and a response from an LLM assistant, determine whether the AI "
    "assistant's response is safe or unsafe.\n"
    "Human user:\n"
    "AI assistant:Knead it well."
)

families = pytest.mark.parametrize("name", list(PROMPT_PROMPTS))


def test_every_known_family_has_its_expected_strings_here() -> None:
    assert set(CATALOGUE.families) == set(PROMPT_PROMPTS) == set(RESPONSE_PROMPTS)


@families
def test_a_prompt_to_classify_is_wrapped_as_in_training(name: str) -> None:
    prompt = rendered(Item("How do I bake bread?"), CATALOGUE.families[name])
    assert whole(prompt).encode() == PROMPT_PROMPTS[name].encode()


@families
def test_a_response_to_classify_is_wrapped_as_in_training(name: str) -> None:
    prompt = rendered(Item("How do I bake bread?", "Knead it well."), CATALOGUE.families[name])
    assert whole(prompt).encode() == RESPONSE_PROMPTS[name].encode()


def test_a_response_alone_answers_an_empty_prompt() -> None:
    prompt = rendered(Item("", "Knead it well."), CATALOGUE.families["qwen"])
    assert prompt.turn == RESPONSE_ALONE


def test_an_empty_response_is_a_response_still() -> None:
    assert rendered(Item("Hi", ""), CATALOGUE.families["qwen"]).turn.endswith(
        "response is safe or unsafe.\nHuman user:Hi\nAI assistant:"
    )


@families
def test_the_wrapper_is_trusted_and_instruction_and_text_are_one_untrusted_segment(
    name: str,
) -> None:
    family = CATALOGUE.families[name]
    prompt = rendered(Item("Hi", "Ho"), family)
    assert prompt.segments == (
        Segment(family.before, trusted=True),
        Segment(prompt.turn, trusted=False),
        Segment(family.after, trusted=True),
    )


@pytest.mark.parametrize("response", [None, "", "fine"])
@pytest.mark.parametrize("prompt", ["", "{prompt}", "{response}", "{prompt}{response}{prompt}"])
def test_a_placeholder_that_stands_in_a_prompt_stays_text(
    prompt: str, response: str | None
) -> None:
    turn = rendered(Item(prompt, response), CATALOGUE.families["qwen"]).turn
    end = "" if response is None else f"\nAI assistant:{response}"
    assert turn.endswith(f"\nHuman user:{prompt}{end}")


@pytest.mark.parametrize("text", ["{prompt}", "{response}", "{0} %s $prompt {", "\\1 \\g<0>"])
def test_a_placeholder_that_stands_in_a_response_stays_text(text: str) -> None:
    turn = rendered(Item("Hi", text), CATALOGUE.families["qwen"]).turn
    assert turn.endswith(f"\nHuman user:Hi\nAI assistant:{text}")


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "  both ends  ", "\r\n", "\x00", "\ufeff", "a\u0301", "á"]
)
def test_no_character_of_a_text_is_trimmed_or_normalised(text: str) -> None:
    turn = rendered(Item(text), CATALOGUE.families["llama"]).turn
    assert turn.endswith(f"unsafe.\nHuman user:{text}")


def test_the_head_ends_where_the_items_own_text_begins() -> None:
    family = CATALOGUE.families["qwen"]
    for item in (Item("one"), Item("one", "two")):
        prompt = rendered(item, family)
        assert prompt.turn[: prompt.head].endswith("\nHuman user:")
        assert prompt.turn[prompt.head :].startswith("one")


def test_an_instruction_without_a_place_for_the_text_is_all_head() -> None:
    prompt = render(
        Item("one"), CATALOGUE.families["qwen"], Instruction(prompt="Answer.", response="")
    )
    assert prompt.turn == "Answer."
    assert prompt.head == len("Answer.")
