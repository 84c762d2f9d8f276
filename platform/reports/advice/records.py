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
from reports.models import Recommendation
from runs.requests import HYBRID_EPOCHS, ONE_FOR_ALL, RunPlan, RunRequest
from studies.models import Study

AMOUNTS = ("label_cost", "compute_cost", "scoring_cost", "price_low", "price_high", "pilot_adds", "pilot_holds")

OfferKey = tuple[int | None, int | None, bool, int, int]


@dataclass(frozen=True, kw_only=True)
class OfferRecord:
    """One offer with its forecast, empty where nothing was measured; scores and gains in percentage points.

    Without a number of pseudo-labels it is a teacher alone; `is_self_taught`: the student's own checkpoint teaches.
    `price_low` and `price_high` hold its price with 80 % probability; None in a recommendation from before.
    `own_gain`: by how much it alone is expected to raise the best student; `gain`: by how much a plan of two purchases
    that begins with it. `num_chosen` of its labels are of examples that a model was least sure of; with `is_chosen` the
    further ones, once a student of run `scorer`, if any, has scored `num_to_score` examples. That is in `compute_cost`.
    `layers` are those that its student keeps of `of_layers`, none where it has all.
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
    is_chosen: bool = False
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
        return self.labels, self.pseudo_labels, self.is_self_taught, self.num_chosen, len(self.layers)

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
        """Whether all of its labels are there."""
        return not self.num_new and not self.num_waiting

    @property
    def student(self) -> str:
        """The student, or the teacher, that it leads to."""
        pseudo_labels = TEACHER if self.pseudo_labels is None else float(self.pseudo_labels)
        cell = Cell(self.labels, pseudo_labels, layers=len(self.layers))
        return name_student(cell, is_hybrid=self.is_hybrid, of_layers=self.of_layers)

    @property
    def arm(self) -> str:
        """What kind of purchase it is."""
        chosen = " chosen by uncertainty" if self.is_chosen else ""
        further = f"further labels{chosen}, " if self.num_new else ""
        own = " from its own checkpoint" if self.is_self_taught else ""
        fewer = ", fewer layers" if self.layers else ""
        return f"{further}{'teacher alone' if self.is_teacher else self.path.label.lower()}{own}{fewer}".capitalize()

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
        )
        return RunRequest(
            study=study, path=self.path, plan=plan, num_labels=self.labels, num_unlabelled=self.pseudo_labels or 0
        )


def record_of(offer: Offer, forecast: Forecast | None, part: PilotPart | None = None) -> OfferRecord:
    """Keep an offer, with its forecast and its part in the pilot where there are any."""
    likely, foreseen = offer.likely, dict[str, Any]()
    if forecast is not None:
        names = ("score", "band_80", "band_90", "own_gain", "gain", "chance_of_being_best", "can_tell")
        foreseen = {name: getattr(forecast, name) for name in names}
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
        **_selection_of(offer),
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


def _amount(value: float) -> Decimal:
    return quantize(Decimal(value))


def pseudo_labels_of(cell: Cell) -> int | None:
    """How many a cell has; None of a teacher."""
    return None if cell.pseudo_labels == TEACHER else int(cell.pseudo_labels)


def key_of(recommendation: Recommendation) -> OfferKey:
    """The key of the offer that a recommendation says to take."""
    found = recommendation
    return found.labels, found.pseudo_labels, found.is_self_taught, found.num_chosen, found.kept_layers


def offer_from_json(values: Mapping[str, Any]) -> OfferRecord:
    """Read an offer back."""
    bands = {name: tuple(values[name]) for name in ("band_80", "band_90") if values[name] is not None}
    amounts = {name: Decimal(values[name]) for name in AMOUNTS if values.get(name) is not None}
    layers = tuple(values.get("layers", ()))
    return OfferRecord(**{**values, **bands, **amounts, "layers": layers})
