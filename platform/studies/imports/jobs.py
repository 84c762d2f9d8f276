"""Large uploads, read and imported by a worker. The job's row is the truth; the message is a hint."""

from dataclasses import asdict

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts.models import User
from accounts.permissions import Action, Forbidden, require
from config.advisory_locks import LockClass, advisory_lock
from config.refusals import Refusal
from studies.imports.batches import import_examples, preview_import, propose_options
from studies.imports.columns import ImportOptions
from studies.imports.summaries import summarise
from studies.models import ImportBatch, ImportJob

TASK = "studies.tasks.read_upload"
MOST_ATTEMPTS = 3
State = ImportJob.State


def is_large(batch: ImportBatch) -> bool:
    """Whether a worker reads it, so that no page waits for it."""
    return int(batch.file.size) > settings.DIRECT_IMPORT_BYTES


@transaction.atomic
def ask_preview(
    *, actor: User, batch: ImportBatch, options: ImportOptions | None = None, encoding: str = "utf-8"
) -> ImportJob:
    """Ask a worker for a preview, by default of guessed options; replaces an earlier request, but not an import."""
    require(actor=actor, action=Action.IMPORT_EXAMPLES)
    if options:
        return _ask(actor, batch, options=options.as_json(), encoding=options.encoding, is_import=False)
    return _ask(actor, batch, options=None, encoding=encoding, is_import=False)


@transaction.atomic
def ask_import(
    *, actor: User, batch: ImportBatch, options: ImportOptions, expected_digest: str, skip_bad_rows: bool = False
) -> ImportJob:
    """Ask a worker to import what was previewed."""
    require(actor=actor, action=Action.IMPORT_EXAMPLES)
    return _ask(
        actor,
        batch,
        options=options.as_json(),
        encoding=options.encoding,
        is_import=True,
        expected_digest=expected_digest,
        skip_bad_rows=skip_bad_rows,
    )


def carry_out_job(*, job_id: int) -> None:
    """Carry out a job, unless another process does or it is done.

    Its lock is freed when the process dies; the next one starts again, up to MOST_ATTEMPTS times.
    """
    with advisory_lock(LockClass.UPLOAD, job_id) as is_ours:
        # Again, if the job was replaced meanwhile.
        while is_ours and _begin(job_id):
            job = ImportJob.objects.select_related("batch__study", "asked_by").get(pk=job_id)
            try:
                _carry_out(job)
            except (Refusal, Forbidden) as refusal:
                _end(job, state=State.FAILED, problem=str(refusal))
            except Exception as error:
                _end(job, state=State.FAILED, problem=f"It failed unexpectedly ({type(error).__name__}).")
                raise


def lost_jobs() -> list[ImportJob]:
    """List jobs without a worker: the message was lost, or the worker died."""
    return [job for job in ImportJob.objects.filter(state__in=ImportJob.ACTIVE).order_by("pk") if _is_free(job.pk)]


def _ask(actor: User, batch: ImportBatch, **asked: object) -> ImportJob:
    ImportBatch.objects.select_for_update().get(pk=batch.pk)
    job = ImportJob.objects.select_for_update().filter(batch=batch).first() or ImportJob(batch=batch)
    if job.pk and job.is_import and job.state in ImportJob.ACTIVE:
        return job
    for name, value in {"expected_digest": "", "skip_bad_rows": False, "problem": "", **asked}.items():
        setattr(job, name, value)
    job.state, job.asked_by = State.WAITING, actor
    job.num_attempts = job.num_done = job.num_rows = 0
    job.save()
    # Robust: a broker that is down must not fail the request.
    transaction.on_commit(lambda: enqueue(job), robust=True)
    return job


def enqueue(job: ImportJob) -> None:
    current_app.send_task(TASK, kwargs={"job_id": job.pk}, retry_policy={"max_retries": 1})


def _begin(job_id: int) -> bool:
    active = ImportJob.objects.filter(pk=job_id, state__in=ImportJob.ACTIVE)
    given_up = f"Its worker died {MOST_ATTEMPTS} times and nothing was imported. Split the file, or ask an admin."
    active.filter(num_attempts__gte=MOST_ATTEMPTS).update(state=State.FAILED, problem=given_up)
    return bool(active.update(state=State.WORKING, num_attempts=F("num_attempts") + 1, num_done=0))


def _carry_out(job: ImportJob) -> None:
    options = ImportOptions(**job.options) if job.options else propose_options(batch=job.batch, encoding=job.encoding)
    if job.is_import:
        import_examples(
            actor=job.asked_by,
            batch=job.batch,
            options=options,
            skip_bad_rows=job.skip_bad_rows,
            expected_digest=job.expected_digest,
        )
        _end(job, state=State.DONE)
        return

    def note(num_done: int, num_rows: int) -> None:
        ImportJob.objects.filter(pk=job.pk).update(num_done=num_done, num_rows=num_rows)

    found = preview_import(batch=job.batch, options=options, note_progress=note)
    _end(job, state=State.DONE, outcome=asdict(summarise(found)))


def _end(job: ImportJob, **values: object) -> None:
    """Record how it ended, unless the job was replaced meanwhile."""
    ImportJob.objects.filter(pk=job.pk, state=State.WORKING).update(**values)


def _is_free(job_id: int) -> bool:
    with advisory_lock(LockClass.UPLOAD, job_id) as is_ours:
        return is_ours
