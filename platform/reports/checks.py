"""What `ledger verify` asks: does every stored figure follow from its entries, and every entry from its source?"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.db.models import Sum

from budgets.models import Budget, LedgerEntry
from budgets.money import ZERO
from budgets.queries import Difference, differences
from labeling.rebuilding import rebuilt_pay
from reports.bills import StudyLedger
from reports.entry_checks import MISSING, entry_differences
from reports.queries import one_moment, report_of
from reports.shares import Sharing
from runs.billing import cost_of
from runs.models import Attempt
from studies.models import SnapshotItem, Study


def verify(*, budgets: Iterable[Budget]) -> list[Difference]:
    """Rebuild the totals, entries and bills of these budgets from their source rows, all as of one moment."""
    with one_moment():
        return [difference for budget in budgets for difference in _of_budget(budget)]


def _of_budget(budget: Budget) -> Iterator[Difference]:
    yield from differences(budget)
    yield from entry_differences(budget)
    study = Study.objects.filter(budget=budget).first()
    if study is not None:
        yield from _annotations(study)
        yield from _attempts(study)
        yield from _snapshots(study)
        yield from _bills(study)


def _annotations(study: Study) -> Iterator[Difference]:
    """A paid annotation has its own entry in the study's budget, at the price that its annotator was promised."""
    for paid in rebuilt_pay(study=study):
        yield from _own_entry(paid.entry, study=study, source_key=paid.source_key)
        if paid.entry.amount != paid.amount:
            yield Difference(what=f"amount of {paid.source_key}", stored=paid.entry.amount, rebuilt=paid.amount)


def _attempts(study: Study) -> Iterator[Difference]:
    """An attempt that ended has its own entry: its device seconds at the price of the run's hold."""
    ended = Attempt.objects.filter(run__study=study, ended_at__isnull=False).order_by("run_id", "number")
    for attempt in ended.select_related("entry", "run__hold__price"):
        assert attempt.run.hold  # no attempt starts without one
        cost = cost_of(seconds=attempt.device_seconds, price=attempt.run.hold.price)
        if attempt.entry:
            yield from _own_entry(attempt.entry, study=study, source_key=attempt.source_key)
            yield from _attempt_amount(attempt, attempt.entry, cost)
        elif cost:
            yield Difference(what=f"entry of {attempt.source_key}", stored=MISSING, rebuilt=cost)


def _own_entry(entry: LedgerEntry, *, study: Study, source_key: str) -> Iterator[Difference]:
    if entry.source_key != source_key:
        yield Difference(what=f"entry {entry.pk}: source key", stored=entry.source_key, rebuilt=source_key)
    if entry.budget_id != study.budget_id:
        yield Difference(what=f"budget of {source_key}", stored=str(entry.budget_id), rebuilt=str(study.budget_id))


def _attempt_amount(attempt: Attempt, entry: LedgerEntry, cost: Decimal) -> Iterator[Difference]:
    """Less than the cost is right only where the hold gave all that it had: a run never costs more than its hold."""
    is_capped = entry.amount < cost and _charged(attempt) == _held(attempt)
    if entry.amount != cost and not is_capped:
        yield Difference(what=f"amount of {entry.source_key}", stored=entry.amount, rebuilt=cost)


def _charged(attempt: Attempt) -> Decimal | None:
    """What the run's attempts were charged, up to this one."""
    upto = Attempt.objects.filter(run=attempt.run_id, number__lte=attempt.number)
    charged: Decimal | None = upto.aggregate(charged=Sum("entry__amount"))["charged"]
    return charged


def _held(attempt: Attempt) -> Decimal:
    """What the run's hold was when this attempt ended: the price of its time limit then, which may have grown since."""
    hold = attempt.run.hold
    assert hold
    if attempt.max_seconds is None:
        return hold.amount
    return cost_of(seconds=Decimal(attempt.max_seconds), price=hold.price)


def _snapshots(study: Study) -> Iterator[Difference]:
    """Each label that a run trained on names entries that are there: else a bill would miss them in silence."""
    entered = set(LedgerEntry.objects.filter(budget_id=study.budget_id).values_list("source_key", flat=True))
    items = SnapshotItem.objects.filter(snapshot__study=study).values_list("source_keys", flat=True)
    for source_key in sorted({key for keys in items for key in keys} - entered):
        yield Difference(what=f"entry of {source_key}, in a snapshot", stored=MISSING, rebuilt=source_key)


def _bills(study: Study) -> Iterator[Difference]:
    """Bills, each entry once, and what no student used total what was spent; so do the shares."""
    report = report_of(study)
    if not report.reconciles:
        rebuilt = report.used + report.unused.amount
        yield Difference(what=f"{study}: bills and unused entries", stored=report.spent, rebuilt=rebuilt)
    shared = sum((bill.share for bill in Sharing(StudyLedger(study)).bills), ZERO)
    if shared != report.used:
        yield Difference(what=f"{study}: shares of its students", stored=report.used, rebuilt=shared)
