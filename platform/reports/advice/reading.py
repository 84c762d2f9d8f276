"""A kept recommendation as pages and commands show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from budgets.models import Path
from budgets.money import ZERO
from reports.advice.outcomes import Coverage, coverage, outcomes_of
from reports.advice.records import OfferRecord, key_of, offer_from_json
from reports.advice.situation import Situation, situation_of
from reports.bills import StudyLedger
from reports.models import ForecastOutcome, Recommendation
from reports.points import Point
from studies.models import Study

MOST_OUTCOMES = 20


@dataclass(frozen=True, kw_only=True)
class NextTranche:
    """The recommendation of a study, None where there is none yet; `is_current` where it is of its present state."""

    study: Study
    recommendation: Recommendation | None
    is_current: bool
    outcomes: Sequence[ForecastOutcome]
    coverage: Coverage

    @cached_property
    def offers(self) -> list[OfferRecord]:
        return list(map(offer_from_json, self.recommendation.offers)) if self.recommendation else []

    @cached_property
    def best(self) -> OfferRecord | None:
        """The offer to take."""
        found = self.recommendation
        wanted = key_of(found) if found else None
        return next((one for one in self.offers if one.key == wanted), None)

    @cached_property
    def pilot(self) -> list[OfferRecord]:
        """What to measure first, in the order that it is priced in; empty once the planner can tell."""
        parts = (one for one in self.offers if one.pilot_adds is not None)
        return sorted(parts, key=lambda one: (one.path == Path.DISTIL, not one.is_teacher, one.labels))

    @property
    def startable(self) -> list[OfferRecord]:
        """Of the pilot, what can be started now."""
        return [one for one in self.pilot if one.is_startable]

    @property
    def pilot_price(self) -> Decimal:
        return sum((one.pilot_adds for one in self.pilot if one.pilot_adds is not None), ZERO)

    @property
    def pilot_holds(self) -> Decimal:
        """What its runs hold until they end."""
        return sum((one.pilot_holds for one in self.pilot if one.pilot_holds is not None), ZERO)

    @cached_property
    def runner_up(self) -> OfferRecord | None:
        found = self.recommendation
        return offer_from_json(found.runner_up) if found and found.runner_up else None

    @cached_property
    def arms(self) -> list[OfferRecord]:
        """Of each arm, the offer that gains most per dollar; those that cost nothing first."""
        best: dict[str, OfferRecord] = {}
        for offer in (one for one in self.offers if one.own_gain is not None):
            if offer.arm not in best or _merit(offer) > _merit(best[offer.arm]):
                best[offer.arm] = offer
        return sorted(best.values(), key=_merit, reverse=True)


def _merit(offer: OfferRecord) -> float:
    return float("inf") if offer.gain_per_dollar is None else offer.gain_per_dollar


def next_tranche(
    study: Study,
    *,
    ledger: StudyLedger | None = None,
    measured: Sequence[Point] | None = None,
    situation: Situation | None = None,
) -> NextTranche:
    """Find the recommendation of a study's present state, else its latest; nothing is worked out here.

    Parameters: `ledger`, `measured` and `situation` where these are read already.
    """
    state = (situation or situation_of(study, ledger=ledger, measured=measured)).key
    kept = Recommendation.objects.filter(study=study)
    current = kept.filter(state=state).first()
    return NextTranche(
        study=study,
        recommendation=current or kept.order_by("-pk").first(),
        is_current=current is not None,
        outcomes=list(outcomes_of(study)[:MOST_OUTCOMES]),
        coverage=coverage(),
    )
