import json
from typing import Any
from xml.etree import ElementTree

import pytest

from labeling.task_types import LABELING_TASK_TYPES, LabelingTaskType, ResultInvalid
from training.tasks import TASK_TYPES

LABELS = ["good", 'say "no" & <go>', "naïve 日本語", "$text", "cost $5", "it's", "&amp;", "a\ttab"]
FIELDS = {"text": "a text that is long enough", "text_a": "one", "text_b": "another"}
CHOOSING_ONE = pytest.mark.parametrize("name", ["text_classification", "pair_classification"])
EVERY = pytest.mark.parametrize("task_type", LABELING_TASK_TYPES.values(), ids=LABELING_TASK_TYPES)


def values(config: str) -> list[str]:
    shown = [element for element in ElementTree.fromstring(config).iter() if element.tag in ("Choice", "Label")]
    return [element.get("alias") or element.attrib["value"] for element in shown]


def targets(name: str) -> list[str]:
    if name == "multi_label_classification":
        return ["[]", *(json.dumps(LABELS[: n + 1], ensure_ascii=False) for n in range(len(LABELS)))]
    if name == "entity_extraction":
        spans = [{"start": 2 * n, "end": 2 * n + 2, "label": label} for n, label in enumerate(LABELS)]
        return ["[]", json.dumps(spans, ensure_ascii=False)]
    return LABELS


def test_labelling_and_training_know_the_same_task_types() -> None:
    assert {name: one.input_fields for name, one in LABELING_TASK_TYPES.items()} == {
        name: one.input_fields for name, one in TASK_TYPES.items()
    }


@EVERY
def test_its_configuration_keeps_labels_of_any_text(task_type: LabelingTaskType) -> None:
    assert values(task_type.config(labels=LABELS)) == LABELS


@EVERY
def test_its_configuration_shows_every_field_and_names_no_other(task_type: LabelingTaskType) -> None:
    config = ElementTree.fromstring(task_type.config(labels=LABELS, instructions="Read $text, & choose"))
    shown = {element.attrib["value"] for element in config.iter("Text")}
    assert shown == {f"${name}" for name in task_type.input_fields}
    named = [v for e in config.iter() for k, v in e.attrib.items() if k == "value" and "$t" in v and e.tag != "Text"]
    assert named == []


@EVERY
def test_an_answer_reads_as_the_target_it_was_written_from(task_type: LabelingTaskType) -> None:
    for target in targets(task_type.name):
        result = task_type.result(target=target, fields=FIELDS)
        assert task_type.target(result=result, fields=FIELDS, labels=LABELS) == target


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
        LABELING_TASK_TYPES[name].target(result=result, fields=FIELDS, labels=LABELS)


@EVERY
def test_it_shows_an_examples_own_fields_and_nothing_else(task_type: LabelingTaskType) -> None:
    fields = {name: name.upper() for name in task_type.input_fields}
    assert task_type.data(fields={**fields, "secret": "label"}) == fields


def test_the_first_ten_labels_have_keys_and_the_rest_have_none() -> None:
    config = LABELING_TASK_TYPES["text_classification"].config(labels=[f"label {n}" for n in range(12)])
    keys = [choice.get("hotkey") for choice in ElementTree.fromstring(config).iter("Choice")]
    assert keys == [*"1234567890", None, None]
