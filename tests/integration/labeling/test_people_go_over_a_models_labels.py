import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from connections.models import Prompt
from labeling.models import Annotation
from reports.model_labels import ReviewOrder, num_reviewable, publish_review, reviewed
from runs.models import LabelingJob
from studies.labels import ModelAnswer, assign_model_labels
from studies.models import ChosenBy, Label
from tests import factories
from tests.integration.labeling.conftest import Member, published_ids, synced

pytestmark = pytest.mark.django_db


def test_its_label_is_a_first_answer_that_people_keep_or_change(annotator: Member, client: Client) -> None:
    study = factories.study()
    rows = factories.examples(study, ["one", "two", "three", "four"])
    assign_model_labels(answers=[ModelAnswer(example_id=one.pk, value="good", source_keys=[]) for one in rows])
    study.label_audits.create(label_ids=[], example_ids=[rows[0].pk], created_by=study.created_by)
    assert num_reviewable(study) == 3
    out = StringIO()
    call_command("model_labels", "review", str(study.pk), "--examples", "2", "--yes", stdout=out)
    assert "2 of 3 labels: holds 0.20 USD" in out.getvalue() and "2 published." in out.getvalue()
    first, second = published_ids(study)
    shown = annotator.http.get(f"/api/tasks/{first}", params={"project": study.labeling_project.label_studio_id})
    (prediction,) = shown.json()["predictions"]
    assert prediction["result"][0]["value"] == {"choices": ["good"]}

    annotator.annotate(first, "good", parent_prediction=prediction["id"])
    annotator.annotate(second, "bad")
    assert [one.state for one in synced(study)] == [Annotation.State.ACCEPTED] * 2
    assert [one.of_prelabel for one in Annotation.objects.order_by("created_at")] == ["kept", "changed"]
    assert reviewed(study) == (1, 1)
    people = Label.objects.filter(example__study=study, source=Label.Source.ANNOTATION)
    assert sorted(people.values_list("value", flat=True)) == ["bad", "good"]
    client.force_login(study.created_by)
    page = client.get(f"/studies/{study.pk}/labelling/").content.decode()
    assert "pre-label kept" in page and "pre-label changed" in page
    assert "kept it 1 time" in client.get(f"/studies/{study.pk}/labelling/model/").content.decode()


def test_those_come_first_that_it_was_least_sure_of(annotator: Member) -> None:
    study = factories.study()
    rows = factories.examples(study, ["one", "two", "three", "four"])
    assign_model_labels(answers=[ModelAnswer(example_id=one.pk, value="good", source_keys=[]) for one in rows])
    job = LabelingJob.objects.create(
        study=study,
        purpose=LabelingJob.Purpose.LABELS,
        connection=factories.connection(url="http://127.0.0.1:1"),
        prompt=Prompt.objects.create(version="a prompt", payload={}),
        plan={},
        example_ids=[one.pk for one in rows],
        asked_by=study.created_by,
    )
    for one, confidence in zip(rows, (0.9, 0.6, 0.8, 0.7), strict=True):
        job.labels.create(example=one, value="good", confidence=confidence)
    for _ in range(2):
        sent_once: dict[str, Any] = {"num_examples": 2, "order": ReviewOrder.LEAST_SURE, "request_key": "one form"}
        publish_review(actor=study.created_by, study=study, **sent_once)
    published = study.examples.filter(publication__isnull=False)
    assert {one.pk for one in published} == {rows[1].pk, rows[3].pk}
    assert {(one.chosen_by, one.publication.prelabel) for one in published} == {(ChosenBy.VERIFICATION, "good")}
    annotator.annotate(published_ids(study)[0], "bad")
    synced(study)
    assert study.examples.filter(label__source=Label.Source.ANNOTATION, chosen_by=ChosenBy.VERIFICATION).count() == 1


@pytest.mark.parametrize(
    ("task_type", "value", "shown_value"),
    [
        ("entity_extraction", [{"start": 0, "end": 3, "label": "good"}], {"start": 0, "end": 3, "labels": ["good"]}),
        ("text_generation", ["Two words"], {"text": ["Two words"]}),
    ],
)
def test_spans_and_texts_are_first_answers_too(
    annotator: Member, task_type: str, value: list[Any], shown_value: dict[str, Any]
) -> None:
    labels = ("good", "bad") if task_type == "entity_extraction" else ()
    study = factories.study(task_type=task_type, labels=labels)
    (row,) = factories.examples(study, ["one and two"])
    assign_model_labels(answers=[ModelAnswer(example_id=row.pk, value=json.dumps(value), source_keys=[])])
    call_command("model_labels", "review", str(study.pk), "--examples", "1", "--yes", stdout=StringIO())
    (first,) = published_ids(study)
    shown = annotator.http.get(f"/api/tasks/{first}", params={"project": study.labeling_project.label_studio_id})
    (prediction,) = shown.json()["predictions"]
    assert prediction["result"][0]["value"] == shown_value
