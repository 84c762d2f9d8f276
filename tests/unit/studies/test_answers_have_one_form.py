import json
import unicodedata
from typing import Any

import pytest

from studies.task_types import TASK_TYPES, AnswerInvalid, Metric, metric_title
from tables.signs import clean

LABELS = ["a", "b", "a|b", "c; d"]
TEXT = "Add 5 mL of NaCl"
SPAN = {"start": 4, "end": 8, "label": "a"}


def sets(given: str) -> Any:
    return json.loads(
        TASK_TYPES["multi_label_classification"].read_answer(given=given, fields={"text": TEXT}, labels=LABELS)
    )


def spans(given: Any, text: str = TEXT) -> Any:
    cell = given if isinstance(given, str) else json.dumps(given)
    return json.loads(TASK_TYPES["entity_extraction"].read_cell(cell=cell, cells={"text": text}, labels=LABELS))


def test_every_task_type_says_what_it_asks_and_how_a_file_has_it() -> None:
    assert all(one.asks and one.in_a_file for one in TASK_TYPES.values())


def test_every_metric_of_every_task_type_can_be_a_studys_and_has_a_title() -> None:
    assert {one for kind in TASK_TYPES.values() for one in kind.metrics} <= set(Metric.values)
    assert metric_title(task_type="entity_extraction", metric="micro_f1") == "Span F1"
    assert metric_title(task_type="text_classification", metric="micro_f1") == "Micro F1"


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ('["b", "a"]', ["a", "b"]),
        ("[]", []),
        ("b", ["b"]),
        ("b | a", ["a", "b"]),
        ("b;a", ["a", "b"]),
        ("a|b", ["a|b"]),
        ("c; d|a", ["a", "c; d"]),
        ('["a", "a"]', ["a"]),
    ],
)
def test_sets_of_labels_are_read_as_lists_or_with_a_mark_between(given: str, labels: list[str]) -> None:
    assert sets(given) == labels


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("z", "“z” is not a label of this study"),
        ("a|", "“” is not a label"),
        ('["a", 3]', "not a valid list of labels; write a JSON list"),
        ('["a"', "not a valid list of labels"),
        ("[" * 100_000, "not a valid list of labels"),
    ],
)
def test_what_is_no_set_is_refused_with_the_way_to_write_it(given: str, message: str) -> None:
    with pytest.raises(AnswerInvalid, match=message):
        sets(given)


@pytest.mark.parametrize(
    "given", [SPAN, {**SPAN, "text": "5 mL"}, {"start": 4, "end": 8, "labels": ["a"]}, [4, 8, "a"]]
)
def test_spans_are_read_as_annotation_tools_write_them(given: Any) -> None:
    assert spans([given]) == [SPAN]


def test_spans_come_in_the_order_of_the_text_without_white_space_at_their_ends() -> None:
    assert spans([[12, 16, "b"], [3, 9, "a"]]) == [SPAN, {"start": 12, "end": 16, "label": "b"}]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("a", "not a valid list of spans; write a JSON list of spans"),
        ({"start": 4, "end": 8, "label": "a"}, "not a valid list of spans"),
        ([[4, 8]], "not a valid list of spans"),
        ([[4, "8", "a"]], "not a valid list of spans"),
        ([{"start": 4, "end": 8, "labels": ["a", "b"]}], "not a valid list of spans"),
        ([[4, 8, "z"]], "“z” is not a label"),
        ([[4, 99, "a"]], "its text has 16 characters"),
        ([[-1, 4, "a"]], "its text has 16 characters"),
        ([[4, 4, "a"]], "with nothing in it"),
        ([[0, 5, "a"], [4, 8, "b"]], r"overlapping spans: 0 to 5 \(a\) and 4 to 8 \(b\)"),
    ],
)
def test_what_is_no_list_of_spans_is_refused_with_the_reason(given: Any, message: str) -> None:
    with pytest.raises(AnswerInvalid, match=message):
        spans(given)


def test_spans_follow_a_text_that_is_composed_and_stripped() -> None:
    text = unicodedata.normalize("NFD", "  🧪 café crème: 5 mL ")
    start = text.index("5")
    (span,) = spans([[start, start + 4, "a"]], text=text)
    assert clean(text)[span["start"] : span["end"]] == "5 mL"


def test_a_span_that_cuts_a_letter_from_its_accent_is_refused() -> None:
    with pytest.raises(AnswerInvalid, match="between a letter and its accent"):
        spans([[0, 1, "a"]], text="e\N{COMBINING ACUTE ACCENT}")


@pytest.mark.parametrize(
    ("task_type", "value", "shown"),
    [
        ("text_classification", "a", "a"),
        ("multi_label_classification", '["a", "b"]', "a, b"),
        ("multi_label_classification", "[]", "none applies"),
        ("entity_extraction", json.dumps([SPAN]), "a: 5 mL"),
        ("entity_extraction", "[]", "no entity"),
    ],
)
def test_an_answer_is_shown_in_words(task_type: str, value: str, shown: str) -> None:
    assert TASK_TYPES[task_type].one_line(answer=value, fields={"text": TEXT}) == shown
