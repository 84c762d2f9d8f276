"""Which language model would label a study's examples next, and what is known of its labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from budgets.cost_kinds import CostKind
from budgets.prices import PriceMissing
from connections.models import Connection, Outputs
from connections.money import TokenPrices, token_prices
from planning.posterior import LabelAccuracy, errors_found
from reports.model_labels.auditing import num_auditable
from reports.model_labels.results import audit_results
from reports.model_labels.reviewing import num_reviewable, tells_confidence
from runs.models import LabelAudit, LabelingJob, ModelLabel
from studies.models import ChosenBy, Label, Study
from tables.table import counted

# From so many, an interval is about as narrow as what is believed before any is looked at is wide.
NUM_AUDITED = 30
_SDS_IN_INTERVAL = 2 * 1.96
_SDS_IN_80 = 1.2816
_SHARE_SAID = 0.2


@dataclass(frozen=True, kw_only=True)
class Labeller:
    """A connection that may label, its token prices by id, and what is believed of its labels.

    `fault` says why it cannot be asked; empty where it can. `is_labelling`: a job of it is not over yet.
    `num_auditable` of its labels no person has looked at; of an audit, `num_awaited` examples have no person's label.
    People may verify `num_reviewable` labels; `tells_confidence`: some of them can be called the least sure.
    """

    connection_id: int
    name: str
    prices: tuple[int, ...]
    accuracy: LabelAccuracy
    is_labelling: bool
    num_auditable: int
    num_awaited: int
    num_reviewable: int = 0
    tells_confidence: bool = False
    fault: str = ""

    @property
    def is_audited(self) -> bool:
        """Whether people have looked at enough of its labels."""
        return self.accuracy.num_audited >= NUM_AUDITED


def labeller_of(study: Study) -> Labeller | None:
    """Find who labelled here last, else whose input is cheapest; None where no language model can be asked.

    It may be asked for single labels of texts and pairs: what others are worth is not forecast.
    """
    if study.definition.is_list or not study.definition.has_labels or len(study.labels) < 2:
        return None
    usable = [one for one in Connection.objects.filter(is_active=True).order_by("name") if one.is_usable]
    if not usable:
        return None
    jobs = study.labeling_jobs.filter(purpose=LabelingJob.Purpose.LABELS).order_by("-pk")
    last = jobs.values_list("connection", flat=True).first()
    chosen, prices, fault = _chosen(study, [one for one in usable if one.pk == last] or usable)
    accuracy, num_awaited = _audited(study, chosen)
    return Labeller(
        connection_id=chosen.pk,
        name=chosen.name,
        prices=tuple(price.pk for price in prices.by_kind.values()) if prices else (),
        accuracy=accuracy,
        is_labelling=jobs.filter(state__in=[*LabelingJob.ACTIVE, LabelingJob.State.PAUSED]).exists(),
        num_auditable=num_auditable(study) if last else 0,
        num_awaited=num_awaited,
        num_reviewable=num_reviewable(study) if last else 0,
        tells_confidence=bool(last) and tells_confidence(study),
        fault=fault,
    )


def _chosen(study: Study, usable: Sequence[Connection]) -> tuple[Connection, TokenPrices | None, str]:
    """The cheapest that may train and has prices; else the first, and what it lacks."""
    allowed = [one for one in usable if one.outputs == Outputs.MAY_TRAIN]
    if not allowed:
        fault = (
            f"No labels by {usable[0]} are on offer: its terms are not stated to let its outputs train models. An "
            "admin reads them and states it on the connection's page."
        )
        return usable[0], None, fault
    priced, missing = [], ""
    for one in allowed:
        try:
            priced.append((one, token_prices(budget=study.budget, connection=one)))
        except PriceMissing as lacking:
            missing = missing or f"No labels by {one} are on offer: {lacking} An admin sets it on the prices page."
    if not priced:
        return allowed[0], None, missing
    return (*min(priced, key=lambda pair: pair[1].by_kind[CostKind.INPUT_TOKENS].rate), "")


def _audited(study: Study, connection: Connection) -> tuple[LabelAccuracy, int]:
    """What the latest audit of its labels says of them, and how many examples of it wait for people."""
    before = LabelAccuracy(num_classes=len(study.labels))
    for found in audit_results(study):
        ours = ModelLabel.objects.filter(pk__in=found.audit.label_ids, job__connection=connection)
        if not ours.exists():
            continue
        if found.quality is None:
            return before, found.num_drawn
        # What was verified before the draw is in no audit, and is of the labels that the share is of.
        num_kept, num_verified = _verified_before(found.audit, connection)
        num_all = found.num_labels + num_verified
        low, high = found.quality.low, found.quality.high
        accuracy = LabelAccuracy(
            num_classes=len(study.labels),
            mean=(found.num_labels * found.quality.value + num_kept) / num_all,
            sd=found.num_labels / num_all * (high - low) / _SDS_IN_INTERVAL,
            num_audited=found.num_looked_at,
            order=found.order,
        )
        return accuracy, found.num_drawn - found.num_looked_at
    return before, 0


def _verified_before(audit: LabelAudit, connection: Connection) -> tuple[int, int]:
    """How many labels of a connection people kept, of those that they had verified as it was least sure of them."""
    verified = ModelLabel.objects.filter(
        job__connection=connection,
        example__study=audit.study_id,
        example__chosen_by=ChosenBy.VERIFICATION,
        example__publication__offered_at__lt=audit.created_at,
        example__label__source=Label.Source.ANNOTATION,
    )
    said = {
        example: value == label
        for example, value, label in verified.order_by("pk").values_list("example", "value", "example__label__value")
    }
    return sum(said.values()), len(said)


def name_accuracy(labeller: Labeller, *, audit: str) -> str:
    """How good labels of a language model are taken to be, and by what. Parameters: `audit` is what one would cost."""
    known = labeller.accuracy
    low, high = (known.mean + far * known.sd for far in (-_SDS_IN_80, _SDS_IN_80))
    right = f"{100 * known.mean:.0f} % right (80 %: {100 * max(low, 0.0):.0f} to {100 * min(high, 1.0):.0f} %)"
    if labeller.is_audited:
        return (
            f"Labels by {labeller.name} are taken to be {right}, as the {known.num_audited:,} of an audit say. A model "
            "errs alike on texts that are alike, and a student learns a part of that; how large a part, students of "
            "this study that have such labels tell."
        )
    by = f"by {counted(known.num_audited, 'example')} of an audit" if known.num_audited else "as of published models"
    told = f"Labels by {labeller.name} are taken to be {right}, {by}."
    return f"{told} {audit_would_tell(labeller, audit)}"


def name_order(labeller: Labeller) -> str:
    """How many of its errors people are taken to find who verify the labels that it is least sure of, and by what."""
    known = labeller.accuracy
    share, error = np.array(_SHARE_SAID), np.array(1 - known.mean)
    found = errors_found(share=share, error=error, quality=known.order.quantiles(np.array([0.1, 0.5, 0.9])))
    low, middle, high = (f"{100 * one:.0f} %" for one in found)
    by = f"by {counted(known.order.num_errors, 'error')} of an audit" if known.order.num_errors else "as is published"
    part = f"{100 * _SHARE_SAID:.0f} %"
    return (
        f"People who verify the {part} of labels by {labeller.name} that it is least sure of are taken to find "
        f"{middle} of its errors (80 %: {low} to {high}), {by}; in random order they would find {part}."
    )


def audit_would_tell(labeller: Labeller, audit: str) -> str:
    """What tells how good labels of a language model are."""
    if labeller.num_awaited:
        return f"An audit tells how good they are; of it, {counted(labeller.num_awaited, 'example')} wait for people."
    return f"An audit of {NUM_AUDITED} of them{f' for {audit}' if audit else ''} would tell how good they are."
