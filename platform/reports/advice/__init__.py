"""The next tranche: what to buy next with the money left, why, how sure that is, and what came of earlier advice."""

from reports.advice.changes import changed_since
from reports.advice.outcomes import Coverage, coverage, outcomes_of
from reports.advice.planned import PlannedPoint, planned_points
from reports.advice.question import measured_points
from reports.advice.reading import NextTranche, next_tranche
from reports.advice.recommending import recommend
from reports.advice.records import OfferRecord, offer_from_json
from reports.advice.situation import Situation, situation_of

__all__ = [
    "Coverage",
    "NextTranche",
    "OfferRecord",
    "PlannedPoint",
    "Situation",
    "changed_since",
    "coverage",
    "measured_points",
    "next_tranche",
    "offer_from_json",
    "outcomes_of",
    "planned_points",
    "recommend",
    "situation_of",
]
