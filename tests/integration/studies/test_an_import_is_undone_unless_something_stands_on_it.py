import pytest

from accounts.models import AuditRecord, Role
from accounts.permissions import Forbidden
from studies.editing import freeze_test
from studies.imports import ImportInUse, undo_import
from studies.labels import assign_label
from studies.models import ImportBatch, Label, Study
from studies.snapshots import take_snapshot
from tests import factories

pytestmark = pytest.mark.django_db

ROWS = "text,label,split\none,good,pool\ntwo,bad,pool\n"


@pytest.fixture
def study() -> Study:
    return factories.study(labels=("good", "bad"))


def undo(batch: ImportBatch) -> ImportBatch:
    return undo_import(actor=batch.created_by, batch=batch)


def test_what_it_brought_is_gone_and_its_counts_stay(study: Study) -> None:
    batch = undo(factories.import_csv(study, ROWS))
    assert not study.examples.exists() and not Label.objects.exists()
    assert (batch.state, batch.num_created, batch.num_labels, batch.undone_by) == ("undone", 2, 2, batch.created_by)


def test_labels_that_it_gave_to_examples_that_were_here_are_taken_back(study: Study) -> None:
    factories.examples(study, ["one"])
    batch = factories.import_csv(study, ROWS)
    assert (batch.num_created, batch.num_labels, batch.num_late_labels) == (1, 1, 1)
    undo(batch)
    assert [str(one) for one in study.examples.filter(label__isnull=True)] == ["one"]
    assert not Label.objects.exists()


def test_the_same_file_comes_again_after_it(study: Study) -> None:
    undo(factories.import_csv(study, ROWS))
    assert factories.import_csv(study, ROWS).num_created == 2


def test_it_leaves_a_record_of_what_was_taken_out(study: Study) -> None:
    undo(factories.import_csv(study, ROWS))
    record = AuditRecord.objects.get(action="study.undo_import")
    assert (record.before["file"], record.before["examples_created"]) == ("rows.csv", 2)


def test_twice_is_refused(study: Study) -> None:
    batch = undo(factories.import_csv(study, ROWS))
    with pytest.raises(ImportInUse, match="was undone at"):
        undo(batch)


def test_a_snapshot_that_holds_its_examples_is_named(study: Study) -> None:
    batch = factories.import_csv(study, ROWS)
    take_snapshot(study=study)
    with pytest.raises(ImportInUse, match="2 of its labels are in the snapshot"):
        undo(batch)
    assert study.examples.filter(label__isnull=False).count() == 2


def test_a_label_by_people_is_named(study: Study) -> None:
    batch = factories.import_csv(study, "text\none\n")
    assign_label(example=study.examples.get(), value="good", source_keys=["annotation:1"])
    with pytest.raises(ImportInUse, match="1 labels"):
        undo(batch)
    assert Label.objects.get().source == Label.Source.ANNOTATION


def test_a_later_import_that_labelled_its_examples_is_undone_first(study: Study) -> None:
    first = factories.import_csv(study, "text\none\n")
    second = factories.import_csv(study, "text,label\none,good\n")
    with pytest.raises(ImportInUse):
        undo(first)
    undo(second)
    assert undo(first).state == ImportBatch.State.UNDONE


def test_a_run_that_was_started_since_is_named(study: Study) -> None:
    batch = factories.import_csv(study, ROWS)
    freeze_test(actor=study.created_by, study=study)
    with pytest.raises(ImportInUse, match="a run was started"):
        undo(batch)


def test_what_came_after_the_last_run_can_be_undone(study: Study) -> None:
    factories.import_csv(study, ROWS)
    freeze_test(actor=study.created_by, study=study)
    batch = factories.import_csv(study, "text,split\nthree,pool\n")
    assert undo(batch).state == ImportBatch.State.UNDONE


def test_an_import_that_did_not_note_its_labels_stays(study: Study) -> None:
    batch = factories.import_csv(study, ROWS)
    ImportBatch.objects.filter(pk=batch.pk).update(imported_at=None)
    with pytest.raises(ImportInUse, match="by an earlier version"):
        undo(batch)


def test_an_annotator_undoes_nothing(study: Study) -> None:
    batch = factories.import_csv(study, ROWS)
    with pytest.raises(Forbidden):
        undo_import(actor=factories.person(Role.ANNOTATOR), batch=batch)
