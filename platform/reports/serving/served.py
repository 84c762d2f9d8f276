"""The models of a study whose serving was measured: latency, cost of 1,000 requests, score."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from django.db.models import QuerySet

from budgets.money import ZERO
from planning.serving import THOUSAND, Served, serving_gap
from reports.formatting import MoneyFormat
from reports.serving.words import RATE_DECIMALS, compare_serving
from runs.models import Artifact, ArtifactKind, Evaluation
from runs.results import ServingFigures, has_serving_figures, original_figures
from studies.models import Split, Study


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A model with what was measured of it as it is, in no export."""

    artifact: Artifact
    evaluation: Evaluation
    figures: ServingFigures
    monthly_requests: int | None = None

    @property
    def checkpoint(self) -> str:
        return _checkpoint(self.artifact)

    @property
    def per_thousand(self) -> Decimal | None:
        """Of 1,000 requests; None where a device hour has no price."""
        return self.figures.cost_of_requests

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
    rows = Evaluation.objects.comparable().filter(
        artifact__run__study=study,
        artifact__kind__in=[ArtifactKind.STUDENT, ArtifactKind.TEACHER],
        split=Split.TEST,
        metric=study.metric,
    )
    best: dict[str, ServedModel] = {}
    for row in _measured(rows):
        checkpoint = _checkpoint(row.artifact)
        # The one at hand, with its budget and prices.
        row.artifact.run.study = study
        if checkpoint not in best and (figures := original_figures(row.artifact)):
            best[checkpoint] = ServedModel(
                artifact=row.artifact, evaluation=row, figures=figures, monthly_requests=study.monthly_requests
            )
    models = sorted(best.values(), key=lambda one: (one.per_thousand or ZERO, one.figures.p50_ms))
    findings = [_finding(study, dearer, cheaper) for cheaper, dearer in combinations(models, 2)]
    return Serving(models=models, findings=[words for words in findings if words], rate_format=rate_format(study))


def _measured(rows: QuerySet[Evaluation]) -> QuerySet[Evaluation]:
    """Those of models whose serving was measured, which few are, the best first."""
    folders = rows.values_list("pk", "artifact__folder")
    found = rows.filter(pk__in=[pk for pk, folder in folders if has_serving_figures(folder)])
    return found.select_related("artifact__run").defer("artifact__result").order_by("-value", "pk")


def rate_format(study: Study) -> MoneyFormat:
    """How the cost of 1,000 requests is written."""
    return MoneyFormat(currency=study.budget.currency, decimals=RATE_DECIMALS)


def _checkpoint(artifact: Artifact) -> str:
    return str((artifact.run.model or {}).get("name", ""))


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
