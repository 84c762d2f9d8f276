"""A gold answer comes back from the written form, whichever of equal words it means."""

import pytest

from training.answers import Span, spans_to_json
from training.answers.kang2023 import target_text
from training.tasks import TASK_TYPES

ENTITIES = TASK_TYPES["entity_extraction"]
LABELS = ["Month", "City", "Person", "2"]
CASES = [
    ("May said in May that she leaves", [Span(12, 15, "Month")]),
    ("Paris met Ann in Paris", [Span(17, 22, "City")]),
    ("Paris met Ann in Paris", [Span(0, 5, "Person"), Span(17, 22, "City")]),
    ("İstanbul and izmir, then ANKARA", [Span(25, 31, "City")]),
    ("see [City] Hall in Oslo", [Span(19, 23, "City")]),
    ("the [City] sign", [Span(4, 10, "City")]),
    ("10 ml and 10 ml again", [Span(10, 12, "Month")]),
    ("May, may, MAY and May", [Span(5, 8, "Month"), Span(18, 21, "Month")]),
    ("a [2] b and a", [Span(0, 1, "City"), Span(2, 7, "2")]),
]


def read(said: str, text: str) -> str | None:
    return ENTITIES.from_text(generated=said, text=text, names={label: label for label in LABELS})


@pytest.mark.parametrize(("text", "spans"), CASES)
def test_what_is_written_comes_back(text: str, spans: list[Span]) -> None:
    gold = spans_to_json(spans)
    assert read(ENTITIES.as_text(answer=gold, text=text, labels=LABELS), text) == gold


@pytest.mark.parametrize(("text", "spans"), CASES[:7])
def test_it_comes_back_from_a_tokenizer_of_small_letters(text: str, spans: list[Span]) -> None:
    said = ENTITIES.as_text(answer=spans_to_json(spans), text=text, labels=LABELS).lower()
    names = {label.lower(): label for label in LABELS}
    assert ENTITIES.from_text(generated=said, text=text, names=names) == spans_to_json(spans)


def test_where_the_words_say_enough_the_form_is_the_studys_own() -> None:
    text, spans = CASES[2]
    assert ENTITIES.as_text(answer=spans_to_json(spans), text=text) == target_text(text=text, spans=spans)


def test_a_place_that_the_text_does_not_have_is_no_answer() -> None:
    assert read("May [Month] [3]", "May said in May") is None


def test_a_place_of_very_many_digits_is_no_answer() -> None:
    assert read(f"May [Month] [{'9' * 5000}]", "May said in May") is None
