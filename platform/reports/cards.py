"""Model cards with what a model cost, as the ledger has it when the card is requested."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from django.utils import timezone

from budgets.models import LedgerEntry, Origin
from budgets.money import ZERO
from labeling.models import Annotation
from reports.bills import Bill, BillSection, Sharing, StudyLedger
from reports.queries import one_moment
from runs.models import Artifact, ArtifactKind, Attempt, Run
from runs.results import CardMissing, CostLine, Costs, LabelOrigins, card_of, card_written_at, write_card_file
from studies.models import Label, Snapshot

_PEOPLE, _COMPUTE = "people", "computing"
_IN_LEDGER = "Each entry is in the ledger of its study; labels that only measure (dev and test) are in no bill."
_REPLAYED = "Labels were replayed from known answers, not given by people."
_LONGEST_TRANSACTION = timedelta(minutes=5)
_log = logging.getLogger(__name__)


def model_card(*, artifact: Artifact, at: datetime | None = None) -> str:
    """Write a student's or a teacher's card as Markdown, with its bill as of now.

    `at` is the moment that the card names, by default now. Raises CardMissing for a soft-label set.
    """
    with one_moment():
        sharing = Sharing(StudyLedger(artifact.run.study))
        lineage = Attempt.objects.filter(run_id__in=sharing.ledger.lineage(run_id=artifact.run_id))
        return card_of(
            artifact,
            costs=_costs(artifact, sharing),
            origins=_origins(artifact.run),
            lineage=lineage,
            at=at or timezone.now(),
        )


def write_card(*, artifact: Artifact) -> str:
    """Put a model's card into its folder and return its text. Raises CardMissing."""
    text = model_card(artifact=artifact)
    write_card_file(artifact, text)
    return text


def refresh_cards() -> int:
    """Write the cards again whose bills have a later entry, such as a correction; count them."""
    count = 0
    models = Artifact.objects.exclude(kind=ArtifactKind.SOFT_LABELS).select_related("run__study__budget")
    for study, artifacts in groupby(models.order_by("run__study_id", "pk"), key=lambda one: one.run.study):
        ledger = StudyLedger(study)
        for artifact in artifacts:
            written_at = card_written_at(artifact)
            if written_at is None or not _has_later_entry(artifact, ledger, written_at):
                continue
            try:
                write_card(artifact=artifact)
                count += 1
            except (CardMissing, OSError) as error:
                _log.warning("the card of %s is not written again: %s", artifact, error)
    return count


def _has_later_entry(artifact: Artifact, ledger: StudyLedger, moment: datetime) -> bool:
    # An entry is dated when it is made and seen when its transaction ends, so that a card may miss one made before it.
    since = moment - _LONGEST_TRANSACTION
    later = LedgerEntry.objects.filter(budget_id=ledger.study.budget_id, created_at__gt=since)
    if not later.exists():
        return False
    return later.filter(pk__in=ledger.bill(run_id=artifact.run_id).entry_ids).exists()


def _origins(run: Run) -> LabelOrigins:
    """Count the labels of a run's snapshot, or without one of its teacher's, by where they came from."""
    snapshot = _snapshot_of(run)
    if snapshot is None:
        return LabelOrigins()
    replays = Annotation.objects.filter(example__snapshot_items__snapshot=snapshot, origin=Origin.REPLAY)
    replayed_keys = {one.source_key for one in replays.only("unique_id")}
    imported = replayed = given = by_model = 0
    for source, keys in snapshot.items.values_list("source", "source_keys"):
        is_replay = not replayed_keys.isdisjoint(keys)
        imported += source == Label.Source.IMPORT
        replayed += is_replay
        by_model += source == Label.Source.LANGUAGE_MODEL
        given += source == Label.Source.ANNOTATION and not is_replay
    return LabelOrigins(given=given, replayed=replayed, imported=imported, by_model=by_model)


def _snapshot_of(run: Run) -> Snapshot | None:
    if run.snapshot is not None:
        return run.snapshot
    found = (_snapshot_of(parent) for parent in run.parents.select_related("snapshot"))
    return next(filter(None, found), None)


def _costs(artifact: Artifact, sharing: Sharing) -> Costs:
    bill = sharing.ledger.bill(run_id=artifact.run_id)
    return Costs(
        currency=artifact.run.study.budget.currency,
        lines=[
            CostLine(
                part=line.section.label,
                paid_for=_paid_for(line.section),
                num_entries=len(line.charges),
                amount=str(line.amount),
            )
            for line in bill.lines
        ],
        sums=_sums(artifact, bill, sharing),
        notes=(_IN_LEDGER, _REPLAYED) if bill.has_replay else (_IN_LEDGER,),
    )


def _sums(artifact: Artifact, bill: Bill, sharing: Sharing) -> list[tuple[str, str]]:
    sums = [
        ("Annotate: people", _of(bill, _PEOPLE)),
        ("Compute", _of(bill, _COMPUTE)),
        ("Total", bill.total),
    ]
    if artifact.kind == ArtifactKind.STUDENT and len(sharing.students) > 1:
        sums.append(("Its share, where other students used the same", sharing.bill(artifact).share))
    return [(name, str(amount)) for name, amount in sums]


def _of(bill: Bill, paid_for: str) -> Decimal:
    return sum((line.amount for line in bill.lines if _paid_for(line.section) == paid_for), ZERO)


def _paid_for(section: BillSection) -> str:
    return _PEOPLE if section == BillSection.LABELS else _COMPUTE
