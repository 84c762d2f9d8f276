import json
from typing import Any
from xml.etree import ElementTree

import pytest

from labeling.widgets import ResultInvalid, Widget, widget_of
from studies.task_types import TASK_TYPES

LABELS = ["good", 'say "no" & <go>', "naïve 日本語", "$text", "cost $5", "it's", "&amp;", "a\ttab"]
FIELDS = {"text": "a text that is long enough", "text_a": "one", "text_b": "another", "question": "which?"}
FIELDS["passage"] = "🧪 line one\r\nline two"
CHOOSING_ONE = pytest.mark.parametrize("name", ["text_classification", "pair_classification"])
EVERY = pytest.mark.parametrize("name", TASK_TYPES)
WITH_LABELS = pytest.mark.parametrize("name", [name for name, one in TASK_TYPES.items() if one.has_labels])


def widget(name: str) -> Widget:
    return widget_of(TASK_TYPES[name])


def values(config: str) -> list[str]:
    shown = [element for element in ElementTree.fromstring(config).iter() if element.tag in ("Choice", "Label")]
    return [element.get("alias") or element.attrib["value"] for element in shown]


def targets(name: str) -> list[str]:
    if name == "multi_label_classification":
        return ["[]", *(json.dumps(LABELS[: n + 1], ensure_ascii=False) for n in range(len(LABELS)))]
    if name == "entity_extraction":
        spans = [{"start": 2 * n, "end": 2 * n + 2, "label": label} for n, label in enumerate(LABELS)]
        return ["[]", json.dumps(spans, ensure_ascii=False)]
    if name == "question_answering":
        return ['["a text", "<b> & $text"]', json.dumps([{"text": "line two", "start": 12}, "else"])]
    return ['["a text\\n\\nof lines", "another"]'] if name == "text_generation" else LABELS


@EVERY
def test_its_widget_shows_the_fields_that_training_reads(name: str) -> None:
    assert widget(name).input_fields == TASK_TYPES[name].input_fields


@WITH_LABELS
def test_its_configuration_keeps_labels_of_any_text(name: str) -> None:
    assert values(widget(name).config(labels=LABELS)) == LABELS


@EVERY
def test_its_configuration_shows_every_field_and_names_no_other(name: str) -> None:
    config = ElementTree.fromstring(widget(name).config(labels=LABELS, instructions="Read $text, & choose"))
    shown = {element.attrib["value"] for element in config.iter("Text")}
    assert shown == {f"${field}" for field in widget(name).input_fields}
    named = [v for e in config.iter() for k, v in e.attrib.items() if k == "value" and "$t" in v and e.tag != "Text"]
    assert named == []


@WITH_LABELS
def test_its_configuration_says_what_labels_mean(name: str) -> None:
    config = ElementTree.fromstring(widget(name).config(labels=LABELS, meanings={"$text": 'costs "$5" & <more>'}))
    (shown,) = [element for element in config.iter() if element.get("hint")]
    assert shown.get("alias") == "$text" and shown.attrib["hint"].replace("\u200b", "") == 'costs "$5" & <more>'
    headers = [element.attrib["value"].replace("\u200b", "") for element in config.iter("Header")]
    assert '$text: costs "$5" & <more>' in headers


def test_many_meanings_are_shown_at_the_labels_only() -> None:
    labels = [f"label {number}" for number in range(13)]
    config = ElementTree.fromstring(
        widget("text_classification").config(labels=labels, meanings={label: f"{label}s" for label in labels})
    )
    assert not list(config.iter("Header"))
    assert [element.get("hint") for element in config.iter("Choice")] == [f"{label}s" for label in labels]


@EVERY
def test_an_answer_reads_as_the_target_it_was_written_from(name: str) -> None:
    for target in targets(name):
        result = widget(name).result(target=target, fields=FIELDS)
        assert widget(name).target(result=result, fields=FIELDS, labels=LABELS) == target


def written(*texts: Any, name: str = "label") -> dict[str, Any]:
    return {"from_name": name, "type": "textarea", "value": {"text": list(texts)}}


