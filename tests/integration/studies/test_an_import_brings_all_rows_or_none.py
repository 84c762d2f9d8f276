import pytest
from pytest_django import Settings

from accounts.models import Role
from accounts.permissions import Forbidden
from studies.imports import (
    AlreadyImported,
    FileUnreadable,
    ImportOptions,
    RowsInvalid,
    draft_import,
    import_examples,
    preview_import,
)
from studies.models import ImportBatch, Label
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_same_file_twice_adds_nothing() -> None:
    study = factories.study()
    factories.import_csv(study, "text,label\na,good\nb,bad\n")
    again = factories.import_csv(study, "text,label\na,good\nb,bad\n")
    assert (study.examples.count(), again.num_created, again.num_duplicates) == (2, 0, 2)


def test_one_bad_row_keeps_the_whole_file_out() -> None:
    study = factories.study()
    with pytest.raises(RowsInvalid, match="Line 3: label: “ugly”"):
        factories.import_csv(study, "text,label\na,good\nb,ugly\n")
    assert not study.examples.exists()


def test_good_rows_come_in_when_asked_for() -> None:
    study = factories.study()
    batch = factories.import_csv(study, "text,label\na,good\nb,ugly\n", skip_bad_rows=True)
    assert (batch.num_created, batch.num_skipped) == (1, 1)


def test_a_preview_writes_nothing_and_agrees_with_the_import() -> None:
    study = factories.study()
    batch = draft_import(
        actor=study.created_by, study=study, file_name="a.csv", content=b"text,label\na,good\na,good\n"
    )
    options = ImportOptions(columns={"text": "text"}, label_column="label")
    preview = preview_import(batch=batch, options=options)
    assert not study.examples.exists()
    imported = import_examples(actor=study.created_by, batch=batch, options=options)
    assert (len(preview.checked.candidates), preview.checked.num_duplicates) == (1, 1)
    assert (imported.num_created, imported.num_duplicates) == (1, 1)


def test_a_draft_is_imported_once() -> None:
    study = factories.study()
    batch = factories.import_csv(study, "text\na\n")
    with pytest.raises(AlreadyImported):
        import_examples(actor=study.created_by, batch=batch, options=ImportOptions(columns={"text": "text"}))


def test_a_file_over_the_limit_is_refused_before_it_is_kept(settings: Settings) -> None:
    settings.MAX_IMPORT_BYTES = 50 * 2**20 - 1
    study = factories.study()
    with pytest.raises(FileUnreadable, match="50 MiB"):
        draft_import(actor=study.created_by, study=study, file_name="a.csv", content=b"x" * (50 * 2**20))
    assert not ImportBatch.objects.exists()


def test_labels_that_come_later_are_added_to_examples_without_one() -> None:
    study = factories.study()
    factories.import_csv(study, "text\na\n")
    factories.import_csv(study, "text,label\na,good\n")
    assert Label.objects.get().value == "good"


def test_an_annotator_imports_nothing() -> None:
    study = factories.study()
    with pytest.raises(Forbidden):
        draft_import(actor=factories.person(Role.ANNOTATOR), study=study, file_name="a.csv", content=b"text\na\n")


def test_a_file_name_that_cannot_be_shown_is_kept_as_far_as_it_can_be() -> None:
    study = factories.study()
    batch = draft_import(actor=study.created_by, study=study, file_name="a\x0bb\udcff.csv", content=b"text\na\n")
    assert (batch.file_name, batch.created_by) == ("a\ufffdb\ufffd.csv", study.created_by)
