from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditRecord
from studies.editing import change_study
from studies.imports import ImportInUse, undo_import
from studies.labels import ModelAnswer, assign_label, assign_model_labels
from studies.models import ImportBatch, Label, ReplacedLabel, Study
from studies.queries import split_counts
from tests import factories

pytestmark = pytest.mark.django_db

ROWS = "text,label\none,bad\ntwo,good\nfour,good\n"


@pytest.fixture
def study() -> Study:
    """Three examples: a language model labelled two of them."""
    made = factories.study(labels=("good", "bad"))
    rows = factories.examples(made, ["one", "two", "three"])
    answers = [ModelAnswer(example_id=one.pk, value="good", source_keys=["tokens:1"]) for one in rows[:2]]
    assign_model_labels(answers=answers)
    return made


def undo(batch: ImportBatch) -> ImportBatch:
    return undo_import(actor=batch.created_by, batch=batch)


def labels(study: Study) -> list[Any]:
    found = Label.objects.filter(example__study=study).order_by("example")
    return list(found.values_list("example", "value", "source", "source_keys", "import_batch", "created_at"))


def record(action: str) -> AuditRecord:
    return AuditRecord.objects.filter(action=action).latest("pk")


def test_all_is_as_before_and_the_audit_trail_says_so(study: Study) -> None:
    before = labels(study), split_counts(study)
    batch = factories.import_csv(study, ROWS)
    assert {source for _, _, source, *_ in labels(study)} == {Label.Source.IMPORT}
    assert record("study.import").after["model_labels_replaced"] == 2
    undo(batch)
    assert (labels(study), split_counts(study)) == before
    assert record("study.undo_import").after == {"model_labels_restored": 2}
    assert not ReplacedLabel.objects.exists()


def test_it_can_be_imported_and_undone_again(study: Study) -> None:
    before = labels(study)
    undo(factories.import_csv(study, ROWS))
    undo(factories.import_csv(study, ROWS))
    assert labels(study) == before


def test_labels_of_people_were_not_replaced_and_stay(study: Study) -> None:
    example = study.examples.get(fields__text="one")
    assign_label(example=example, value="good", source_keys=["annotation:1"])
    before = labels(study)
    batch = factories.import_csv(study, "text,label\none,good\ntwo,good\n")
    assert ReplacedLabel.objects.count() == 1
    undo(batch)
    assert labels(study) == before


def test_a_label_that_the_study_has_no_longer_is_named(study: Study) -> None:
    batch = factories.import_csv(study, "text,label\none,bad\ntwo,bad\n")
    change_study(actor=study.created_by, study=study, labels=("fine", "bad"))
    with pytest.raises(ImportInUse, match=r"“good” is not a label of this study.*Change the study's labels back"):
        undo(batch)
    assert {value for _, value, *_ in labels(study)} == {"bad"} and ReplacedLabel.objects.count() == 2
    change_study(actor=study.created_by, study=study, labels=("good", "bad"))
    undo(ImportBatch.objects.get(pk=batch.pk))
    assert {value for _, value, *_ in labels(study)} == {"good"}


def test_its_page_says_how_many_come_back(study: Study, client: Client) -> None:
    batch = factories.import_csv(study, ROWS)
    client.force_login(study.created_by)
    page = client.get(reverse("import-undo", args=[study.pk, batch.pk])).content.decode()
    assert "2 labels of a language model that it replaced come back." in page
