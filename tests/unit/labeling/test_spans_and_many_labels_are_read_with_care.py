import json
from typing import Any
from xml.etree import ElementTree

import pytest

from labeling.widgets import MultipleChoices, ResultInvalid, Spans
from studies.task_types import TASK_TYPES

SPANS, MANY = Spans(("text",)), MultipleChoices(("text",))
LABELS = ["a", "b"]


def region(start: Any, end: Any, *labels: Any) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": list(labels)}
    return {"from_name": "label", "to_name": "text", "type": "labels", "value": value}


def chosen(*labels: Any) -> list[dict[str, Any]]:
    return [{"from_name": "label", "value": {"choices": list(labels)}}]


def test_spans_are_put_in_the_order_of_the_text() -> None:
    target = SPANS.target(result=[region(5, 9, "b"), region(0, 4, "a")], fields={"text": "long enough"}, labels=LABELS)
    assert [span["label"] for span in json.loads(target)] == ["a", "b"]


def test_an_emoji_counts_once() -> None:
    text = "🧪 add 5 mL"
    target = SPANS.target(result=[region(2, 5, "a")], fields={"text": text}, labels=LABELS)
    (span,) = json.loads(target)
    assert text[span["start"] : span["end"]] == "add"
    assert SPANS.result(target=target, fields={"text": text}) == [region(2, 5, "a")]


def test_words_that_the_page_saw_elsewhere_are_refused() -> None:
    fields = {"text": "🧪 add\r\n5 mL"}
    seen = region(2, 10, "a")
    seen["value"]["text"] = "add\\n5 mL"
    assert SPANS.target(result=[seen], fields=fields, labels=LABELS)
    seen["value"] |= {"start": 1, "end": 9}
    with pytest.raises(ResultInvalid, match="but “add"):
        SPANS.target(result=[seen], fields=fields, labels=LABELS)


def test_a_line_ends_with_one_character_for_a_browser() -> None:
    fields = {"text": "🧪\r\nadd\r5 mL"}
    assert SPANS.data(fields=fields) == {"text": "🧪\nadd\n5 mL"}
    result = [region(2, 5, "a"), region(6, 7, "b")]
    spans = json.loads(SPANS.target(result=result, fields=fields, labels=LABELS))
    assert [fields["text"][one["start"] : one["end"]] for one in spans] == ["add", "5"]
    assert SPANS.result(target=json.dumps(spans), fields=fields) == result


def test_a_part_marked_twice_alike_counts_once() -> None:
    target = SPANS.target(result=[region(0, 3, "a")] * 2, fields={"text": "add"}, labels=LABELS)
    assert len(json.loads(target)) == 1


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "not a list"),
        ([region(3, 3, "a")], "not inside a text"),
        ([region(-1, 3, "a")], "not inside a text"),
        ([region("0", 3, "a")], "not inside a text"),
        ([{"from_name": "label"}], "not inside a text"),
        ([region(0, 3)], "exactly one label"),
        ([region(0, 3, "a", "b")], "exactly one label"),
        ([region(0, 3, "z")], "“z” is not one of"),
        ([region(3, 6, "a"), region(5, 8, "b")], "Two spans overlap .“a” and “b” at 5.; remove one"),
        ([region(0, 99, "a")], "outside the text"),
    ],
)
def test_what_is_no_span_is_refused_with_the_reason(result: Any, message: str) -> None:
    with pytest.raises(ResultInvalid, match=message):
        SPANS.target(result=result, fields={"text": "🧪 add 5 mL"}, labels=LABELS)


def test_labels_come_in_the_studys_order_and_none_is_an_answer() -> None:
    given = MANY.target(result=chosen("b", "a"), fields={}, labels=LABELS)
    definition = TASK_TYPES["multi_label_classification"]
    assert definition.read_answer(given=given, fields={}, labels=LABELS) == '["a", "b"]'
    assert MANY.target(result=[], fields={}, labels=LABELS) == "[]"


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({}, "not a list"),
        (chosen("a") * 2, "has 2 answers"),
        ([{"from_name": "label"}], "no list of choices"),
        (chosen("z"), "“z” is not one of"),
        (chosen(3), "“3” is not one of"),
    ],
)
def test_what_is_no_set_of_labels_is_refused_with_the_reason(result: Any, message: str) -> None:
    with pytest.raises(ResultInvalid, match=message):
        MANY.target(result=result, fields={}, labels=LABELS)


def test_annotators_read_beforehand_that_spans_must_not_overlap() -> None:
    config = SPANS.config(labels=["a"], instructions="Mark each name.")
    headers = [one.get("value") for one in ElementTree.fromstring(config).iter("Header")]
    assert headers == ["Mark each name.", "Spans must not overlap."]
