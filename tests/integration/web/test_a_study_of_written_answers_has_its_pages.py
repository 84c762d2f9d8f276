import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from runs.models import Artifact
from studies.editing import duplicate_study
from studies.models import Split, Study
from studies.queries import labelled
from tests import factories
from tests.integration.reports import ground
from tests.tiny_artifacts import give_predictions

pytestmark = pytest.mark.django_db

SOURCES = [f"the film number {number} was good" for number in range(12)]


@pytest.fixture
def students(settings: Settings, tmp_path: Path) -> list[Artifact]:
    """The first answers every text rightly, the second leaves half of the words out of the last two."""
    study = factories.study(task_type="text_generation", labels=(), metric="bleu")
    golds = [json.dumps([f"a fine picture of {number}", "another"]) for number in range(len(SOURCES))]
    made = factories.examples(study, SOURCES, split=Split.TEST, labels=golds)
    factories.examples(study, ["one", "two", "three", "four"], labels=['["a"]', '["b"]', '["c"]', '["d"]'])
    students = [ground.annotated(study, num_labels=2), ground.annotated(study, num_labels=4)]
    right = [json.dumps([f"a fine picture of {number}"]) for number in range(len(SOURCES))]
    half = [*right[:10], '["a fine"]', '["a"]']
    for artifact, said in zip(students, (right, half), strict=True):
        answers = zip(made, golds, said, strict=True)
        give_predictions(artifact, settings, tmp_path, [(str(one.uid), gold, answer) for one, gold, answer in answers])
    return students


def page(client: Client, name: str, pk: int, **query: int | str) -> str:
    return " ".join(client.get(reverse(name, args=[pk]), query).content.decode().split())


def test_it_is_made_without_labels_and_with_the_metrics_that_may_measure_it(manager: Client) -> None:
    url = reverse("create-study")
    query = {"task_type": "text_generation", "labels": "kept", "student": "hub", "student_name": "t5-small"}
    part = manager.get(url, query, headers={"HX-Request": "true"}).content.decode()
    assert (
        'value="t5-small"' in part
        and "harmonic iBLEU" in part
        and "BERT-iBLEU" in part
        and "Not copied" not in part
        and 'name="labels"' not in part
    )
    query["task_type"] = "text_classification"
    assert "kept" in manager.get(url, query, headers={"HX-Request": "true"}).content.decode()
    asked = manager.get(url, {"task_type": "question_answering"}, headers={"HX-Request": "true"}).content.decode()
    assert "An encoder marks answers in passages." in asked and "paraphrase-MiniLM-L3-v2" in asked
    form = {"name": "Answers", "task_type": "question_answering", "metric": "exact_match"}
    assert "such as T5" in part and "paraphrase-MiniLM-L3-v2" not in part
    models = {"student": "hub", "student_name": "t5-small", "teacher": "hub", "teacher_name": "t5-base"}
    money = {"limit": "10", "price_book": factories.price_book().pk, "pay_basis": "per_label", "max_paid_seconds": 300}
    rest = {"annotations_per_example": 1, "dev_fraction": 0, "test_fraction": 0, "seed": 0}
    manager.post(url, {**form, **models, **money, **rest})
    study = Study.objects.get()
    assert (study.labels, study.metric) == ([], "exact_match")
    change = page(manager, "change-study", study.pk)
    assert 'name="labels"' not in change and "Measure on dev" not in change
    manager.post(reverse("change-study", args=[study.pk]), {"name": "Changed", "instructions": "Be short."})
    assert Study.objects.get().name == "Changed"


def test_questions_are_imported_with_passages_that_may_be_missing_and_come_out_as_they_went_in(manager: Client) -> None:
    study = factories.study(task_type="question_answering", labels=(), dev_fraction=0, test_fraction=0)
    rows = [
        {"question": "Where?", "passage": "In Paris.", "label": [{"text": "Paris", "start": 3}, "France"]},
        {"question": "Who?", "passage": "", "label": None},
    ]
    content = "".join(json.dumps(row) + "\n" for row in rows)
    upload = reverse("import-upload", args=[study.pk])
    assert "<code>passage</code> is optional" in page(manager, "import-upload", study.pk)
    sent = manager.post(upload, {"file": SimpleUploadedFile("rows.jsonl", content.encode())}, follow=True)
    assert 'Column with passage <span class="optional">(optional)</span>' in sent.content.decode()
    preview = sent.context
    mapping = {"column_question": "question", "column_passage": "passage", "label_column": "label", "split_column": ""}
    pressed = {"encoding": "utf-8", "digest": preview["summary"].digest, "confirm": preview["confirms"]}
    manager.post(sent.redirect_chain[-1][0], {**mapping, **pressed})
    data = page(manager, "study-data", study.pk)
    assert '<span class="clip">Paris</span><span class="clip">France</span>' in data
    copied = duplicate_study(actor=study.created_by, study=study, name="Copy", limit="10", with_data=True)
    assert [one.label.value for one in labelled(copied, "pool")] == [one.label.value for one in labelled(study, "pool")]
    answer = manager.get(reverse("data-file", args=[study.pk, "jsonl"]))
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    found = [{name: one[name] for name in ("question", "passage", "label")} for one in map(json.loads, lines)]
    assert sorted(found, key=lambda row: str(row["question"]), reverse=True) == rows[::-1]


def test_a_models_answers_are_scored_without_classes(manager: Client, students: list[Artifact]) -> None:
    text = page(manager, "quality", students[1].pk)
    assert "mean ROUGE-L 90.9 %" in text and "a fine picture of 11 | another" in text
    assert "Each class" not in text and "Confusions" not in text and "Learning curves" not in text
    assert text.index("the film number 11 was good") < text.index("33.3 %") < text.index("57.1 %")
    assert manager.get(reverse("learning-curves", args=[students[0].run.study_id])).status_code == 404
    test = {"num_examples": 12, "num_seeds": 2, "num_cut": 3, "num_unparsed": 1}
    Artifact.objects.update(result={"metrics": {"test": test}, "seeds": [{"seed": 1}, {"seed": 2}]})
    told = "Of 24 answers to test, of all seeds, 3 were cut at the maximum length and 1 is empty."
    shown = page(manager, "artifact", students[1].pk)
    assert "Answers: lowest scores, worst slices" in shown and told in shown
    assert told in page(manager, "run", students[1].run_id)


def test_two_models_are_compared_by_what_they_wrote(manager: Client, students: list[Artifact]) -> None:
    pair = {"first": students[0].pk, "second": students[1].pk}
    text = page(manager, "compare", students[0].run.study_id, **pair)
    assert "Of 12 examples that both saved models answered, 2 are answered better by one of them" in text
    assert text.index("number 11 was") < text.index("number 10 was")
    assert "paired bootstrap" in text.lower() and "a fine picture of 11 | another" in text


@pytest.mark.parametrize(
    "name", ["study", "study-data", "labelling", "publish", "start-run", "report", "print-report", "next-tranche"]
)
def test_every_page_of_the_study_opens(manager: Client, students: list[Artifact], name: str) -> None:
    assert manager.get(reverse(name, args=[students[0].run.study_id])).status_code == 200
