"""Offers as a recommendation keeps them: JSON that a page and a command read back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from budgets.models import Path
from budgets.money import quantize
from planning.policy import Forecast
from planning.surfaces import TEACHER, Cell
from reports.advice.compute import scoring_request
from reports.advice.offers import Offer
from reports.advice.pilot import PilotPart
from reports.advice.situation import OWN_CHECKPOINT
from reports.advice.words import name_purchase, name_student
from reports.model_labels import NUM_AUDITED
from reports.models import Recommendation
from runs.requests import HYBRID_EPOCHS, ONE_FOR_ALL, RunPlan, RunRequest
from studies.models import Study

AMOUNTS = (
    *("label_cost", "compute_cost", "scoring_cost", "verifying_cost"),
    *("price_low", "price_high", "pilot_adds", "pilot_holds"),
)

OfferKey = tuple[int | None, int | None, bool, int, int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class OfferRecord:
    """One offer with its forecast, empty where nothing was measured; scores and gains in percentage points.

    Without a number of pseudo-labels it is a teacher alone; `is_self_taught`: the student's own checkpoint teaches.
    `price_low` and `price_high` hold its price with 80 % probability; None in a recommendation from before.
    `own_gain`: by how much it alone is expected to raise the best student; `gain`: by how much a plan of two purchases
    that begins with it. `num_chosen` of its labels are of examples that a model was least sure of; with `is_chosen` the
    further ones, once a student of run `scorer`, if any, has scored `num_to_score` examples. That is in `compute_cost`.
    `num_opinions` of its labels rest on second opinions once `num_asked` of those there have got them.
    `layers` are those that its student keeps of `of_layers`, none where it has all. A language model gives
    `num_by_model` of its labels: the further ones through connection `labeller`. Before people have looked at enough of
    these, `num_to_audit` are to be looked at; `num_missing` of those the model has yet to give. `is_gold_only`: what it
    labelled is left out. `num_verified` more are its labels once people have verified `num_to_verify` of those there or
    to come, the least sure first; `verifying_cost` is that part of the label cost.
    `pilot_adds` and `pilot_holds`: see `PilotPart`; None of what is no part of the pilot.
    """

    labels: int
    pseudo_labels: int | None
    num_new: int
    num_waiting: int
    label_cost: Decimal
    compute_cost: Decimal
    basis: str
    minutes: int
    name: str
    teacher_run: int | None = None
    is_hybrid: bool = False
    layers: tuple[int, ...] = ()
    of_layers: int = 0
    is_self_taught: bool = False
    num_chosen: int = 0
    num_opinions: int = 0
    num_asked: int = 0
    is_chosen: bool = False
    num_by_model: int = 0
    labeller: int | None = None
    num_to_audit: int = 0
    num_missing: int = 0
    is_gold_only: bool = False
    num_verified: int = 0
    num_to_verify: int = 0
    verifying_cost: Decimal | None = None
    scorer: int | None = None
    num_to_score: int = 0
    scoring_minutes: int = 0
    scoring_cost: Decimal | None = None
    score: float | None = None
    band_80: tuple[float, float] | None = None
    band_90: tuple[float, float] | None = None
    own_gain: float | None = None
    gain: float | None = None
    chance_of_being_best: float | None = None
    can_tell: bool = False
    price_low: Decimal | None = None
    price_high: Decimal | None = None
    pilot_adds: Decimal | None = None
    pilot_holds: Decimal | None = None

    @property
    def key(self) -> OfferKey:
        """What tells it from the other offers of its recommendation."""
        of_labels = self.num_chosen, len(self.layers), self.num_opinions, self.num_by_model, self.num_verified
        return self.labels, self.pseudo_labels, self.is_self_taught, *of_labels

    @property
    def price(self) -> Decimal:
        return self.label_cost + self.compute_cost

    @property
    def price_interval(self) -> tuple[Decimal, Decimal] | None:
        """From and to; None in a recommendation from before there was one."""
        return None if self.price_low is None or self.price_high is None else (self.price_low, self.price_high)

    @property
    def num_there(self) -> int:
        """Of its labels, those that were there."""
        return self.labels - self.num_new - self.num_waiting

    @property
    def path(self) -> Path:
        return Path.ANNOTATE if self.pseudo_labels == 0 else Path.DISTIL

    @property
    def is_teacher(self) -> bool:
        return self.pseudo_labels is None

    @property
    def is_startable(self) -> bool:
        """Whether all of its labels are there, as they are to be."""
        return not (self.num_new or self.num_waiting or self.num_asked or self.num_to_verify)

    @property
    def student(self) -> str:
        """The student, or the teacher, that it leads to."""
        pseudo_labels = TEACHER if self.pseudo_labels is None else float(self.pseudo_labels)
        labels = {"by_model": self.num_by_model, "verified": self.num_verified}
        cell = Cell(self.labels, pseudo_labels, layers=len(self.layers), **labels)
        return name_student(cell, is_hybrid=self.is_hybrid, of_layers=self.of_layers)

    @property
    def arm(self) -> str:
        """What kind of purchase it is."""
        chosen = " chosen by uncertainty" if self.is_chosen else ""
        by_model = " by a language model" if self.num_by_model else ""
        by_model += ", some verified" if self.num_to_verify else ""
        if self.num_new:
            labels = f"further labels{chosen}{by_model}, "
        elif self.num_asked:
            labels = "second opinions, "
        elif by_model:
            labels = f"labels{by_model}, "
        else:
            labels = "" if self.labels else "no labels, "
        own = " from its own checkpoint" if self.is_self_taught else ""
        fewer = ", fewer layers" if self.layers else ""
        return f"{labels}{'teacher alone' if self.is_teacher else self.path.label.lower()}{own}{fewer}".capitalize()

    @property
    def gain_per_dollar(self) -> float | None:
        """What it alone is expected to gain per unit of the currency, as a fraction; None if it is free."""
        return None if self.own_gain is None or not self.price else self.own_gain / 100 / float(self.price)

    @property
    def as_json(self) -> dict[str, Any]:
        amounts = {name: getattr(self, name) for name in AMOUNTS}
        return {**asdict(self), **{name: None if one is None else str(one) for name, one in amounts.items()}}

    def scoring_request(self, study: Study) -> RunRequest:
        """What asks for the scores by which its labels are chosen; it must have a scorer."""
        assert self.scorer is not None
        return scoring_request(
            study=study,
            scorer=self.scorer,
            num_labels=self.num_there,
            num_to_score=self.num_to_score,
            minutes=self.scoring_minutes,
        )

    def request(self, study: Study) -> RunRequest:
        """What its runs are asked for with."""
        plan = RunPlan(
            max_minutes=self.minutes,
            teacher_run=self.teacher_run,
            teacher_only=self.is_teacher,
            teacher_seeds=ONE_FOR_ALL,
            self_distil=self.is_self_taught and self.teacher_run is None,
            gold_epochs=HYBRID_EPOCHS if self.is_hybrid else 0,
            student_layers=self.layers or None,
            gold_only=self.is_gold_only,
        )
        return RunRequest(
            study=study, path=self.path, plan=plan, num_labels=self.labels, num_unlabelled=self.pseudo_labels or 0
        )


def record_of(offer: Offer, forecast: Forecast | None, part: PilotPart | None = None) -> OfferRecord:
    """Keep an offer, with its forecast and its part in the pilot where there are any."""
    likely, foreseen = offer.likely, dict[str, Any]()
    if forecast is not None:
        names = ("score", "band_80", "band_90", "own_gain", "gain", "chance_of_being_best")
        foreseen = {name: getattr(forecast, name) for name in names}
        foreseen["can_tell"] = forecast.can_tell and not offer.is_unaudited
    return OfferRecord(
        labels=offer.cell.labels,
        pseudo_labels=pseudo_labels_of(offer.cell),
        num_new=offer.num_new,
        num_waiting=offer.num_waiting,
        label_cost=offer.labels,
        compute_cost=offer.compute_expected,
        price_low=_amount(likely.low),
        price_high=_amount(likely.high),
        basis=offer.compute.basis,
        minutes=offer.minutes,
        name=name_purchase(offer),
        teacher_run=offer.teacher_run,
        is_hybrid=offer.is_hybrid,
        layers=offer.layers,
        of_layers=offer.of_layers,
        is_self_taught=offer.cell.teacher == OWN_CHECKPOINT,
        num_chosen=offer.cell.chosen,
        num_opinions=offer.cell.opinions,
        num_asked=offer.num_asked,
        **_selection_of(offer),
        **_labelling_of(offer),
        pilot_adds=part.adds if part else None,
        pilot_holds=part.holds if part else None,
        **foreseen,
    )


def _selection_of(offer: Offer) -> dict[str, Any]:
    scoring = offer.selection
    if scoring is None:
        return {}
    return {
        "is_chosen": True,
        "scorer": scoring.scorer,
        "num_to_score": scoring.num_to_score,
        "scoring_minutes": scoring.minutes,
        "scoring_cost": scoring.expected,
    }


def _labelling_of(offer: Offer) -> dict[str, Any]:
    labeller = offer.labeller
    found: dict[str, Any] = {
        "num_by_model": offer.cell.by_model,
        "is_gold_only": offer.is_gold_only,
        "num_verified": offer.cell.verified,
        "num_to_verify": offer.num_to_verify,
        "verifying_cost": offer.for_verifying if offer.num_to_verify else None,
    }
    if labeller is None:
        return found
    found["labeller"] = labeller.connection_id
    if labeller.is_audited or labeller.num_awaited:
        return found
    return {
        **found,
        "num_to_audit": NUM_AUDITED,
        "num_missing": max(NUM_AUDITED - labeller.num_auditable, 0),
    }


def _amount(value: float) -> Decimal:
    return quantize(Decimal(value))


def pseudo_labels_of(cell: Cell) -> int | None:
    """How many a cell has; None of a teacher."""
    return None if cell.pseudo_labels == TEACHER else int(cell.pseudo_labels)


def key_of(recommendation: Recommendation) -> OfferKey:
    """The key of the offer that a recommendation says to take."""
    found = recommendation
    of_labels = found.num_chosen, found.kept_layers, found.num_opinions, found.num_by_model, found.num_verified
    return found.labels, found.pseudo_labels, found.is_self_taught, *of_labels


def offer_from_json(values: Mapping[str, Any]) -> OfferRecord:
    """Read an offer back."""
    bands = {name: tuple(values[name]) for name in ("band_80", "band_90") if values[name] is not None}
    amounts = {name: Decimal(values[name]) for name in AMOUNTS if values.get(name) is not None}
    layers = tuple(values.get("layers", ()))
    return OfferRecord(**{**values, **bands, **amounts, "layers": layers})
