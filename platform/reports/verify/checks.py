"""What `ledger verify` asks: does every stored figure follow from its entries, and every entry from its source?"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from django.db.models import Sum

from budgets.models import Budget, LedgerEntry, Tally
from budgets.money import ZERO
from budgets.queries import Difference, differences
from labeling.payment import rebuilt_pay
from reports.bills import LedgerRows, Sharing, StudyLedger
from reports.queries import one_moment, use_totals
from reports.verify.entry_checks import MISSING, entry_differences
from runs.models import Artifact, Attempt
from runs.money import cost_of
from studies.models import SnapshotItem, Study

MOST_AT_ONCE = 200
MOST_ENTRIES_AT_ONCE = 20_000


def verify(*, budgets: Iterable[Budget]) -> list[Difference]:
    """Rebuild the totals, entries and bills of these budgets from their source rows, all as of one moment."""
    asked = [budget.pk for budget in budgets]
    with one_moment():
        found = Budget.objects.filter(pk__in=asked).order_by("pk")
        return [difference for some in _portions(list(found)) for difference in _of_budgets(some)]


def _portions(budgets: Sequence[Budget]) -> Iterator[list[Budget]]:
    """So many budgets at once that their entries fit into memory: most are small, and each query has its price."""
    tallies = Tally.objects.filter(budget__in=budgets).order_by()
    sizes: dict[int, int] = dict(tallies.values_list("budget").annotate(Sum("num_entries")))
    portion: list[Budget] = []
    for budget in budgets:
        portion.append(budget)
        is_full = len(portion) == MOST_AT_ONCE
        if is_full or sum(sizes.get(one.pk, 0) for one in portion) >= MOST_ENTRIES_AT_ONCE:
            yield portion
            portion = []
    if portion:
        yield portion


def _of_budgets(budgets: Sequence[Budget]) -> Iterator[Difference]:
    yield from differences(*budgets)
    yield from entry_differences(*budgets)
    studies = list(Study.objects.filter(budget__in=budgets).select_related("budget__price_book").order_by("pk"))
    yield from _annotations(studies)
    yield from _attempts(studies)
    yield from _snapshots(studies)
    yield from _bills(studies)


def _annotations(studies: Sequence[Study]) -> Iterator[Difference]:
    """A paid annotation has its own entry in the study's budget, at the price that its annotator was promised."""
    for paid in rebuilt_pay(studies=studies):
        yield from _own_entry(paid.entry, study=paid.study, source_key=paid.source_key)
        if paid.entry.amount != paid.amount:
            yield Difference(what=f"amount of {paid.source_key}", stored=paid.entry.amount, rebuilt=paid.amount)


def _attempts(studies: Sequence[Study]) -> Iterator[Difference]:
    """An attempt that ended has its own entry: its device seconds at the price of the run's hold."""
    ended = Attempt.objects.filter(run__study__in=studies, ended_at__isnull=False).order_by("run_id", "number")
    for attempt in ended.select_related("entry", "run__study", "run__hold__price"):
        assert attempt.run.hold  # no attempt starts without one
        cost = cost_of(seconds=attempt.device_seconds, price=attempt.run.hold.price)
        if attempt.entry:
            yield from _own_entry(attempt.entry, study=attempt.run.study, source_key=attempt.source_key)
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


def _snapshots(studies: Sequence[Study]) -> Iterator[Difference]:
    """Each label that a run trained on names entries that are there: else a bill would miss them in silence."""
    budgets = {study.pk: study.budget_id for study in studies}
    entries = LedgerEntry.objects.filter(budget__in=budgets.values())
    entered = set(entries.values_list("budget_id", "source_key"))
    items = SnapshotItem.objects.filter(snapshot__study__in=studies)
    rows = items.values_list("snapshot__study", "source_keys")
    named = {(budgets[study], key) for study, keys in rows for key in keys}
    for _, source_key in sorted(named - entered):
        yield Difference(what=f"entry of {source_key}, in a snapshot", stored=MISSING, rebuilt=source_key)


def _bills(studies: Sequence[Study]) -> Iterator[Difference]:
    """Bills, each entry once, and what no student used total what was spent; so do the shares."""
    rows = LedgerRows(studies)
    students: dict[int, list[Artifact]] = {study.pk: [] for study in studies}
    trained = Artifact.objects.filter(run__study__in=studies, kind=Artifact.Kind.STUDENT)
    for student in trained.select_related("run").order_by("pk"):
        students[student.run.study_id].append(student)
    for study in studies:
        yield from _bills_of(study, Sharing(StudyLedger(study, rows), students[study.pk]))


def _bills_of(study: Study, sharing: Sharing) -> Iterator[Difference]:
    use = use_totals(ledger=sharing.ledger, run_ids=[student.run_id for student in sharing.students])
    if use.used + use.unused != study.budget.spent:
        stored, rebuilt = study.budget.spent, use.used + use.unused
        yield Difference(what=f"{study}: bills and unused entries", stored=stored, rebuilt=rebuilt)
    shared = sum((bill.share for bill in sharing.bills), ZERO)
    if shared != use.used:
        yield Difference(what=f"{study}: shares of its students", stored=use.used, rebuilt=shared)
