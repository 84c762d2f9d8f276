"""A worker carries out labelling jobs. The row is the truth; a message is a hint, and nothing is bought twice."""

import time

from django.db.models import F
from django.utils import timezone

from config.advisory_locks import LockClass, advisory_lock
from connections.buying import PurchaseInterrupted, PurchasePaused, buy_answers
from connections.models import TokenBatch
from connections.money import settle_batch
from runs.models import JOB_KEY, LabelingJob
from runs.prompting.labeling_jobs import enqueue, purchase_of, rows_of
from runs.prompting.model_labels import give_labels
from runs.supervision import is_announced
from studies.models import Example

MOST_ATTEMPTS = 5
# Then it goes to the end of the queue, so that each task ends within its limit.
SECONDS_AT_A_TIME = 300.0
_SECONDS_BETWEEN_LOOKS = 1.0
_BUDGET_STOPPED = "The budget is stopped. Resume or top it up, then resume this."
_LONGEST_REASON = 500
State = LabelingJob.State
_OVER = (State.DONE, State.STOPPED)


def carry_out_labeling_job(*, job_id: int) -> None:
    """Ask what a job still lacks, unless another process does, or it is done.

    Its lock is freed when the process dies; the next one goes on, up to MOST_ATTEMPTS times.
    """
    with advisory_lock(LockClass.LABELING_JOB, job_id) as is_ours:
        if not is_ours:
            return
        job = LabelingJob.objects.select_related("study__budget", "connection").get(pk=job_id)
        if _begin(job):
            _ask(job)
        else:
            _settle(job)
        _free_if_over(job)


def follow_labeling_jobs() -> None:
    """Send jobs without a worker again: the message was lost, or the worker died and left a batch or examples."""
    left = TokenBatch.objects.filter(work_key__startswith=JOB_KEY, settled_at__isnull=True)
    ids = {_number(key) for key in left.values_list("work_key", flat=True)}
    kept = Example.objects.exclude(labeling_job="").order_by().values_list("labeling_job", flat=True).distinct()
    over = LabelingJob.objects.filter(pk__in=[_number(key) for key in kept], state__in=_OVER)
    ids |= set(over.values_list("pk", flat=True))
    ids |= set(LabelingJob.objects.filter(state__in=LabelingJob.ACTIVE).values_list("pk", flat=True))
    for job in LabelingJob.objects.filter(pk__in=ids).order_by("pk"):
        with advisory_lock(LockClass.LABELING_JOB, job.pk) as is_free:
            pass
        if is_free:
            enqueue(job)


def _number(source_key: str) -> int:
    return int(source_key.partition(":")[2])


class _Watch:
    """Whether to go on: not for too long at a time, nor while the worker shuts down or a person stopped it."""

    def __init__(self, job: LabelingJob) -> None:
        self._job, self._end = job, time.monotonic() + SECONDS_AT_A_TIME
        self._next_look, self._may_go_on = 0.0, True

    def __call__(self) -> bool:
        now = time.monotonic()
        if self._may_go_on and now >= self._next_look:
            self._next_look = now + _SECONDS_BETWEEN_LOOKS
            self._may_go_on = now < self._end and not is_announced() and self._is_wanted()
        return self._may_go_on

    def _is_wanted(self) -> bool:
        ours = LabelingJob.objects.filter(pk=self._job.pk, state=State.WORKING)
        return ours.filter(study__budget__stopped_at__isnull=True).exists()


def _begin(job: LabelingJob) -> bool:
    active = LabelingJob.objects.filter(pk=job.pk, state__in=LabelingJob.ACTIVE)
    given_up = f"Its worker died {MOST_ATTEMPTS} times. Ask an admin; then resume it."
    active.filter(num_attempts__gte=MOST_ATTEMPTS).update(state=State.PAUSED, reason=given_up)
    return bool(active.update(state=State.WORKING, num_attempts=F("num_attempts") + 1))


def _settle(job: LabelingJob) -> None:
    """Pay what a worker left that died on a job which was stopped or paused since."""
    for batch in TokenBatch.objects.filter(work_key=job.source_key, settled_at__isnull=True):
        settle_batch(batch_id=batch.pk)
    give_labels(job)


def _free_if_over(job: LabelingJob) -> None:
    """Let people be given what it did not label. Under its lock, so that none of it is being asked about."""
    if LabelingJob.objects.filter(pk=job.pk, state__in=_OVER).exists():
        Example.objects.filter(labeling_job=job.source_key).update(labeling_job="")


def _ask(job: LabelingJob) -> None:
    rows = [fields for _, fields in rows_of(job.study, job.example_ids)]
    purchase, watch = purchase_of(job), _Watch(job)
    try:
        buy_answers(
            purchase=purchase,
            rows=rows,
            should_continue=watch,
            on_done=lambda num_done, _: _note(job, num_done),
        )
    except PurchasePaused as paused:
        give_labels(job)
        _end(job, State.PAUSED, reason=str(paused)[:_LONGEST_REASON])
    except PurchaseInterrupted:
        give_labels(job)
        _hand_over(job)
    else:
        give_labels(job, is_done=True)
        _note(job, len(rows) * purchase.prompt.samples)
        _end(job, State.DONE, ended_at=timezone.now())


def _hand_over(job: LabelingJob) -> None:
    """Leave the rest to the next task, unless the budget or a person stopped it."""
    job.study.budget.refresh_from_db()
    if job.study.budget.is_stopped:
        _end(job, State.PAUSED, reason=_BUDGET_STOPPED)
    else:
        _end(job, State.WAITING, num_attempts=0)
        if LabelingJob.objects.filter(pk=job.pk, state=State.WAITING).exists():
            enqueue(job)


def _note(job: LabelingJob, num_done: int) -> None:
    LabelingJob.objects.filter(pk=job.pk).update(num_done=num_done)


def _end(job: LabelingJob, state: str, **values: object) -> None:
    """Write down how it went on, unless a person stopped it meanwhile."""
    LabelingJob.objects.filter(pk=job.pk, state=State.WORKING).update(state=state, **values)
