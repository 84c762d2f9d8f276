"""What people said of the examples of an audit, and what that says of all labels that the language model gave."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from config.refusals import Refusal
from labeling.publishing import audited
from planning.audited import MeanEstimate, corrected_mean, share_of
from planning.posterior import LabelOrder
from reports.model_labels.measuring import Measure, measure_of
from runs.models import LabelAudit, ModelLabel
from studies.models import Label, Study
from studies.task_types import spans_from_json


class AuditNotFound(Refusal):
    """No audit has this number."""


@dataclass(frozen=True, kw_only=True)
class ClassShare:
    """The share of examples with a label: as the language model says, and corrected by what people said."""

    label: str
    by_model: float
    corrected: MeanEstimate


@dataclass(frozen=True, kw_only=True)
class AuditResult:
    """An audit, the model's labels that it is of, and people's labels of the examples that were drawn, by example."""

    audit: LabelAudit
    labels: Sequence[ModelLabel]
    by_people: Mapping[int, str]
    num_unpublished: int

    @property
    def num_labels(self) -> int:
        return len(self.labels)

    @property
    def num_drawn(self) -> int:
        return len(self.audit.example_ids)

    @property
    def num_looked_at(self) -> int:
        return len(self._seen)

    @cached_property
    def error(self) -> MeanEstimate | None:
        """The share of the drawn labels that people gave otherwise; None before they labelled any, and of texts."""
        if not self.audit.study.definition.has_labels:
            return None
        num_wrong = sum(one.value != self.by_people[one.example_id] for one in self._seen)
        return share_of(hits=num_wrong, total=len(self._seen)) if self._seen else None

    @cached_property
    def measure(self) -> Measure:
        return measure_of(self.audit.study)

    @cached_property
    def quality(self) -> MeanEstimate | None:
        """The mean score of all of the model's answers, by its confidence, corrected by the audit.

        None before people labelled any, and where `measure` has a fault.
        """
        score = self.measure.score
        if not self._seen or score is None:
            return None
        return corrected_mean(
            measured=[score(self.by_people[one.example_id], one.value) for one in self._seen],
            predicted=[one.confidence for one in self._seen],
            elsewhere=[one.confidence for one in self._unseen],
        )

    @cached_property
    def order(self) -> LabelOrder:
        """How well its confidence tells the labels that people gave otherwise."""
        sure: dict[bool, list[float]] = {True: [], False: []}
        for one in self._seen:
            sure[one.value == self.by_people[one.example_id]].append(one.confidence)
        return LabelOrder.of(wrong=sure[False], right=sure[True])

    @cached_property
    def shares(self) -> list[ClassShare]:
        """By label, in the study's order; none before people labelled any."""
        return [self._share(label) for label in self.audit.study.labels] if self._seen else []

    def _share(self, label: str) -> ClassShare:
        has = [float(label in self._names(one.value)) for one in self.labels]
        corrected = corrected_mean(
            measured=[float(label in self._names(self.by_people[one.example_id])) for one in self._seen],
            predicted=[float(label in self._names(one.value)) for one in self._seen],
            elsewhere=[float(label in self._names(one.value)) for one in self._unseen],
        )
        return ClassShare(label=label, by_model=sum(has) / len(has), corrected=corrected)

    @cached_property
    def _seen(self) -> list[ModelLabel]:
        return [one for one in self.labels if one.example_id in self.by_people]

    @cached_property
    def _unseen(self) -> list[ModelLabel]:
        return [one for one in self.labels if one.example_id not in self.by_people]

    def _names(self, value: str) -> list[str]:
        definition = self.audit.study.definition
        if definition.unit == "word":
            return [span.label for span in spans_from_json(value)]
        return list(json.loads(value)) if definition.is_list else [value]


def find_audit(reference: str) -> LabelAudit:
    """Find an audit by its number, for commands. Raises: AuditNotFound."""
    found = LabelAudit.objects.select_related("study__budget", "created_by")
    audit = found.filter(pk=int(reference)).first() if reference.isdecimal() else None
    if audit is None:
        latest = ", ".join(str(one) for one in LabelAudit.objects.order_by("-pk")[:10])
        raise AuditNotFound(f"There is no audit {reference!r}. The latest are: {latest or 'none yet'}.")
    return audit


def audit_results(study: Study) -> list[AuditResult]:
    """The audits of a study, the latest first."""
    return [_result(audit) for audit in study.label_audits.select_related("study", "created_by").order_by("-pk")]


def _result(audit: LabelAudit) -> AuditResult:
    # Only what was drawn counts: what people label otherwise was not chosen at random.
    drawn = Label.objects.filter(example__in=audit.example_ids).exclude(source=Label.Source.LANGUAGE_MODEL)
    labels = ModelLabel.objects.filter(pk__in=audit.label_ids).order_by("pk")
    return AuditResult(
        audit=audit,
        labels=list(labels.only("example_id", "value", "confidence")),
        by_people=dict(drawn.values_list("example", "value")),
        num_unpublished=audited(study=audit.study, example_ids=audit.example_ids).count(),
    )
