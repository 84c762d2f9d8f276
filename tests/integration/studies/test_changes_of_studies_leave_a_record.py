import pytest

from accounts.models import AuditRecord
from studies.editing import freeze_test
from studies.imports import ImportOptions, RowsInvalid, draft_import, import_examples
from studies.models import Study
from tests import factories

pytestmark = pytest.mark.django_db


def of(action: str) -> AuditRecord:
    return AuditRecord.objects.get(action=action)


@pytest.fixture
def study() -> Study:
    return factories.study(labels=("good", "bad"))


def test_a_new_study_is_recorded_with_what_it_is(study: Study) -> None:
    made = of("study.create")
    assert (made.actor, made.subject_id, made.budget_id) == (study.created_by, study.pk, study.budget_id)
    assert (made.before, made.after["labels"], made.after["metric"]) == ({}, ["good", "bad"], "accuracy")


def test_an_import_is_recorded_with_its_counts(study: Study) -> None:
    factories.import_csv(study, "text,label\none,good\none,good\ntwo,bad\n")
    counts = {"examples_created": 2, "labels_created": 2, "labels_added_later": 0, "duplicates": 1, "rows_skipped": 0}
    after = of("study.import").after
    assert len(after.pop("sha256")) == 64
    assert after == {"file": "rows.csv", **counts}


def test_a_refused_import_leaves_no_record(study: Study) -> None:
    batch = draft_import(
        actor=study.created_by, study=study, file_name="rows.csv", content=b"text,label\none,unheard\n"
    )
    options = ImportOptions(columns={"text": "text"}, label_column="label")
    with pytest.raises(RowsInvalid):
        import_examples(actor=study.created_by, batch=batch, options=options)
    assert not AuditRecord.objects.filter(action="study.import").exists()


def test_the_test_split_is_frozen_and_recorded_once(study: Study) -> None:
    freeze_test(actor=study.created_by, study=study)
    freeze_test(actor=study.created_by, study=study)
    assert (of("study.freeze_test").before, of("study.freeze_test").after) == (
        {"test_frozen": False},
        {"test_frozen": True},
    )
