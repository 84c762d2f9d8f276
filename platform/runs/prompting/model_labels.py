"""A language model as annotator: answers that were bought for labels become labels of the pool, with their price."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import transaction

from budgets.models import LedgerEntry
from connections.buying import Purchase, Sample
from connections.models import Answer, Outcome
from connections.prompts import LabelPrompt
from runs.models import LabelingJob, ModelLabel
from runs.prompting.deciding import decided
from runs.prompting.labeling_jobs import purchase_of, rows_of
from studies.labels import ModelAnswer, assign_model_labels
from studies.models import Example, Study

_ROWS_AT_A_TIME = 500


@dataclass(frozen=True, kw_only=True)
class _Decision:
    answer: ModelAnswer
    confidence: float


def give_labels(job: LabelingJob, *, is_done: bool = False) -> None:
    """Label the examples of a job whose answers are there and paid. Repeated, it labels what was not labelled yet.

    A label names the batches that its answers were paid in, so that a bill of what trains on it has them. While a
    job goes on, an example waits for all of its samples.
    """
    if job.purpose != LabelingJob.Purpose.LABELS:
        return
    is_over = is_done or LabelingJob.objects.filter(pk=job.pk, state=LabelingJob.State.STOPPED).exists()
    done = set(job.labels.values_list("example", flat=True))
    left = iter([pk for pk in job.example_ids if pk not in done])
    purchase = purchase_of(job)
    while some := list(islice(left, _ROWS_AT_A_TIME)):
        _give(job, list(_decisions(purchase, job.study, some, is_over=is_over)))


@transaction.atomic
def _give(job: LabelingJob, decisions: Sequence[_Decision]) -> None:
    labelled = set(assign_model_labels(answers=[one.answer for one in decisions]))
    ModelLabel.objects.bulk_create(
        ModelLabel(job=job, example_id=one.answer.example_id, value=one.answer.value, confidence=one.confidence)
        for one in decisions
        if one.answer.example_id in labelled
    )


def _decisions(purchase: Purchase, study: Study, ids: Sequence[int], *, is_over: bool) -> Iterator[_Decision]:
    rows = [(example, purchase.keys(fields)) for example, fields in rows_of(study, ids)]
    found = Answer.objects.filter(
        key__in=[key for _, keys in rows for key in keys],
        outcome=Outcome.ANSWERED,
        batch__settled_at__isnull=False,
    )
    by_key = {answer.key: answer for answer in found.select_related("batch")}
    paid = _paid_keys(purchase, list(by_key.values()))
    for example, keys in rows:
        answers = [by_key[key] for key in keys if key in by_key]
        if len(answers) == len(keys) or (answers and is_over):
            yield _decision(purchase.prompt, study, example, answers, paid)


def _paid_keys(purchase: Purchase, answers: Sequence[Answer]) -> set[str]:
    """The keys of their batches that entries are for: a batch of which nothing was used has none."""
    keys = {answer.batch.source_key for answer in answers}
    entries = LedgerEntry.objects.filter(budget=purchase.budget, subject_key__in=keys)
    return set(entries.values_list("subject_key", flat=True).distinct())


def _decision(
    prompt: LabelPrompt, study: Study, example: Example, answers: Sequence[Answer], paid: set[str]
) -> _Decision:
    samples = [Sample(scores=one.scores, value=one.value) for one in answers]
    given, confidence = decided(prompt=prompt, definition=study.definition, samples=samples)
    value = study.definition.read_answer(given=given, fields=example.fields, labels=study.labels)
    keys = sorted({answer.batch.source_key for answer in answers} & paid)
    return _Decision(answer=ModelAnswer(example_id=example.pk, value=value, source_keys=keys), confidence=confidence)
