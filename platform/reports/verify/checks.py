"""What `ledger verify` asks: does every stored figure follow from its entries, and every entry from its source?"""

from collections.abc import Iterable, Iterator, Sequence

from django.db.models import Sum

from budgets.models import Budget, LedgerEntry, Tally
from budgets.money import ZERO
from budgets.queries import Difference, differences
from reports.bills import LedgerRows, Sharing, StudyLedger
from reports.queries import billed_totals, one_moment
from reports.sources import MISSING
from reports.verify.entry_checks import entry_differences
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


def _snapshots(studies: Sequence[Study]) -> Iterator[Difference]:
    """Each label that a run trained on names entries that are there: else a bill would miss them in silence."""
    budgets = {study.pk: study.budget_id for study in studies}
    entries = LedgerEntry.objects.filter(budget__in=budgets.values())
    entered = set(entries.values_list("budget_id", "source_key"))
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
        yield from _bills_of(study, Sharing(StudyLedger(study, rows), students[study.pk]))


def _bills_of(study: Study, sharing: Sharing) -> Iterator[Difference]:
    use = billed_totals(ledger=sharing.ledger, run_ids=[student.run_id for student in sharing.students])
    if use.used + use.unused != study.budget.spent:
        stored, rebuilt = study.budget.spent, use.used + use.unused
        yield Difference(what=f"{study}: bills and unused entries", stored=stored, rebuilt=rebuilt)
    shared = sum((bill.share for bill in sharing.bills), ZERO)
    if shared != use.used:
        yield Difference(what=f"{study}: shares of its students", stored=use.used, rebuilt=shared)
