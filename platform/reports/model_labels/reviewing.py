"""People go over what a language model labelled: they are shown its label as a first answer, and keep or change it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models

from accounts.models import User
from labeling.models import Annotation
from labeling.publishing import ModelLabelled, PublishResult, publish
from runs.models import ModelLabel
from studies.models import Example, Label, Study

NO_CONFIDENCE = (
    "Which labels it is least sure of cannot be said: its server gives no probabilities, and each text was asked about "
    "once. They are published in random order."
)


class ReviewOrder(models.TextChoices):
    """The order in which people go over the labels of a language model."""

    RANDOM = "random", "Random"
    LEAST_SURE = "least_sure", "Least sure first"


@dataclass(frozen=True, kw_only=True)
class Reviewable:
    """Examples that only a language model labelled and that people may go over, in the order in which they are.

    `is_by_confidence`: the least sure come first; else they are in random order, also where its confidence was asked
    for and cannot be said.
    """

    ids: Sequence[int]
    is_by_confidence: bool

    def first(self, number: int) -> ModelLabelled:
        """What so many are published from with its labels shown: in random order of all, as another may take some."""
        ids = self.ids[:number] if self.is_by_confidence else self.ids
        return ModelLabelled(example_ids=ids, is_shown=True, is_least_sure_first=self.is_by_confidence)


def publish_review(
    *, actor: User, study: Study, num_examples: int, order: str = ReviewOrder.RANDOM, request_key: str = ""
) -> PublishResult:
    """Publish the first examples that a language model labelled, its label shown. Parameters, raises: as `publish`."""
    which = reviewable(study, order=order).first(max(num_examples, 0))
    return publish(actor=actor, study=study, num_examples=num_examples, request_key=request_key, which=which)


def num_reviewable(study: Study) -> int:
    return _reviewable(study).count()


def reviewable(study: Study, *, order: str = ReviewOrder.RANDOM) -> Reviewable:
    """List what people may go over; whoever audits an example must not see what the model said, so not that."""
    ids = list(_reviewable(study).values_list("pk", flat=True))
    sure = _confidences(ids) if order == ReviewOrder.LEAST_SURE else {}
    if not sure:
        return Reviewable(ids=ids, is_by_confidence=False)
    # What has none comes behind the others, all in random order where they are alike.
    return Reviewable(ids=sorted(ids, key=lambda pk: sure.get(pk, 2.0)), is_by_confidence=True)


def tells_confidence(study: Study) -> bool:
    """Whether the confidences of what people may go over differ, so that some can be called the least sure."""
    given = ModelLabel.objects.filter(example__in=_reviewable(study).values("pk")).order_by()
    jobs = given.values("job").annotate(low=models.Min("confidence"), high=models.Max("confidence"))
    return jobs.filter(low__lt=models.F("high")).exists()


def reviewed(study: Study) -> tuple[int, int]:
    """How many accepted annotations kept what they were shown, and how many changed it."""
    shown = Annotation.objects.filter(example__study=study, state=Annotation.State.ACCEPTED)
    found = [one.of_prelabel for one in shown.select_related("example__publication").iterator(chunk_size=1000)]
    return found.count("kept"), found.count("changed")


def _reviewable(study: Study) -> models.QuerySet[Example]:
    """In random order."""
    drawn = {pk for ids in study.label_audits.values_list("example_ids", flat=True) for pk in ids}
    labelled = study.examples.filter(publication__isnull=True, label__source=Label.Source.LANGUAGE_MODEL)
    return labelled.exclude(pk__in=drawn).order_by("rank")


def _confidences(examples: Sequence[int]) -> dict[int, float]:
    """By example, of the latest label; without those of jobs that are as sure of each, as where none is told."""
    rows = ModelLabel.objects.filter(example__in=examples).order_by("pk").values_list("example", "job", "confidence")
    latest = {example: (job, confidence) for example, job, confidence in rows}
    values: defaultdict[int, set[float]] = defaultdict(set)
    for job, confidence in latest.values():
        values[job].add(confidence)
    return {example: confidence for example, (job, confidence) in latest.items() if len(values[job]) > 1}
