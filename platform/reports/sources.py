"""What entries come from: what each type of source leads to on a page, and how `ledger verify` checks its entries."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db.models import ExpressionWrapper, F, Q, QuerySet, Sum
from django.db.models.functions import Round

from budgets.cost_kinds import TOKEN_KINDS, CostKind, SourceType, kinds_of
from budgets.models import Budget, LedgerEntry, amount_field, sum_of
from budgets.queries import Difference
from connections.models import TokenBatch, in_thousands
from labeling.models import Annotation
from labeling.payment import rebuilt_pay
from runs.models import JOB_KEY, Attempt, LabelingJob, Run
from runs.money import cost_of
from studies.models import Study

MISSING = "missing"
ROWS_AT_A_TIME = 1000


@dataclass(frozen=True, kw_only=True)
class EntrySource:
    """What an entry, its fee and its corrections are for, and whose study that is."""

    study: Study
    annotation: Annotation | None = None
    attempt: Attempt | None = None
    run: Run | None = None
    job: LabelingJob | None = None


Keys = set[str]


@dataclass(frozen=True, kw_only=True)
class SourceReader:
    """One type of source: its name in FOCUS, the rows that keys name, and the check of its entries."""

    resource_type: str
    find: Callable[[Keys], dict[str, EntrySource]]
    check: Callable[[Sequence[Budget]], Iterator[Difference]]


def type_of(key: str) -> SourceType:
    """Say which type of source a key names: `annotation:…` an annotation, `run:…` an attempt, others a caller's."""
    return _BY_PREFIX.get(key.partition(":")[0], SourceType.CALLER)


def reader_of(key: str) -> SourceReader:
    return READERS[type_of(key)]


def sources_of(entries: Sequence[LedgerEntry]) -> dict[str, EntrySource]:
    """Find what entries are for, by their subject keys; where these are a caller's own, what the work key names."""
    found = _find({entry.subject_key for entry in entries})
    left = {entry.subject_key: entry.work_key for entry in entries if entry.work_key and entry.subject_key not in found}
    works = {**_runs_of(set(left.values())), **_labeling_jobs_of(set(left.values()))}
    return found | {subject: works[work] for subject, work in left.items() if work in works}


def _runs_of(work_keys: Keys) -> dict[str, EntrySource]:
    runs = Run.objects.filter(pk__in=_numbers(work_keys, "run:")).select_related("study")
    return {run.source_key: EntrySource(study=run.study, run=run) for run in runs}


def _labeling_jobs_of(work_keys: Keys) -> dict[str, EntrySource]:
    jobs = LabelingJob.objects.filter(pk__in=_numbers(work_keys, JOB_KEY)).select_related("study")
    return {one.source_key: EntrySource(study=one.study, job=one) for one in jobs}


def _numbers(keys: Keys, prefix: str) -> list[int]:
    numbers = (key.removeprefix(prefix) for key in keys if key.startswith(prefix))
    return [int(number) for number in numbers if number.isdecimal()]


def _find(keys: Keys) -> dict[str, EntrySource]:
    return {key: source for reader in READERS.values() for key, source in reader.find(keys).items()}


def _find_annotations(keys: Keys) -> dict[str, EntrySource]:
    uids = {key: uid for key in keys if (uid := _annotation_uid(key)) is not None}
    rows = Annotation.objects.filter(unique_id__in=uids.values()).select_related("example__study", "annotator")
    found = {row.unique_id: EntrySource(study=row.example.study, annotation=row) for row in rows} if uids else {}
    return {key: found[uid] for key, uid in uids.items() if uid in found}


def _annotation_uid(key: str) -> UUID | None:
    """The annotation of `annotation:<uid>`, `annotation:<uid>:skip`, `annotation:<uid>:…`."""
    parts = key.split(":")
    try:
        return UUID(parts[1]) if type_of(key) == SourceType.ANNOTATION and len(parts) > 1 else None
    except ValueError:
        return None


