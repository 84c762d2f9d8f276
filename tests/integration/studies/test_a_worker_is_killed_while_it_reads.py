"""Kill -9 in the middle of a large upload: nothing is left of it, it is seen at once, and the next one begins anew."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from studies.imports import ImportOptions, ImportSummary, draft_import
from studies.imports import jobs as import_jobs
from studies.models import ImportBatch, ImportJob
from tests import factories
from tests.integration.runs.workers import database_url_of_tests
from tests.integration.runs.world import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]
NUM_ROWS = 60_000
ROWS = "text\n" + "".join(f"this is the text with the number {number}\n" for number in range(NUM_ROWS))
WORK = "import django; django.setup(); from studies.imports import jobs; jobs.carry_out_job(job_id={})"


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_jobs, "enqueue", lambda job: None)


@pytest.fixture
def batch() -> ImportBatch:
    study = factories.study()
    return draft_import(actor=study.created_by, study=study, file_name="rows.csv", content=ROWS.encode())


@contextmanager
def worker_at(job: ImportJob) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url_of_tests(),
    }
    process = subprocess.Popen([sys.executable, "-c", WORK.format(job.pk)], cwd=ROOT, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def is_seen_as_lost(job: ImportJob) -> bool:
    return import_jobs.lost_jobs() == [job]


def carried_out(job: ImportJob) -> ImportJob:
    import_jobs.carry_out_job(job_id=job.pk)
    job.refresh_from_db()
    return job


def test_a_preview_begins_anew(batch: ImportBatch) -> None:
    job = import_jobs.ask_preview(actor=batch.created_by, batch=batch)
    with worker_at(job) as process:
        wait_until(lambda: ImportJob.objects.get().num_done > 0, seconds=60)
        assert import_jobs.lost_jobs() == []
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: is_seen_as_lost(job))
    done = carried_out(job)
    assert (done.state, done.num_attempts) == (ImportJob.State.DONE, 2)
    assert ImportSummary(**(done.outcome or {})).num_created == NUM_ROWS


def test_an_import_leaves_nothing_and_begins_anew(batch: ImportBatch) -> None:
    import_jobs.ask_preview(actor=batch.created_by, batch=batch)
    found = ImportSummary(**(carried_out(ImportJob.objects.get()).outcome or {}))
    options = ImportOptions(**found.options)
    job = import_jobs.ask_import(actor=batch.created_by, batch=batch, options=options, expected_digest=found.digest)
    with worker_at(job) as process:
        wait_until(lambda: ImportJob.objects.get().state == ImportJob.State.WORKING, seconds=60)
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: is_seen_as_lost(job))
    assert not batch.study.examples.exists()
    carried_out(job)
    batch.refresh_from_db()
    assert (batch.state, batch.num_created) == (ImportBatch.State.IMPORTED, NUM_ROWS)
