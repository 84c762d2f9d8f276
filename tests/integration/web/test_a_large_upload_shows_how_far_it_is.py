import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from studies.imports import jobs as import_jobs
from studies.models import ImportBatch, ImportJob, Study

pytestmark = pytest.mark.django_db

ROWS = b"text,label\nfine day,good\nawful day,bad\n"


@pytest.fixture(autouse=True)
def large(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DIRECT_IMPORT_BYTES = 0
    monkeypatch.setattr(import_jobs, "enqueue", lambda job: None)


def address(name: str = "import-preview") -> str:
    batch = ImportBatch.objects.get()
    return reverse(name, args=[batch.study_id, batch.pk])


def upload(client: Client, study: Study, content: bytes = ROWS) -> str:
    page = client.post(
        reverse("import-upload", args=[study.pk]), {"file": SimpleUploadedFile("rows.csv", content)}, follow=True
    )
    return page.content.decode()


def work() -> None:
    import_jobs.carry_out_job(job_id=ImportJob.objects.get().pk)


def test_the_page_waits_and_follows_the_worker(manager: Client, study: Study) -> None:
    page = upload(manager, study)
    assert f'hx-get="{address("import-progress")}"' in page and "Waiting for a worker" in page
    ImportJob.objects.update(state=ImportJob.State.WORKING, num_done=500, num_rows=1200)
    now = manager.get(address("import-progress"))
    assert "500 of 1,200 rows are checked" in now.content.decode() and "HX-Refresh" not in now
    work()
    assert manager.get(address("import-progress"))["HX-Refresh"] == "true"


def test_the_workers_preview_is_confirmed_like_any_other(manager: Client, study: Study) -> None:
    upload(manager, study)
    work()
    shown = manager.get(address()).context
    values = {"column_text": "text", "label_column": "label", "split_column": "", "encoding": "utf-8"}
    pressed = {"digest": shown["summary"].digest, "confirm": shown["confirms"]}
    page = manager.post(address(), {**values, **pressed}, follow=True).content.decode()
    assert "Importing rows.csv" in page
    work()
    assert "2 examples imported from rows.csv" in manager.get(address(), follow=True).content.decode()
    assert study.examples.count() == 2


def test_columns_chosen_after_the_preview_are_previewed_first(manager: Client, study: Study) -> None:
    upload(manager, study)
    work()
    digest = manager.get(address()).context["summary"].digest
    values = {"column_text": "text", "label_column": "", "split_column": "", "encoding": "utf-8"}
    manager.post(address(), {**values, "digest": digest, "confirm": "all"})
    work()
    page = manager.get(address())
    assert "changed since the preview" in page.content.decode() and page.context["summary"] is None
    assert page.context["form"]["label_column"].value() == ""
    assert not study.examples.exists()


def test_another_choice_of_columns_is_read_anew(manager: Client, study: Study) -> None:
    upload(manager, study)
    work()
    manager.post(address(), {"column_text": "label", "label_column": "", "split_column": "", "encoding": "utf-8"})
    work()
    assert manager.get(address()).context["summary"].options["columns"] == {"text": "label"}


def test_a_file_in_another_encoding_is_read_again_in_it(manager: Client, study: Study) -> None:
    upload(manager, study, "text,label\ncafé,good\n".encode("cp1252"))
    work()
    assert "cannot be read with these settings" in manager.get(address()).content.decode()
    manager.get(address(), {"encoding": "cp1252"})
    work()
    assert manager.get(address()).context["summary"].rows == [["café", "good"]]
