import json
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Role
from budgets.models import LedgerEntry
from labeling.agreement import agreement
from labeling.label_studio import LabelStudioClient
from labeling.models import Annotation
from labeling.publishing import publish
from labeling.replay import replay
from studies.imports import draft_import, import_examples, propose_options
from studies.models import Example, Label, Study
from tests import factories
from tests.integration.labeling.conftest import Enter, Member, is_exact, published_ids, spent_and_held, synced
from tests.labelling import published_study
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
State = Annotation.State

TEXT = "🧪 add 5 mL\r\nof NaCl"


def region(start: int, end: int, label: str) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": [label]}
    return {"from_name": "label", "to_name": "text", "type": "labels", "value": value}


def chosen(*labels: str) -> list[dict[str, Any]]:
    return [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": list(labels)}}]


# As Label Studio counts: the emoji is one character, and so is the line's end.
AMOUNT, REAGENT = region(6, 10, "Amount"), region(14, 18, "Reagent")


def published(task_type: str, *texts: str, **fields: Any) -> Study:
    labels = ("Amount", "Reagent", "Device")
    return published_study(*(texts or [TEXT]), task_type=task_type, labels=labels, **fields)


def words(label: Label) -> list[tuple[str, str]]:
    text = label.example.fields["text"]
    return [(one["label"], text[one["start"] : one["end"]]) for one in json.loads(label.value)]


def test_spans_behind_an_emoji_are_paid_once_and_become_the_label(
    label_studio: LabelStudioServer, client_of: LabelStudioClient, annotator: Member
) -> None:
    study = published("entity_extraction")
    (task,) = published_ids(study)
    assert annotator.http.get(f"/api/tasks/{task}").json()["data"]["text"] == TEXT.replace("\r\n", "\n")
    made = annotator.annotate(task, result=[REAGENT, AMOUNT])
    assert made.status_code == 201, made.text
    (annotation,) = synced(study)
    synced(study)
    assert annotation.state == State.ACCEPTED
    assert words(annotation.example.label) == [("Amount", "5 mL"), ("Reagent", "NaCl")]
    assert (spent_and_held(study), LedgerEntry.objects.count()) == (("0.10", "0.00"), 1)
    assert is_exact(study)


def test_overlapping_spans_are_rejected_until_they_are_put_right(
    label_studio: LabelStudioServer, annotator: Member
) -> None:
    study = published("entity_extraction")
    made = annotator.annotate(published_ids(study)[0], result=[AMOUNT, region(8, 13, "Device")]).json()
    (rejected,) = synced(study)
    assert (rejected.state, spent_and_held(study)) == (State.REJECTED, ("0.00", "0.10"))
    assert "overlap" in rejected.reason
    annotator.http.patch(f"/api/annotations/{made['id']}", json={"result": [AMOUNT]})
    (accepted,) = synced(study)
    assert (accepted.state, words(accepted.example.label)) == (State.ACCEPTED, [("Amount", "5 mL")])
    assert spent_and_held(study) == ("0.10", "0.00")


def test_three_people_agree_span_by_span(label_studio: LabelStudioServer, enter: Enter) -> None:
    study = published("entity_extraction", annotations_per_example=3)
    for result in ([AMOUNT], [AMOUNT, REAGENT], [region(6, 7, "Amount"), REAGENT]):
        enter(factories.person(Role.ANNOTATOR)).annotate(published_ids(study)[0], result=result)
    annotations = synced(study)
    label = Label.objects.get(example=annotations[0].example)
    assert words(label) == [("Amount", "5 mL"), ("Reagent", "NaCl")]
    assert label.source_keys == sorted(one.source_key for one in annotations)
    assert spent_and_held(study) == ("0.30", "0.00")


def test_several_labels_or_none_are_answers_each_paid_once(label_studio: LabelStudioServer, annotator: Member) -> None:
    study = published("multi_label_classification", "🧪 one", "two", "three")
    tasks = published_ids(study)
    for task, result in zip(tasks, [chosen("Device", "Amount"), [], chosen("Nonsense")], strict=True):
        assert annotator.annotate(task, result=result).status_code == 201
    both, none, refused = synced(study)
    assert [both.value, none.value] == ['["Amount", "Device"]', "[]"]
    assert Label.objects.get(example=none.example).value == "[]"
    assert (refused.state, refused.reason) == (State.REJECTED, "“Nonsense” is not one of the study's labels.")
    assert spent_and_held(study) == ("0.20", "0.10")


def written(text: str, field: str) -> dict[str, Any]:
    return {"from_name": "label", "to_name": field, "type": "textarea", "value": {"text": [text]}}


def test_answers_that_are_marked_or_written_are_paid_once_each_and_decided_together(
    label_studio: LabelStudioServer, enter: Enter
) -> None:
    study = factories.study(
        task_type="question_answering", labels=(), annotations_per_example=3, dev_fraction=0, test_fraction=0
    )
    rows = [{"question": "How much?", "passage": TEXT}, {"question": "Who?", "passage": None}]
    content = "\n".join(json.dumps(row) for row in rows).encode()
    batch = draft_import(actor=study.created_by, study=study, file_name="rows.jsonl", content=content)
    import_examples(actor=study.created_by, batch=batch, options=propose_options(batch=batch))
    publish(actor=study.created_by, study=study)
    with_passage = study.examples.get(fields__question="How much?")
    mark = {"start": 6, "end": 11, "text": "5 mL\\n", "labels": ["Answer"]}
    marked = {"from_name": "mark", "to_name": "passage", "type": "labels", "value": mark}
    answers = [[written("five", "question")], [marked], [written("5 mL.", "question")]]
    task = with_passage.publication.label_studio_id or 0
    for result in answers:
        made = enter(factories.person(Role.ANNOTATOR)).annotate(task, result=result)
        assert made.status_code == 201, made.text
    assert {one.state for one in synced(study)} == {State.ACCEPTED}
    assert json.loads(Label.objects.get().value) == [{"text": "5 mL", "start": 6}]
    assert spent_and_held(study) == ("0.30", "0.30")
    # Of three pairs one is of equal answers.
    found = agreement(study)
    assert found and (found.value, found.num_examples) == (pytest.approx(1 / 3), 1)


def test_a_written_text_becomes_the_label_and_an_empty_one_is_refused(
    label_studio: LabelStudioServer, annotator: Member
) -> None:
    study = published_study("one 🧪", "two", task_type="text_generation", labels=())
    for task, text in zip(published_ids(study), ["another\n", " \n"], strict=True):
        assert annotator.annotate(task, result=[written(text, "text")]).status_code == 201
    kept, refused = synced(study)
    assert (kept.value, kept.example.label.value) == ('["another"]', '["another"]')
    assert (refused.state, refused.reason) == (State.REJECTED, "The answer has no text. Write one, or skip.")
    assert spent_and_held(study) == ("0.10", "0.10")


@pytest.mark.parametrize(
    ("task_type", "answer"),
    [
        ("entity_extraction", '[{"start": 6, "end": 10, "label": "Amount"}]'),
        ("multi_label_classification", '["Amount", "Reagent"]'),
    ],
)
def test_known_answers_of_every_kind_are_replayed(label_studio: LabelStudioServer, task_type: str, answer: str) -> None:
    study = published(task_type)

    def known(example: Example) -> str:
        return answer

    def quick(example: Example) -> timedelta:
        return timedelta(seconds=5)

    person = factories.person(Role.ANNOTATOR, is_replay=True)
    replay(study=study, annotators=[person], answers=known, lead_time=quick)
    assert [one.value for one in synced(study)] == [answer]
