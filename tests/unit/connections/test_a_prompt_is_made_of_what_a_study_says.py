import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.prompts import (
    MOST_LABELS,
    LabelledExample,
    LabelPrompt,
    Method,
    PromptImpossible,
    PromptSource,
    balanced,
    make_prompt,
)

SCORED: dict[str, Any] = {"limit": "max_tokens", "alternatives": 20, "structured": True}


def source(**changes: Any) -> PromptSource:
    told: dict[str, Any] = {
        "labels": ("sport", "politics"),
        "meanings": {"sport": "Games and athletes."},
        "instructions": "What is it about?",
        "is_exclusive": True,
    }
    return PromptSource(**{**told, **changes})


def prompt(abilities: dict[str, Any] = SCORED, **changes: Any) -> LabelPrompt:
    return make_prompt(source=source(**changes), abilities=abilities, confidence=0.9)


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


@given(st.text(max_size=200))
def test_a_bound_counts_every_byte(text: str) -> None:
    made = prompt()
    sent = sum(len(one["content"].encode(errors="replace")) for one in made.request({"text": text})["messages"])
    assert made.most_input_tokens({"text": text}) > sent