def marked(start: int, end: int, words: str) -> dict[str, Any]:
    return {"from_name": "mark", "value": {"start": start, "end": end, "text": words, "labels": ["Answer"]}}


def test_a_written_text_is_read_without_the_line_that_entering_it_adds() -> None:
    read = widget("text_generation").target(result=[written("", " a text\n")], fields=FIELDS, labels=[])
    assert json.loads(read) == ["a text"]


def test_a_marked_answer_is_kept_with_its_place_in_the_stored_passage() -> None:
    result = [written("two lines"), marked(11, 19, "line two")]
    read = widget("question_answering").target(result=result, fields=FIELDS, labels=[])
    assert json.loads(read) == [{"text": "line two", "start": 12}, "two lines"]
    assert widget("question_answering").result(target=read, fields=FIELDS)[0]["value"]["start"] == 11


def test_a_question_without_a_passage_is_answered_in_writing() -> None:
    fields = {"question": "which?", "passage": ""}
    asked = widget("question_answering")
    assert asked.data(fields=fields) == fields
    read = asked.target(result=[written("this one")], fields=fields, labels=[])
    assert json.loads(read) == ["this one"] and asked.result(target=read, fields=fields)
    with pytest.raises(ResultInvalid, match="outside the text"):
        asked.target(result=[marked(0, 4, "this")], fields=fields, labels=[])


def test_a_text_that_was_typed_and_not_added_can_be_submitted() -> None:
    assert widget("text_generation").takes_empty and widget("question_answering").takes_empty
    assert 'required="true"' in widget("text_generation").config(labels=[])


@pytest.mark.parametrize(
    ("name", "result", "message"),
    [
        ("text_generation", None, "not a list"),
        ("text_generation", [], "has no text. Write one, or skip"),
        ("text_generation", [written(" \n")], "has no text"),
        ("text_generation", [written("text", name="other")], "has no text"),
        ("text_generation", [written(3)], "is not a text"),
        ("text_generation", [{"from_name": "label"}], "is not a text"),
        ("question_answering", [], "Mark it in the passage, write it, or skip"),
        ("question_answering", [marked(11, 19, "line one")], "but “line one” was marked"),
        ("question_answering", [marked(11, 99, "")], "outside the text"),
    ],
)
def test_what_is_no_written_answer_is_refused_with_the_reason(name: str, result: Any, message: str) -> None:
    with pytest.raises(ResultInvalid, match=message):
        widget(name).target(result=result, fields=FIELDS, labels=[])


@CHOOSING_ONE
@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "not a list"),
        ({}, "not a list"),
        ([], "has 0 answers"),
        (["good"], "has 0 answers"),
        ([{"from_name": "other", "value": {"choices": ["good"]}}], "has 0 answers"),
        ([{"from_name": "label", "value": {"choices": ["good"]}}] * 2, "has 2 answers"),
        ([{"from_name": "label"}], "exactly one choice"),
        ([{"from_name": "label", "value": {"choices": []}}], "exactly one choice"),
        ([{"from_name": "label", "value": {"choices": ["good", "it's"]}}], "exactly one choice"),
        ([{"from_name": "label", "value": {"choices": [3]}}], "exactly one choice"),
        ([{"from_name": "label", "value": {"choices": ["ugly"]}}], "“ugly” is not one of"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(name: str, result: Any, message: str) -> None:
    with pytest.raises(ResultInvalid, match=message):
        widget(name).target(result=result, fields=FIELDS, labels=LABELS)


@EVERY
def test_it_shows_an_examples_own_fields_and_nothing_else(name: str) -> None:
    fields = {field: field.upper() for field in widget(name).input_fields}
    assert widget(name).data(fields={**fields, "secret": "label"}) == fields


def test_the_first_ten_labels_have_keys_and_the_rest_have_none() -> None:
    config = widget("text_classification").config(labels=[f"label {n}" for n in range(12)])
    keys = [choice.get("hotkey") for choice in ElementTree.fromstring(config).iter("Choice")]
    assert keys == [*"1234567890", None, None]
