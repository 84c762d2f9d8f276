"""The models of a study whose serving was measured: latency, cost of 1,000 requests, score."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from django.db.models import Prefetch
from django.utils import timezone

from budgets.cost_kinds import CostKind
from budgets.models import Price
from budgets.prices import PriceMissing, Scope, price_at
from planning.serving import THOUSAND, Served, serving_gap
from reports.formatting import MoneyFormat
from reports.serving.words import RATE_DECIMALS, compare_serving
from runs.models import Artifact, ArtifactKind, Evaluation, ServingMeasurement
from runs.money import cost_of
from studies.models import Split, Study

CPU = "cpu"
"""What models are tried, and so measured, on."""


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A model with the latest measurement of its serving; `per_thousand` is None where a CPU hour has no price."""

    artifact: Artifact
    evaluation: Evaluation
    measured: ServingMeasurement
    per_thousand: Decimal | None
    monthly_requests: int | None = None

    @property
    def checkpoint(self) -> str:
        return str((self.artifact.run.model or {}).get("name", ""))

    @property
    def per_month(self) -> Decimal | None:
        """At the requests that are expected; None where these or the price are not known."""
        if self.per_thousand is None or self.monthly_requests is None:
            return None
        return self.per_thousand * self.monthly_requests / THOUSAND

    @property
    def served(self) -> Served | None:
        if self.per_thousand is None:
            return None
        score, low, high = (100 * value for value in (self.evaluation.value, self.evaluation.low, self.evaluation.high))
        return Served(score=score, low=low, high=high, dollars_per_thousand=self.per_thousand)


@dataclass(frozen=True, kw_only=True)
class Serving:
    """The best measured model of each checkpoint, the cheapest to serve first, and what is said of each two."""

    models: Sequence[ServedModel]
    findings: Sequence[str]
    rate_format: MoneyFormat


def serving_of(study: Study) -> Serving:
    """Compare the models of a study that differ in size, as far as their serving was measured."""
    price = cpu_price(study)
    rows = Evaluation.objects.filter(
        artifact__run__study=study,
        artifact__kind__in=[ArtifactKind.STUDENT, ArtifactKind.TEACHER],
        artifact__serving_measurements__isnull=False,
        split=Split.TEST,
        metric=study.metric,
    )
    latest = Prefetch("artifact__serving_measurements", ServingMeasurement.objects.order_by("-measured_at", "-pk"))
    best: dict[str, ServedModel] = {}
    for row in rows.distinct().select_related("artifact__run").prefetch_related(latest).order_by("-value", "pk"):
        found = _model(study, row, price)
        best.setdefault(found.checkpoint, found)
    models = sorted(best.values(), key=lambda one: one.measured.mean_seconds)
    findings = [_finding(study, dearer, cheaper) for cheaper, dearer in combinations(models, 2)]
    return Serving(models=models, findings=[words for words in findings if words], rate_format=rate_format(study))


def cpu_price(study: Study) -> Price | None:
    """Today's price of an hour of a CPU; None where there is none."""
    scope = Scope(device=CPU, budget=study.budget)
    try:
        return price_at(book=study.budget.price_book, kind=CostKind.DEVICE_HOUR, at=timezone.now(), scope=scope)
    except PriceMissing:
        return None


def rate_format(study: Study) -> MoneyFormat:
    """How the cost of 1,000 requests is written."""
    return MoneyFormat(currency=study.budget.currency, decimals=RATE_DECIMALS)


def cost_of_thousand(measured: ServingMeasurement, price: Price | None) -> Decimal | None:
    """What 1,000 requests take of a CPU, one after the other."""
    return None if price is None else cost_of(seconds=Decimal(measured.mean_seconds) * THOUSAND, price=price)


def _model(study: Study, row: Evaluation, price: Price | None) -> ServedModel:
    measured = row.artifact.serving_measurements.all()[0]
    return ServedModel(
        artifact=row.artifact,
        evaluation=row,
        measured=measured,
        per_thousand=cost_of_thousand(measured, price),
        monthly_requests=study.monthly_requests,
    )


def _finding(study: Study, dearer: ServedModel, cheaper: ServedModel) -> str:
    """What to say of two models; nothing where their serving costs the same or has no price."""
    if dearer.served is None or cheaper.served is None or dearer.per_thousand == cheaper.per_thousand:
        return ""
    return compare_serving(
        serving_gap(dearer=dearer.served, cheaper=cheaper.served),
        dearer=str(dearer.artifact),
        cheaper=str(cheaper.artifact),
        study=study,
    )
