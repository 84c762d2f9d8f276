"""What `ledger verify` asks: does every stored figure follow from its entries, and every entry from its source?"""

from collections.abc import Iterable, Iterator, Sequence

from django.db.models import F, Q, Sum

from budgets.cost_kinds import CostKind, SourceType, kinds_of
from budgets.models import Budget, Hold, LedgerEntry, Tally
from budgets.money import ZERO
from budgets.queries import Difference, differences
from reports.bills import LedgerRows, Sharing, StudyLedger
from reports.queries import billed_totals, one_moment
from reports.sources import MISSING, READERS, named_by_key
from runs.models import Artifact, ArtifactKind
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
    yield from _snapshots(studies)
    yield from _bills(studies)


def entry_differences(*budgets: Budget) -> Iterator[Difference]:
    """List entries that their sources do not bear out, replacements of another amount, and holds of nothing."""
    for reader in READERS.values():
        yield from reader.check(budgets)
    yield from _wrong_replacements(budgets)
    yield from _holds_of_nothing(budgets)


def _wrong_replacements(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """The replacement of a re-priced entry is its quantity at the corrected price; the entry itself is reversed."""
    stand_ins = LedgerEntry.objects.filter(budget__in=budgets, reverses__isnull=True, replaces__isnull=False)
    priced = stand_ins.exclude(kind=CostKind.PLATFORM_FEE).select_related("price").order_by("pk")
    for entry in priced.iterator(chunk_size=1000):
        right = entry.price.cost(entry.quantity)
        if entry.amount != right:
            yield Difference(what=f"replacement {entry.source_key}", stored=entry.amount, rebuilt=right)
    doubled = stand_ins.filter(Q(replaces__reversal__isnull=True) | ~Q(replaces__budget=F("budget")))
    yield from named_by_key(doubled, "reversal of what {} replaces")


def _holds_of_nothing(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """An open hold is for a requested annotation, for a run that has not ended, or for what a caller will enter."""
    nothing = Hold.objects.filter(
        budget__in=budgets, closed_at__isnull=True, assignment__isnull=True, run__isnull=True, remaining__gt=0
    ).exclude(kind__in=kinds_of(SourceType.CALLER))
    return named_by_key(nothing, "hold {}: what it is for", stored="remaining")


def _snapshots(studies: Sequence[Study]) -> Iterator[Difference]:
    """Each label that a run trained on names entries that are there: else a bill would miss them in silence."""
    budgets = {study.pk: study.budget_id for study in studies}
    entries = LedgerEntry.objects.filter(budget__in=budgets.values())
    # A language model's label names its batch, which has an entry for each class of tokens.
    named_by = entries.values_list("budget_id", "source_key", "subject_key")
    entered = {(budget, key) for budget, *keys in named_by for key in keys}
    items = SnapshotItem.objects.filter(snapshot__study__in=studies).exclude(source_keys=[])
    rows = items.values_list("snapshot__study", "source_keys")
    named = {(budgets[study], key) for study, keys in rows for key in keys}
    for _, source_key in sorted(named - entered):
        yield Difference(what=f"entry of {source_key}, in a snapshot", stored=MISSING, rebuilt=source_key)


def _bills(studies: Sequence[Study]) -> Iterator[Difference]:
    """Bills, each entry once, and what no student used total what was spent; so do the shares."""
    rows = LedgerRows(studies)
    students: dict[int, list[Artifact]] = {study.pk: [] for study in studies}
    trained = Artifact.objects.filter(run__study__in=studies, kind=ArtifactKind.STUDENT)
    for student in trained.select_related("run").order_by("pk"):
        students[student.run.study_id].append(student)
    for study in studies:
        sharing = Sharing(StudyLedger(study, rows), students[study.pk])
        use = billed_totals(ledger=sharing.ledger, run_ids=[student.run_id for student in sharing.students])
        spent, rebuilt = study.budget.spent, use.used + use.unused
        if rebuilt != spent:
            yield Difference(what=f"{study}: bills and unused entries", stored=spent, rebuilt=rebuilt)
        shared = sum((bill.share for bill in sharing.bills), ZERO)
        if shared != use.used:
            yield Difference(what=f"{study}: shares of its students", stored=use.used, rebuilt=shared)
