"""What earlier recommendations said of students that are measured by now."""

from dataclasses import dataclass

from django.db.models import QuerySet

from reports.advice.records import OfferKey, OfferRecord, key_of, offer_from_json
from reports.advice.situation import Situation
from reports.models import ForecastOutcome, Recommendation
from reports.points import Point
from runs.models import Run
from studies.models import Study


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How many students came inside the bands that were said of them, of how many, in this installation."""

    inside_80: int
    inside_90: int
    total: int


def coverage() -> Coverage:
    """Count over all studies."""
    return Coverage(**ForecastOutcome.objects.num_inside())


def outcomes_of(study: Study) -> QuerySet[ForecastOutcome]:
    """A study's outcomes, the latest first."""
    return (
        ForecastOutcome.objects.filter(recommendation__study=study)
        .select_related("recommendation", "artifact")
        .defer("recommendation__offers", "recommendation__runner_up", "artifact__result")
        .order_by("-artifact")
    )


def record_outcomes(situation: Situation) -> None:
    """Record, once for each student, what the latest recommendation before its request said of its cell."""
    study, measured = situation.study, situation.points
    recorded = set(outcomes_of(study).values_list("artifact", flat=True))
    new = [point for point in measured if point.artifact_id not in recorded]
    if not new:
        return
    requested = dict(Run.objects.filter(pk__in=[point.run_id for point in new]).values_list("pk", "created_at"))
    said = list(Recommendation.objects.filter(study=study).order_by("-made_at", "-pk"))
    outcomes = []
    for point in new:
        before = [one for one in said if one.made_at < requested[point.run_id]]
        key = (
            *(point.num_labels, point.num_pseudo_labels),
            *(point.run_id in situation.self_taught, point.num_chosen, len(point.layers)),
            *(point.num_opinions, point.num_by_model, point.num_verified),
        )
        found = next(filter(None, (_said_of(key, one) for one in before)), None)
        if found:
            outcomes.append(_outcome(point, *found))
    ForecastOutcome.objects.bulk_create(outcomes, ignore_conflicts=True)


def _said_of(key: OfferKey, recommendation: Recommendation) -> tuple[Recommendation, OfferRecord] | None:
    offers = map(offer_from_json, recommendation.offers)
    offer = next((one for one in offers if one.key == key), None)
    return None if offer is None or offer.band_90 is None else (recommendation, offer)


def _outcome(point: Point, recommendation: Recommendation, offer: OfferRecord) -> ForecastOutcome:
    assert offer.score is not None and offer.band_80 is not None and offer.band_90 is not None
    return ForecastOutcome(
        recommendation=recommendation,
        artifact_id=point.artifact_id,
        labels=point.num_labels,
        pseudo_labels=point.num_pseudo_labels,
        was_recommended=key_of(recommendation) == offer.key,
        score=offer.score,
        low_80=offer.band_80[0],
        high_80=offer.band_80[1],
        low_90=offer.band_90[0],
        high_90=offer.band_90[1],
        came=100 * point.utility,
    )
