import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.prompts import (
    BALANCED,
    MOST_LABELS,
    NEAREST,
    LabelledExample,
    LabelPrompt,
    Method,
    PromptImpossible,
    PromptSettings,
    PromptSource,
    PromptText,
    PromptTextInvalid,
    balanced,
    check_text,
    make_prompt,
    usual_text,
)

SCORED: dict[str, Any] = {"limit": "max_tokens", "alternatives": 20, "structured": True}


def source(**changes: Any) -> PromptSource:
    told: dict[str, Any] = {
        "labels": ("sport", "politics"),
        "meanings": {"sport": "Games and athletes."},
        "instructions": "What is it about?",
        "is_exclusive": True,
        "fields": ("text",),
        "text": usual_text(("text",)),
    }
    return PromptSource(**{**told, **changes})


def prompt(
    abilities: dict[str, Any] = SCORED, *, shots_by: str = BALANCED, shots: int = 8, **changes: Any
) -> LabelPrompt:
    samples = changes.pop("samples", 1)
    chosen = PromptSettings(
        shots=shots, shots_by=shots_by, confidence=0.9, samples=samples, temperature=0.7, answer_length=48
    )
    return make_prompt(source=source(**changes), abilities=abilities, settings=chosen)


def example(text: str, *labels: str) -> LabelledExample:
    return LabelledExample(fields={"text": text}, labels=labels)


def test_labels_have_letters_and_what_they_mean() -> None:
    system = prompt().messages[0]["content"]
    assert system.startswith("What is it about?")
    assert "A. sport: Games and athletes.\nB. politics" in system


def test_one_letter_is_asked_for_where_the_server_tells_probabilities() -> None:
    request = prompt().request({"text": "A goal!"})
    assert request["messages"][-1] == {"role": "user", "content": "A goal!"}
    assert (request["max_tokens"], request["logprobs"], request["top_logprobs"]) == (1, True, 20)


@pytest.mark.parametrize(
    ("abilities", "changes", "method"),
    [
        ({**SCORED, "alternatives": 1}, {}, Method.SCHEMA),
        ({**SCORED, "alternatives": 0, "structured": False}, {}, Method.TEXT),
        (SCORED, {"labels": tuple(f"label {number}" for number in range(21))}, Method.SCHEMA),
        (SCORED, {"is_exclusive": False}, Method.SCHEMA),
    ],
)
def test_other_servers_and_label_sets_are_asked_otherwise(
    abilities: dict[str, Any], changes: dict[str, Any], method: Method
) -> None:
    assert prompt(abilities, **changes).method == method


def test_a_schema_knows_the_labels_alone() -> None:
    made = prompt({**SCORED, "alternatives": 0}, is_exclusive=False)
    schema = made.request({"text": "a"})["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["labels"]["items"]["enum"] == ["sport", "politics"]
    assert made.most_output_tokens >= len(json.dumps({"labels": ["sport", "politics"]}))


def test_too_many_labels_are_refused() -> None:
    with pytest.raises(PromptImpossible, match="at most 200 labels, and there are 1,000"):
        prompt(labels=tuple(map(str, range(1000))))
    assert prompt(labels=tuple(map(str, range(MOST_LABELS)))).method == Method.SCHEMA


def test_examples_show_each_label_about_equally_often() -> None:
    rows = [example(f"s{number}", "sport") for number in range(9)] + [example("p", "politics")]
    assert [one.labels[0] for one in balanced(rows, num=4)] == ["sport", "politics", "sport", "sport"]
    shown = prompt(examples=balanced(rows, num=2)).messages[1:]
    assert [one["content"] for one in shown] == ["s0", "A", "p", "B"]


def test_its_version_is_all_that_is_sent_and_survives_the_database() -> None:
    first = prompt()
    again = LabelPrompt.from_payload(json.loads(json.dumps(first.payload)))
    assert again == first and again.version == first.version
    others = [prompt(instructions="?"), prompt(meanings={}), prompt(examples=(example("a", "sport"),))]
    assert len({first.version, *(one.version for one in others)}) == 4


def test_the_first_prompts_that_were_kept_keep_their_version() -> None:
    # As it was before prompts could be edited: answers that were bought under it cost nothing again.
    assert prompt().version == "d581f4e799937b65d3aecc881876f266743478f0a6eff5b38bc510dc2d21e7da"


def test_an_edited_text_is_filled_once() -> None:
    text = PromptText(system='{{how_to_answer}} {"a": {}}\n{{ labels }}', message="Review: {{text}}!")
    made = prompt(text=text, examples=(example("so {{labels}}", "sport"),))
    assert made.messages[0]["content"].startswith("Answer with the letter")
    assert made.messages[0]["content"].endswith('{"a": {}}\nA. sport: Games and athletes.\nB. politics')
    sent = [one["content"] for one in made.request({"text": "{{text}}"})["messages"][1:]]
    assert sent == ["Review: so {{labels}}!", "A", "Review: {{text}}!"]
    assert made.version != prompt(examples=(example("so {{labels}}", "sport"),)).version


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"system": "{{lables}} {{how_to_answer}}"}, "no place {{lables}}. Its places: {{guideline}}, {{labels}}"),
        ({"system": "{{labels}} {{how_to_answer"}, "{{ that begins no place"),
        ({"system": "{{labels}}"}, "needs the place {{how_to_answer}}"),
        ({"system": "{{labels}} {{how_to_answer}}" + "a" * 20_000}, "20,028 characters; at most 20,000"),
        ({"message": "{{text_a}}"}, "needs the place {{text_b}}"),
        ({"message": "{{text}} {{text_a}} {{text_b}}"}, "no place {{text}}"),
    ],
)
def test_bad_places_are_refused_in_words(changes: dict[str, str], words: str) -> None:
    fields = ("text_a", "text_b")
    usual = usual_text(fields)
    check_text(usual, fields=fields)
    with pytest.raises(PromptTextInvalid) as refused:
        check_text(PromptText(**{**vars(usual), **changes}), fields=fields)
    assert words in str(refused.value) and refused.value.field in changes


def test_examples_nearest_to_the_text_are_shown_next_to_it() -> None:
    rows = [example(text, "sport") for text in ("the goal keeper", "parliament voted", "a vote in parliament")]
    made = prompt(shots_by=NEAREST, shots=2, examples=tuple(rows))
    again = LabelPrompt.from_payload(json.loads(json.dumps(made.payload)))
    sent = [one["content"] for one in again.request({"text": "Parliament voted again"})["messages"][1:]]
    assert sent == ["a vote in parliament", "A", "parliament voted", "A", "Parliament voted again"]
    assert again.version == made.version != prompt(shots_by=NEAREST, shots=1, examples=tuple(rows)).version


def test_samples_are_asked_for_only_without_probabilities() -> None:
    assert prompt(samples=5).samples == 1
    made = prompt({**SCORED, "alternatives": 0}, samples=5)
    asked = [made.request({"text": "a"}, sample=number) for number in range(2)]
    assert [(one["temperature"], one["seed"]) for one in asked] == [(0.7, 0), (0.7, 1)]


@given(st.text(max_size=200))
def test_a_bound_counts_every_byte(text: str) -> None:
    made = prompt()
    sent = sum(len(one["content"].encode(errors="replace")) for one in made.request({"text": text})["messages"])
    assert made.most_input_tokens({"text": text}) > sent
