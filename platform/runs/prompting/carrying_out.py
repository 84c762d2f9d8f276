"""A worker asks what a person ordered. The row is the truth; a message is a hint, and nothing is bought twice."""

import time

from django.db.models import F
from django.utils import timezone

from config.advisory_locks import LockClass, advisory_lock
from connections.buying import AskingInterrupted, AskingPaused, buy_answers
from connections.models import TokenBatch
from connections.money import settle_batch
from runs.models import Asking
from runs.prompting.asking import enqueue, purchase_of, rows_of
from runs.prompting.labelling import give_labels
from runs.supervision import is_announced
from studies.models import Example

MOST_ATTEMPTS = 5
# Then it goes to the end of the queue, so that each task ends within its limit.
SECONDS_AT_A_TIME = 300.0
_SECONDS_BETWEEN_LOOKS = 1.0
_BUDGET_STOPPED = "The budget is stopped. Resume or top it up, then resume this."
_LONGEST_REASON = 500
State = Asking.State
_OVER = (State.DONE, State.STOPPED)


def carry_out_asking(*, asking_id: int) -> None:
    """Ask what an order still lacks, unless another process does, or it is done.

    Its lock is freed when the process dies; the next one goes on, up to MOST_ATTEMPTS times.
    """
    with advisory_lock(LockClass.ASKING, asking_id) as is_ours:
        if not is_ours:
            return
        asking = Asking.objects.select_related("study__budget", "connection").get(pk=asking_id)
        if _begin(asking):
            _ask(asking)
        else:
            _settle(asking)
        _free_if_over(asking)


def follow_askings() -> None:
    """Send orders without a worker again: the message was lost, or the worker died and left a batch or examples."""
    left = TokenBatch.objects.filter(work_key__startswith="asking:", settled_at__isnull=True)
    ids = {_number(key) for key in left.values_list("work_key", flat=True)}
    kept = Example.objects.exclude(label_order="").order_by().values_list("label_order", flat=True).distinct()
    over = Asking.objects.filter(pk__in=[_number(key) for key in kept], state__in=_OVER)
    ids |= set(over.values_list("pk", flat=True))
    ids |= set(Asking.objects.filter(state__in=Asking.ACTIVE).values_list("pk", flat=True))
    for asking in Asking.objects.filter(pk__in=ids).order_by("pk"):
        with advisory_lock(LockClass.ASKING, asking.pk) as is_free:
            pass
        if is_free:
            enqueue(asking)


def _number(source_key: str) -> int:
    return int(source_key.partition(":")[2])


class _Watch:
    """Whether to go on: not for too long at a time, nor while the worker shuts down or a person stopped it."""

    def __init__(self, asking: Asking) -> None:
        self._asking, self._end = asking, time.monotonic() + SECONDS_AT_A_TIME
        self._next_look, self._may_go_on = 0.0, True

    def __call__(self) -> bool:
        now = time.monotonic()
        if self._may_go_on and now >= self._next_look:
            self._next_look = now + _SECONDS_BETWEEN_LOOKS
            self._may_go_on = now < self._end and not is_announced() and self._is_wanted()
        return self._may_go_on

    def _is_wanted(self) -> bool:
        found = Asking.objects.filter(pk=self._asking.pk, state=State.WORKING, study__budget__stopped_at__isnull=True)
        return found.exists()


def _begin(asking: Asking) -> bool:
    active = Asking.objects.filter(pk=asking.pk, state__in=Asking.ACTIVE)
    given_up = f"Its worker died {MOST_ATTEMPTS} times. Ask an admin; then resume it."
    active.filter(num_attempts__gte=MOST_ATTEMPTS).update(state=State.PAUSED, reason=given_up)
    return bool(active.update(state=State.WORKING, num_attempts=F("num_attempts") + 1))


def _settle(asking: Asking) -> None:
    """Pay what a worker left that died on an order which was stopped or paused since."""
    for batch in TokenBatch.objects.filter(work_key=asking.source_key, settled_at__isnull=True):
        settle_batch(batch_id=batch.pk)
    give_labels(asking)


def _free_if_over(asking: Asking) -> None:
    """Let people be given what it did not label. Under its lock, so that none of it is being asked about."""
    if Asking.objects.filter(pk=asking.pk, state__in=_OVER).exists():
        Example.objects.filter(label_order=asking.source_key).update(label_order="")


def _ask(asking: Asking) -> None:
    rows = [fields for _, fields in rows_of(asking.study, asking.example_ids)]
    purchase, watch = purchase_of(asking), _Watch(asking)
    try:
        buy_answers(
            purchase=purchase,
            rows=rows,
            should_continue=watch,
            on_done=lambda num_done, _: _note(asking, num_done),
        )
    except AskingPaused as paused:
        give_labels(asking)
        _end(asking, State.PAUSED, reason=str(paused)[:_LONGEST_REASON])
    except AskingInterrupted:
        give_labels(asking)
        _hand_over(asking)
    else:
        give_labels(asking, is_done=True)
        _note(asking, len(rows) * purchase.prompt.samples)
        _end(asking, State.DONE, ended_at=timezone.now())


def _hand_over(asking: Asking) -> None:
    """Leave the rest to the next task, unless the budget or a person stopped it."""
    asking.study.budget.refresh_from_db()
    if asking.study.budget.is_stopped:
        _end(asking, State.PAUSED, reason=_BUDGET_STOPPED)
    else:
        _end(asking, State.WAITING, num_attempts=0)
        if Asking.objects.filter(pk=asking.pk, state=State.WAITING).exists():
            enqueue(asking)


def _note(asking: Asking, num_done: int) -> None:
    Asking.objects.filter(pk=asking.pk).update(num_done=num_done)


def _end(asking: Asking, state: str, **values: object) -> None:
    """Write down how it went on, unless a person stopped it meanwhile."""
    Asking.objects.filter(pk=asking.pk, state=State.WORKING).update(state=state, **values)