def _find_attempts(keys: Keys) -> dict[str, EntrySource]:
    """The attempts of `run:<id>:attempt:<n>`, `run:<id>:attempt:<n>:…`."""
    named = {key: ":".join(key.split(":")[:4]) for key in keys if type_of(key) == SourceType.ATTEMPT}
    runs = {int(number) for key in named if (number := key.split(":")[1]).isdecimal()}
    rows = Attempt.objects.filter(run__in=runs).select_related("run__study") if runs else ()
    found = {row.source_key: EntrySource(study=row.run.study, attempt=row) for row in rows}
    return {key: found[attempt] for key, attempt in named.items() if attempt in found}


def _check_annotations(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """An annotation has its own entry in its study's budget, at the price that its annotator was promised.

    A skip that became an answer was taken back; its annotation's entry is the answer's.
    """
    undone_skip = Q(kind=CostKind.SKIP, reversal__isnull=False)
    yield from _without_source(budgets, SourceType.ANNOTATION, Q(annotation__isnull=True) & ~undone_skip)
    studies = Study.objects.filter(budget__in=budgets).select_related("budget__price_book").order_by("pk")
    for paid in rebuilt_pay(studies=list(studies)):
        yield from _own_entry(paid.entry, study=paid.study, source_key=paid.source_key)
        if paid.entry.amount != paid.amount:
            yield Difference(what=f"amount of {paid.source_key}", stored=paid.entry.amount, rebuilt=paid.amount)


def _check_attempts(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """An attempt that ended has its own entry: its device seconds at the price of the run's hold."""
    yield from _without_source(budgets, SourceType.ATTEMPT, Q(attempt__isnull=True))
    ended = Attempt.objects.filter(run__study__budget__in=budgets, ended_at__isnull=False).order_by("run_id", "number")
    for attempt in ended.select_related("entry", "run__study", "run__hold__price"):
        assert attempt.run.hold  # no attempt starts without one
        cost = cost_of(seconds=attempt.device_seconds, price=attempt.run.hold.price)
        if attempt.entry:
            yield from _own_entry(attempt.entry, study=attempt.run.study, source_key=attempt.source_key)
            yield from _attempt_amount(attempt, attempt.entry, cost)
        elif cost:
            yield Difference(what=f"entry of {attempt.source_key}", stored=MISSING, rebuilt=cost)


def _check_fees(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """A fee is its percent of the entry that it is on top of, and is undone with it."""
    fees = _entries(budgets, SourceType.ENTRY)
    yield from named_by_key(fees.filter(fee_on__isnull=True), "what {} is on top of")
    # PostgreSQL keeps every digit of a product, which it would not of a quotient.
    percent = F("fee_on__amount") * F("price__amount") * Decimal("0.01")
    right = Round(ExpressionWrapper(percent, output_field=amount_field()), precision=6)
    elsewhere = ~Q(fee_on__budget=F("budget")) | ~Q(fee_on__subject_key=F("subject_key"))
    on_top = fees.filter(fee_on__isnull=False).annotate(right=right)
    wrong = on_top.filter(~Q(amount=F("right")) | ~Q(quantity=F("fee_on__amount")) | elsewhere)
    for key, amount, rebuilt in wrong.values_list("source_key", "amount", "right"):
        yield Difference(what=f"fee {key}", stored=amount, rebuilt=rebuilt)
    left = fees.filter(reversal__isnull=True, fee_on__reversal__isnull=False)
    yield from named_by_key(left, "fee {} on what was reversed", rebuilt="0")


def _check_callers(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """What a caller enters is its quantity at its price; a key that names work of ours names work of this budget."""
    entries = _entries(budgets, SourceType.CALLER).filter(replaces__isnull=True).select_related("price")
    rows = entries.iterator(chunk_size=ROWS_AT_A_TIME)
    while some := list(islice(rows, ROWS_AT_A_TIME)):
        found = _find({key for entry in some for key in (entry.source_key, entry.subject_key)})
        for entry in some:
            named = {key for key in (entry.source_key, entry.subject_key) if type_of(key) != SourceType.CALLER}
            if any(key not in found or found[key].study.budget_id != entry.budget_id for key in named):
                yield Difference(what=f"source of {entry.source_key}", stored=entry.amount, rebuilt=MISSING)
            right = entry.price.cost(entry.quantity)
            if entry.amount != right:
                yield Difference(what=f"amount of {entry.source_key}", stored=entry.amount, rebuilt=right)


def _check_tokens(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """A settled batch of requests to a language model has an entry for each class of tokens: the sum of its answers."""
    own = _entries(budgets, SourceType.CALLER).filter(source_key__startswith="tokens:", replaces__isnull=True)
    entered = dict(own.values_list("source_key", "quantity"))
    sums = {kind.value: Sum(f"answers__{kind.value}", default=0) for kind in TOKEN_KINDS}
    settled = TokenBatch.objects.filter(budget__in=budgets, settled_at__isnull=False).order_by("pk").annotate(**sums)
    for batch in settled.iterator(chunk_size=ROWS_AT_A_TIME):
        for kind in TOKEN_KINDS:
            key, used = batch.entry_key(kind), in_thousands(getattr(batch, kind.value))
            stored = entered.pop(key, Decimal(0))
            if stored != used:
                yield Difference(what=f"quantity of {key}", stored=stored, rebuilt=used)
    for key, stored in entered.items():
        yield Difference(what=f"source of {key}", stored=stored, rebuilt=MISSING)


def _check_callers_and_tokens(budgets: Sequence[Budget]) -> Iterator[Difference]:
    yield from _check_callers(budgets)
    yield from _check_tokens(budgets)


READERS = {
    SourceType.ANNOTATION: SourceReader(resource_type="Annotation", find=_find_annotations, check=_check_annotations),
    SourceType.ATTEMPT: SourceReader(resource_type="Run attempt", find=_find_attempts, check=_check_attempts),
    SourceType.ENTRY: SourceReader(resource_type="Charge", find=lambda keys: {}, check=_check_fees),
    SourceType.CALLER: SourceReader(resource_type="Charge", find=lambda keys: {}, check=_check_callers_and_tokens),
}
_BY_PREFIX = {source.value: source for source in (SourceType.ANNOTATION, SourceType.ATTEMPT)}
if missing := [source.name for source in SourceType if source not in READERS]:
    raise ImproperlyConfigured(f"reports.sources has no reader for {', '.join(missing)}.")


def _entries(budgets: Sequence[Budget], source: SourceType) -> QuerySet[LedgerEntry]:
    """Entries of a source's kinds that are not reversals."""
    rows = LedgerEntry.objects.filter(budget__in=budgets, kind__in=kinds_of(source), reverses__isnull=True)
    return rows.order_by("pk")


def named_by_key(
    rows: QuerySet[Any], what: str, *, stored: str = "amount", rebuilt: str = MISSING
) -> Iterator[Difference]:
    """A difference for each of these rows; `what` has {} where its source key goes, `stored` is a column."""
    for key, value in rows.order_by("pk").values_list("source_key", stored):
        yield Difference(what=what.format(key), stored=value, rebuilt=rebuilt)


def _without_source(budgets: Sequence[Budget], source: SourceType, unnamed: Q) -> Iterator[Difference]:
    return named_by_key(_entries(budgets, source).filter(unnamed, replaces__isnull=True), "source of {}")


def _own_entry(entry: LedgerEntry, *, study: Study, source_key: str) -> Iterator[Difference]:
    if entry.source_key != source_key:
        yield Difference(what=f"entry {entry.pk}: source key", stored=entry.source_key, rebuilt=source_key)
    if entry.budget_id != study.budget_id:
        yield Difference(what=f"budget of {source_key}", stored=str(entry.budget_id), rebuilt=str(study.budget_id))


def _attempt_amount(attempt: Attempt, entry: LedgerEntry, cost: Decimal) -> Iterator[Difference]:
    """Less than the cost is right only where the hold gave all that it had: a run never costs more than its hold."""
    until_then = Attempt.objects.filter(run=attempt.run_id, number__lte=attempt.number)
    is_capped = entry.amount < cost and sum_of(until_then, "entry__amount") == _held(attempt)
    if entry.amount != cost and not is_capped:
        yield Difference(what=f"amount of {entry.source_key}", stored=entry.amount, rebuilt=cost)


def _held(attempt: Attempt) -> Decimal:
    """What the run's hold was when this attempt ended: the price of its time limit then, which may have grown since."""
    hold = attempt.run.hold
    assert hold
    if attempt.max_seconds is None:
        return hold.amount
    return cost_of(seconds=Decimal(attempt.max_seconds), price=hold.price)
