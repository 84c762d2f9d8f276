from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from labeling.models import Batch
from studies.models import ImportBatch, Study
from tests import factories
from tests.labelling import hold_examples

pytestmark = pytest.mark.django_db

GOOD = "text,label\nfine day,good\nfine day,good\nawful day,bad\n"
HALF_GOOD = "text,label\nfine day,good\n ,good\nodd day,strange\n"
MAPPING = {"column_text": "text", "label_column": "label", "split_column": "", "encoding": "utf-8"}


def upload(client: Client, study: Study, content: str | bytes, name: str = "rows.csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile(name, data)
    return client.post(reverse("import-upload", args=[study.pk]), {"file": file}, follow=True)


def preview_url(study: Study) -> str:
    return reverse("import-preview", args=[study.pk, ImportBatch.objects.get().pk])


def test_an_upload_shows_what_it_would_bring_and_imports_nothing(manager: Client, study: Study) -> None:
    page = upload(manager, study, GOOD)
    checked = page.context["preview"].checked
    assert (len(checked.candidates), checked.num_duplicates, len(checked.errors)) == (2, 1, 0)
    assert not study.examples.exists()


def test_the_text_needs_a_column_and_the_label_does_not(manager: Client, study: Study) -> None:
    page = upload(manager, study, GOOD).content.decode()
    assert 'for="id_column_text">Column with text</label>' in page
    assert 'for="id_label_column">Column with the label <span class="optional">(optional)</span></label>' in page


def confirm(client: Client, page: Any, mapping: dict[str, str] = MAPPING) -> Any:
    """Press the page's button, with its fields as they are."""
    shown = page.context
    pressed = {"digest": shown["summary"].digest, "confirm": shown["confirms"]}
    return client.post(preview_url(shown["study"]), {**mapping, **pressed}, follow=True)


def test_the_confirmed_preview_is_imported(manager: Client, study: Study) -> None:
    page = confirm(manager, upload(manager, study, GOOD))
    assert study.examples.count() == 2
    assert "2 examples imported from rows.csv; 1 duplicate" in page.content.decode()


def test_rows_with_errors_are_named_by_line(manager: Client, study: Study) -> None:
    page = upload(manager, study, HALF_GOOD).content.decode()
    assert "Line 3: text: the text is empty" in page
    assert "Line 4: label: “strange” is not a label of this study" in page


def test_a_file_with_errors_is_not_imported_by_itself(manager: Client, study: Study) -> None:
    digest = upload(manager, study, HALF_GOOD).context["summary"].digest
    page = manager.post(preview_url(study), {**MAPPING, "digest": digest, "confirm": "all"})
    assert "nothing was imported" in page.context["form"].non_field_errors()[0]
    assert not study.examples.exists()


def test_the_good_rows_can_be_imported_alone(manager: Client, study: Study) -> None:
    page = upload(manager, study, HALF_GOOD)
    assert page.context["summary"].deed == "Import 1 example, without 2 rows with errors"
    confirm(manager, page)
    assert study.examples.count() == 1


def test_columns_chosen_after_the_preview_are_previewed_before_they_are_imported(manager: Client, study: Study) -> None:
    page = upload(manager, study, "text,kind\nfine day,good\nawful day,bad\n")
    again = confirm(manager, page, {**MAPPING, "label_column": "kind"})
    assert "changed since the preview" in again.context["form"].non_field_errors()[0]
    assert not study.examples.exists()
    confirm(manager, again, {**MAPPING, "label_column": "kind"})
    assert sorted(study.examples.values_list("label__value", flat=True)) == ["bad", "good"]


def test_a_study_that_changed_since_the_preview_is_previewed_anew(manager: Client, study: Study) -> None:
    page = upload(manager, study, GOOD)
    factories.examples(study, ["fine day"])
    batch = ImportBatch.objects.get(file_name="rows.csv")
    pressed = {**MAPPING, "digest": page.context["summary"].digest, "confirm": "all"}
    again = manager.post(reverse("import-preview", args=[study.pk, batch.pk]), pressed)
    assert again.context["summary"].deed == "Import 1 example and add 1 label"


def test_a_confirmation_that_saw_no_preview_imports_nothing(manager: Client, study: Study) -> None:
    upload(manager, study, GOOD)
    manager.post(preview_url(study), {**MAPPING, "confirm": "all"})
    assert not study.examples.exists()


def test_another_import_of_the_same_file_is_told_what_it_changes(manager: Client, study: Study) -> None:
    factories.examples(study, ["fine day", "awful day"])
    file = SimpleUploadedFile("labels.csv", b"text,label,split\nfine day,good,dev\nawful day,bad,pool\n")
    page = manager.post(reverse("import-upload", args=[study.pk]), {"file": file}, follow=True)
    assert page.context["summary"].deed == "Add 2 labels"
    assert "1 row names another split than its example has" in page.content.decode()


def test_a_file_that_changes_nothing_offers_no_button(manager: Client, study: Study) -> None:
    factories.import_csv(study, GOOD)
    page = manager.post(
        reverse("import-upload", args=[study.pk]), {"file": SimpleUploadedFile("again.csv", GOOD.encode())}, follow=True
    )
    assert page.context["summary"].deed == ""
    assert "this file changes nothing" in page.content.decode()


def test_another_mapping_changes_the_preview(manager: Client, study: Study) -> None:
    upload(manager, study, "id,body,label\n1,fine day,good\n")
    page = manager.get(preview_url(study), {**MAPPING, "column_text": "body"})
    assert page.context["preview"].checked.candidates[0].fields == {"text": "fine day"}


def test_a_column_the_file_does_not_have_is_refused(manager: Client, study: Study) -> None:
    upload(manager, study, GOOD)
    page = manager.get(preview_url(study), {**MAPPING, "column_text": "body"})
    assert "no column body" in page.context["form"].non_field_errors()[0]


def test_a_file_in_another_encoding_asks_for_it(manager: Client, study: Study) -> None:
    page = upload(manager, study, "text,label\ncafé,good\n".encode("cp1252"))
    assert "Line 2 is not UTF-8" in page.content.decode()
    again = manager.get(preview_url(study), {"encoding": "cp1252"})
    assert again.context["summary"].rows == [["café", "good"]]


def test_a_file_that_is_too_large_is_refused(manager: Client, study: Study, settings: Settings) -> None:
    settings.MAX_IMPORT_BYTES = 10
    page = upload(manager, study, GOOD)
    assert "the maximum is" in page.content.decode()
    assert not ImportBatch.objects.exists()


def test_a_file_of_another_kind_is_refused_with_the_kinds_that_are_read(manager: Client, study: Study) -> None:
    page = upload(manager, study, "hello", name="rows.docx")
    assert "files ending in .csv, .tsv or .jsonl are read" in page.content.decode()


def test_an_imported_file_leads_back_to_the_data(manager: Client, study: Study) -> None:
    confirm(manager, upload(manager, study, GOOD))
    page = manager.get(preview_url(study), follow=True)
    assert page.redirect_chain[-1][0] == reverse("study-data", args=[study.pk])


def test_markup_in_a_text_stays_text(manager: Client, study: Study) -> None:
    page = upload(manager, study, "text,label\n<script>alert(1)</script>,good\n")
    assert "<script>alert" not in page.content.decode()


def test_a_pair_study_asks_for_a_column_for_each_text(manager: Client) -> None:
    pairs = factories.study(task_type="pair_classification", labels=("same", "other"))
    page = upload(manager, pairs, "text_a,text_b,label\none,uno,same\n")
    assert [field.value() for field in page.context["form"].column_fields] == ["text_a", "text_b"]
    assert page.context["preview"].checked.candidates[0].fields == {"text_a": "one", "text_b": "uno"}


def test_a_file_with_too_few_columns_says_which_are_there(manager: Client) -> None:
    pairs = factories.study(task_type="pair_classification", labels=("same", "other"))
    page = upload(manager, pairs, "text_a,label\none,same\n")
    assert "Choose a column for text_b. The file has text_a, label." in page.content.decode()


def test_labels_for_what_is_published_are_told_before_and_after(manager: Client, study: Study) -> None:
    """Label Studio is away here, so that the page can only promise; a real one is asked in tests of labelling."""
    factories.examples(study, ["fine day", "awful day", "odd day"])
    hold_examples(study)
    Batch.objects.update(state=Batch.State.PUBLISHED)
    file = SimpleUploadedFile("labels.csv", GOOD.encode())
    page = manager.post(reverse("import-upload", args=[study.pk]), {"file": file}, follow=True)
    assert "2 of the examples that get a label are published." in page.content.decode()
    url = reverse("import-preview", args=[study.pk, ImportBatch.objects.get(file_name="labels.csv").pk])
    pressed = {"digest": page.context["summary"].digest, "confirm": "all"}
    after = manager.post(url, {**MAPPING, **pressed}, follow=True).content.decode()
    assert "2 labels added to examples without one" in after
    assert "Published examples that have a label now are withdrawn as soon as possible." in after
