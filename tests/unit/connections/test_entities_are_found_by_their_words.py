import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.models import Outcome
from connections.reading.entities import EntitiesUnusable, read_entities
from training.answers import checked_spans, spans_to_json

LABELS = ("person", "place")


def told(*named: tuple[str, str]) -> str:
    return json.dumps({"entities": [{"text": words, "label": label} for words, label in named]})


def found(text: str, *named: tuple[str, str]) -> list[tuple[str, str, int]]:
    spans = json.loads(read_entities(content=told(*named), text=text, labels=LABELS))
    return [(text[one["start"] : one["end"]], one["label"], one["start"]) for one in spans]


def refused(content: str, text: str = "Ada met Ada Lovelace in Rome") -> Outcome:
    with pytest.raises(EntitiesUnusable) as unusable:
        read_entities(content=content, text=text, labels=LABELS)
    assert str(unusable.value)
    return unusable.value.outcome


def test_words_that_stand_twice_are_found_in_the_order_of_the_text() -> None:
    text = "Paris Hilton left Paris for Rome"
    assert found(text, ("Paris Hilton", "person"), ("Paris", "place"), ("Rome", "place")) == [
        ("Paris Hilton", "person", 0),
        ("Paris", "place", 18),
        ("Rome", "place", 28),
    ]


def test_one_out_of_order_is_found_where_its_place_is_clear() -> None:
    text = "Rome, where Ada met Bob"
    assert found(text, ("Ada", "person"), ("Rome", "place"), ("Bob", "person"))[0] == ("Rome", "place", 0)
    assert refused(told(("Bob", "person"), ("Ada", "person")), "Ada and Ada met Bob") == Outcome.MISPLACED


def test_words_within_words_are_taken_only_where_they_stand_nowhere_else() -> None:
    assert found("Romeo saw Rome", ("Rome", "place")) == [("Rome", "place", 10)]
    assert found("the Romeward road", ("Rome", "place")) == [("Rome", "place", 4)]
    assert found("東京都に行く", ("東京", "place")) == [("東京", "place", 0)]


def test_white_space_and_case_may_differ() -> None:
    assert found("New\n  York, ada", ("New York", "PLACE"), ("Ada", "person")) == [
        ("New\n  York", "place", 0),
        ("ada", "person", 12),
    ]
    assert found("march in March", ("March", "person")) == [("March", "person", 9)]


def test_nothing_found_is_an_answer() -> None:
    assert read_entities(content='{"entities": []}', text="a", labels=LABELS) == "[]"


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (told(("Bob", "person")), Outcome.NOT_IN_TEXT),
        (told(("Ada", "person"), ("Bob", "person")), Outcome.NOT_IN_TEXT),
        (told(("  ", "person")), Outcome.NOT_IN_TEXT),
        (told(("Rome", "river")), Outcome.INVALID),
        (told(("Ada Lovelace", "person"), ("Lovelace", "person")), Outcome.MISPLACED),
        (told(*[("Ada", "person")] * 3), Outcome.MISPLACED),
        ("Ada is a person.", Outcome.UNREADABLE),
        ("[" * 100_000, Outcome.UNREADABLE),
        ('{"entities": {"text": "Ada"}}', Outcome.UNREADABLE),
        ('{"entities": [{"text": "Ada"}]}', Outcome.UNREADABLE),
        ('{"entities": [{"text": 7, "label": "person"}]}', Outcome.UNREADABLE),
        ('{"entities": ["Ada"]}', Outcome.UNREADABLE),
        ('{"entities": null}', Outcome.UNREADABLE),
    ],
)
def test_one_entity_that_is_not_found_makes_the_answer_unusable(content: str, outcome: Outcome) -> None:
    assert refused(content) == outcome


@given(st.text(max_size=60), st.lists(st.tuples(st.text(max_size=8), st.sampled_from(LABELS)), max_size=5))
def test_what_is_found_is_a_valid_answer_whatever_is_named(text: str, named: list[tuple[str, str]]) -> None:
    try:
        answer = read_entities(content=told(*named), text=text, labels=LABELS)
    except EntitiesUnusable:
        return
    assert spans_to_json(checked_spans(gold=answer, text=text, labels=LABELS, row=0)) == answer
    assert len(json.loads(answer)) == len(named)
