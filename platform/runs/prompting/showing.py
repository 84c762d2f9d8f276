"""What came of a labelling job: for each example the answers, what they say together, and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from budgets.cost_kinds import TOKEN_KINDS
from budgets.models import LedgerEntry
from budgets.money import ZERO
from config.refusals import Refusal
from connections.buying import Purchase, Sample
from connections.models import Answer, Outcome, in_thousands
from connections.prompts import AnswerForm, LabelPrompt
from connections.reading import pooled
from runs.models import LabelingJob
from runs.prompting.deciding import decided
from runs.prompting.labeling_jobs import purchase_of, rows_of
from studies.models import Example


class LabelingJobNotFound(Refusal):
    """No labelling job has this number."""


@dataclass(frozen=True, kw_only=True)
class LabelShare:
    label: str
    share: float


@dataclass(frozen=True, kw_only=True)
class ShownAnswers:
    """The answers to one example. `shares` are the likeliest labels, or what was found or written, and its confidence.

    There are none where no answer could be used.

    `cost` is at the prices of their batches, also where an earlier job paid it, which `was_there` says.
    """

    example: Example
    outcomes: Sequence[str]
    content: str
    shares: Sequence[LabelShare]
    tokens: int
    cost: Decimal
    was_there: bool


def find_labeling_job(reference: str) -> LabelingJob:
    """Find a labelling job by its number, for commands. Raises: LabelingJobNotFound."""
    found = LabelingJob.objects.select_related("study__budget", "connection", "version", "asked_by", "prompt")
    job = found.filter(pk=int(reference)).first() if reference.isdecimal() else None
    if job is None:
        latest = ", ".join(str(one) for one in LabelingJob.objects.order_by("-pk")[:10])
        raise LabelingJobNotFound(f"There is no labelling job {reference!r}. The latest are: {latest or 'none yet'}.")
    return job


def shown_answers(job: LabelingJob, *, most: int) -> list[ShownAnswers]:
    """The answers to the first examples of a job, in their order."""
    purchase, rows = purchase_of(job), rows_of(job.study, job.example_ids[:most])
    keys = {example.pk: purchase.keys(fields) for example, fields in rows}
    wanted = [key for some in keys.values() for key in some]
    found = Answer.objects.filter(key__in=wanted).select_related(
        "batch__input_price", "batch__cached_price", "batch__output_price"
    )
    by_key: dict[str, list[Answer]] = {}
    for answer in found.order_by("pk"):
        by_key.setdefault(answer.key, []).append(answer)
    answers = {pk: [one for key in some for one in by_key.get(key, ())] for pk, some in keys.items()}
    return [_shown(purchase, example, answers[example.pk]) for example, _ in rows]


def entries_of(job: LabelingJob) -> list[LedgerEntry]:
    """What a job has paid, class by class and batch by batch, corrections included."""
    entries = LedgerEntry.objects.filter(budget=job.study.budget_id, work_key=job.source_key)
    return list(entries.select_related("price", "budget").order_by("pk"))


def _shown(purchase: Purchase, example: Example, answers: Sequence[Answer]) -> ShownAnswers:
    used = [answer for answer in answers if answer.outcome == Outcome.ANSWERED]
    return ShownAnswers(
        example=example,
        outcomes=list(dict.fromkeys(Outcome(answer.outcome).label for answer in answers)),
        content=next((_told(answer) for answer in reversed(answers)), ""),
        shares=_shares(purchase.prompt, example, [Sample(scores=one.scores, value=one.value) for one in used]),
        tokens=sum(answer.tokens(kind) for answer in answers for kind in TOKEN_KINDS),
        cost=sum((_cost(answer) for answer in answers), ZERO),
        was_there=bool(answers) and all(answer.batch.work_key != purchase.work_key for answer in answers),
    )


def _told(answer: Answer) -> str:
    """What came back; of an answer that could not be used, what is wrong with it first."""
    return ": ".join(filter(None, (answer.detail, answer.content)))


def _shares(prompt: LabelPrompt, example: Example, samples: Sequence[Sample]) -> list[LabelShare]:
    if not samples:
        return []
    if prompt.form != AnswerForm.LABELS:
        definition = example.study.definition
        value, confidence = decided(prompt=prompt, definition=definition, samples=samples)
        return [LabelShare(label=definition.one_line(answer=value, fields=example.fields), share=confidence)]
    shares = zip(prompt.labels, pooled(prompt=prompt, samples=[one.scores or () for one in samples]), strict=True)
    found = [LabelShare(label=label, share=share) for label, share in shares]
    return sorted(found, key=lambda one: -one.share)[:3]


def _cost(answer: Answer) -> Decimal:
    prices = answer.batch.prices.items()
    return sum((price.cost(in_thousands(answer.tokens(kind))) for kind, price in prices), ZERO)
