"""A job's row says what is to be done; whoever dies at it is followed by the next, and the third is the last."""

from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from config.advisory_locks import LockClass
from studies.imports import (
    ImportOptions,
    ImportSummary,
    ask_import,
    ask_preview,
    carry_out_job,
    draft_import,
    lost_jobs,
    preview_import,
)
from studies.imports import jobs as import_jobs
from studies.models import ImportBatch, ImportJob, Study
from tests import factories

pytestmark = pytest.mark.django_db

State = ImportJob.State


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[int]:
    """What a worker is told of, none of which listens here."""
    told: list[int] = []
    monkeypatch.setattr(import_jobs, "enqueue", lambda job: told.append(job.pk))
    settings.DIRECT_IMPORT_BYTES = 0
    return told


@pytest.fixture
def batch() -> ImportBatch:
    return draft(factories.study(labels=("good", "bad")))


def draft(study: Study, text: str = "text,label\none,good\ntwo,ugly\n") -> ImportBatch:
    return draft_import(actor=study.created_by, study=study, file_name="rows.csv", content=text.encode())


def previewed(batch: ImportBatch, options: ImportOptions | None = None) -> ImportJob:
    job = ask_preview(actor=batch.created_by, batch=batch, options=options)
    carry_out_job(job_id=job.pk)
    job.refresh_from_db()
    return job


def importing(batch: ImportBatch) -> ImportJob:
    found = ImportSummary(**(previewed(batch).outcome or {}))
    return ask_import(
        actor=batch.created_by,
        batch=batch,
        options=ImportOptions(**found.options),
        expected_digest=found.digest,
        skip_bad_rows=True,
    )


def test_a_preview_is_kept_for_the_page(batch: ImportBatch) -> None:
    job = previewed(batch)
    found = ImportSummary(**(job.outcome or {}))
    assert (job.state, found.deed) == (State.DONE, "Import 1 example, without 1 row with errors")
    assert (found.columns, found.rows[0], job.num_rows) == (["text", "label"], ["one", "good"], 2)


def test_what_was_previewed_is_imported(batch: ImportBatch) -> None:
    job = importing(batch)
    carry_out_job(job_id=job.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.num_created, batch.imported_by) == ("imported", 1, batch.created_by)


def test_a_message_that_comes_twice_changes_nothing(batch: ImportBatch) -> None:
    job = importing(batch)
    carry_out_job(job_id=job.pk)
    carry_out_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, batch.study.examples.count()) == (State.DONE, 1)


def test_a_file_that_cannot_be_read_says_why(batch: ImportBatch) -> None:
    job = previewed(draft(batch.study, "text,label\n"))
    assert job.state == State.FAILED and "no rows" in job.problem


def test_a_study_that_changed_since_the_preview_is_not_imported_into(batch: ImportBatch) -> None:
    job = importing(batch)
    factories.examples(batch.study, ["one"])
    carry_out_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == State.FAILED and "changed since the preview" in job.problem


def test_a_worker_that_died_is_followed_by_another(batch: ImportBatch, sent: list[int]) -> None:
    job = ask_preview(actor=batch.created_by, batch=batch)
    ImportJob.objects.update(state=State.WORKING, num_attempts=1)
    assert lost_jobs() == [job]
    carry_out_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.num_attempts) == (State.DONE, 2)


def test_the_third_death_is_the_last(batch: ImportBatch) -> None:
    job = ask_preview(actor=batch.created_by, batch=batch)
    ImportJob.objects.update(state=State.WORKING, num_attempts=3)
    carry_out_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == State.FAILED and "Its worker died 3 times" in job.problem
    assert lost_jobs() == []


@pytest.mark.django_db(transaction=True)
def test_what_somebody_is_at_is_left_to_them() -> None:
    batch = draft(factories.study())
    job = ask_preview(actor=batch.created_by, batch=batch)
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [int(LockClass.UPLOAD), job.pk])
        assert lost_jobs() == []
        carry_out_job(job_id=job.pk)
        job.refresh_from_db()
        assert job.state == State.WAITING
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [int(LockClass.UPLOAD), job.pk])
    other.close()
    carry_out_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == State.DONE


def test_what_is_asked_for_while_a_worker_reads_is_done_next(
    batch: ImportBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ImportOptions(columns={"text": "label"})
    job = ask_preview(actor=batch.created_by, batch=batch)

    def meanwhile(**given: Any) -> Any:
        monkeypatch.setattr(import_jobs, "preview_import", preview_import)
        ask_preview(actor=batch.created_by, batch=batch, options=other)
        return preview_import(**given)

    monkeypatch.setattr(import_jobs, "preview_import", meanwhile)
    carry_out_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == State.DONE
    assert ImportSummary(**(job.outcome or {})).options["columns"] == {"text": "label"}


def test_an_import_under_way_is_not_replaced_by_a_preview(batch: ImportBatch) -> None:
    job = importing(batch)
    assert ask_preview(actor=batch.created_by, batch=batch).is_import
    carry_out_job(job_id=job.pk)
    assert batch.study.examples.count() == 1


def test_a_fault_of_ours_is_recorded_and_raised(batch: ImportBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(import_jobs, "preview_import", broken)
    job = ask_preview(actor=batch.created_by, batch=batch)
    with pytest.raises(KeyError):
        carry_out_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.problem) == (State.FAILED, "It failed unexpectedly (KeyError).")


def test_drafts_that_nobody_came_back_to_are_found(batch: ImportBatch) -> None:
    now = timezone.now()
    assert list(ImportBatch.objects.expired(before=now)) == [batch]
    job = importing(batch)
    assert not ImportBatch.objects.expired(before=now).exists()
    carry_out_job(job_id=job.pk)
    assert not ImportBatch.objects.expired(before=now).exists()
