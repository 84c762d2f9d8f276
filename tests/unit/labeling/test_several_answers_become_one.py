import json
from itertools import pairwise, product

import pytest

from labeling.widgets import widget_of
from studies.task_types import TASK_TYPES

LABELS = ["a", "b", "c"]


def agreed(name: str, *answers: object) -> object:
    targets = [one if isinstance(one, str) else json.dumps(one) for one in answers]
    found = widget_of(TASK_TYPES[name]).agreed(targets=targets, labels=LABELS)
    return found if name == "text_classification" else json.loads(found)


def span(start: int, end: int, label: str = "a") -> dict[str, object]:
    return {"start": start, "end": end, "label": label}


def test_of_single_labels_the_most_frequent_stands_and_of_equal_ones_the_earliest() -> None:
    assert agreed("text_classification", "a", "b", "b") == "b"
    assert agreed("text_classification", "b", "a") == "b"


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ([["a", "b"], ["b"], ["c", "b"]], ["b"]),
        ([["a", "b"], ["a", "c"], ["b", "c"]], ["a", "b", "c"]),
        ([["a"], ["b"]], ["a"]),
        ([[], ["a"]], []),
        ([[], ["a"], ["a"]], ["a"]),
        ([["c"], ["a", "c"]], ["c"]),
    ],
)
def test_of_sets_each_label_is_decided_by_itself(answers: list[list[str]], kept: list[str]) -> None:
    assert agreed("multi_label_classification", *answers) == kept


def test_of_spans_those_stand_that_most_have_exactly() -> None:
    first, moved, other = span(0, 4), span(0, 5), span(6, 8, "b")
    assert agreed("entity_extraction", [first, other], [moved, other], [first]) == [first, other]
    assert agreed("entity_extraction", [first], [span(0, 4, "b")]) == [first]


def test_of_written_texts_each_is_right() -> None:
    assert agreed("text_generation", ["b"], ["a", "b"], ["c"]) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ([["Paris"], ["the  paris!"], ["Rome"]], ["Paris"]),
        ([["Rome"], ["paris"], ["Paris"]], ["paris"]),
        ([["Rome"], ["Paris"]], ["Rome"]),
        ([["Rome", "Roma"], ["Paris"]], ["Rome", "Roma"]),
        ([["Rome"], ["Paris"], ["Milan"]], ["Rome"]),
        ([["Rome", "Roma"]], ["Rome", "Roma"]),
        ([["rome"], [{"text": "Rome", "start": 4}], ["Paris"]], [{"text": "Rome", "start": 4}]),
    ],
)
def test_of_answers_to_a_question_those_of_most_stand_whatever_their_case(
    answers: list[list[object]], kept: list[object]
) -> None:
    assert agreed("question_answering", *answers) == kept


@pytest.mark.parametrize(
    ("name", "first", "second", "value"),
    [
        ("text_classification", "a", "a", 1),
        ("pair_classification", "a", "b", 0),
        ("multi_label_classification", [], [], 1),
        ("multi_label_classification", ["a", "b"], ["a"], 2 / 3),
        ("entity_extraction", [span(0, 4)], [span(0, 4), span(5, 6)], 2 / 3),
        ("entity_extraction", [span(0, 4)], [span(0, 5)], 0),
        ("text_generation", ["a cat sat"], ["the cat sat", "a dog"], 2 / 3),
        ("question_answering", ["the Paris"], ["Rome", {"text": "paris", "start": 3}], 1),
    ],
)
def test_two_people_agree_as_far_as_their_answers_do(name: str, first: object, second: object, value: float) -> None:
    pair = [one if isinstance(one, str) else json.dumps(one) for one in (first, second)]
    assert TASK_TYPES[name].agreement(*pair) == pytest.approx(value)
    assert TASK_TYPES[name].agreement(*reversed(pair)) == pytest.approx(value)


def test_what_is_kept_of_spans_never_overlaps() -> None:
    choices = [[], [span(0, 4)], [span(2, 6)], [span(0, 2), span(3, 6, "b")]]
    for answers in product(choices, repeat=4):
        kept = agreed("entity_extraction", *answers)
        assert isinstance(kept, list)
        assert all(one["end"] <= following["start"] for one, following in pairwise(kept))
