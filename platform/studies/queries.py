"""Reads of studies that pages, runs and labelling share."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet

from studies.models import Example, Split, Study


class StudyNotFound(ValueError):
    """No study has this id or name."""


@dataclass(frozen=True, kw_only=True)
class SplitCount:
    split: Split
    num_examples: int
    num_labelled: int

    @property
    def num_unlabelled(self) -> int:
        return self.num_examples - self.num_labelled


def labelled(study: Study, split: str) -> QuerySet[Example]:
    """Labelled examples of a split in rank order, so that the first n are in the first n + 1."""
    return study.examples.filter(split=split, label__isnull=False).order_by("rank")


def unlabelled(study: Study) -> QuerySet[Example]:
    """Pool examples without a label, in rank order."""
    return study.examples.filter(split=Split.POOL, label__isnull=True).order_by("rank")


def split_counts(study: Study) -> list[SplitCount]:
    rows = study.examples.values("split").annotate(total=Count("pk"), with_label=Count("label"))
    found = {row["split"]: (row["total"], row["with_label"]) for row in rows}
    counts = {split: found.get(split, (0, 0)) for split in Split}
    return [SplitCount(split=split, num_examples=total, num_labelled=done) for split, (total, done) in counts.items()]


def find_study(reference: str) -> Study:
    """Find a study by id or name, for commands. Raises: StudyNotFound, naming those that there are."""
    by_id = Study.objects.filter(pk=int(reference)) if reference.isdecimal() else Study.objects.none()
    study = by_id.first() or Study.objects.filter(name=reference).first()
    if study is None:
        names = ", ".join(f"{study.pk}: {study.name}" for study in Study.objects.order_by("pk")) or "none yet"
        raise StudyNotFound(f"There is no study {reference!r}. Studies: {names}.")
    return study
