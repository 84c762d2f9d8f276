"""Reads of studies that pages, runs and labelling share."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Q, QuerySet

from config.refusals import Refusal
from studies.models import ChosenBy, Example, Label, Snapshot, Split, Study

NOTHING = "[]"
# Taken apart only after they are picked: labels of other studies are no JSON.
_COUNT_IN_LISTS = """
WITH answers AS MATERIALIZED (
    SELECT answer.example_id, answer.value::jsonb AS value
    FROM studies_label answer JOIN studies_example example ON example.id = answer.example_id
    WHERE example.study_id = %s
)
SELECT coalesce(part ->> 'label', part #>> '{}'), count(DISTINCT example_id)
FROM answers, jsonb_array_elements(answers.value) part GROUP BY 1
"""


class StudyNotFound(Refusal):
    """No study has this id or name."""


@dataclass(frozen=True, kw_only=True)
class SplitCount:
    split: Split
    num_examples: int
    num_labelled: int
    num_by_model: int

    @property
    def num_gold(self) -> int:
        return self.num_labelled - self.num_by_model

    @property
    def num_unlabelled(self) -> int:
        return self.num_examples - self.num_labelled


def labelled(study: Study, split: str) -> QuerySet[Example]:
    """Labelled examples of a split in rank order, so that the first n are in the first n + 1."""
    return study.examples.filter(split=split, label__isnull=False).order_by("rank")


def chosen(study: Study) -> QuerySet[Example]:
    """Examples that were published because a model was least sure of them."""
    return study.examples.exclude(chosen_by=ChosenBy.CHANCE)


def gold(study: Study, split: str) -> QuerySet[Example]:
    """The same of those that a person labelled, or that came with their labels: none by a language model."""
    return labelled(study, split).exclude(label__source=Label.Source.LANGUAGE_MODEL)


def with_opinions(study: Study) -> QuerySet[Example]:
    """Examples whose label rests on further annotations than the one that the study asks for.

    None where it asks for several of each: then labels do not differ by it.
    """
    if study.annotations_per_example > 1:
        return study.examples.none()
    return study.examples.filter(label__source=Label.Source.ANNOTATION, label__source_keys__1__isnull=False)


def num_by_model(snapshot: Snapshot | None) -> int:
    """How many labels of a snapshot a language model gave."""
    return snapshot.items.filter(source=Label.Source.LANGUAGE_MODEL).count() if snapshot else 0


def with_label(study: Study, label: str) -> QuerySet[Example]:
    """Examples whose answer is, or has in it, this label."""
    if not study.definition.is_list:
        return study.examples.filter(label__value=label)
    pieces = [("label__value__contains", piece) for piece in study.definition.json_pieces(label)]
    return study.examples.filter(Q(*pieces, _connector=Q.OR))


def without_any(study: Study) -> QuerySet[Example]:
    """Examples that are labelled with none of the labels."""
    return study.examples.filter(label__value=NOTHING) if study.definition.is_list else study.examples.none()


def label_counts(study: Study) -> list[tuple[str, int]]:
    """How many examples have each label, in the study's order."""
    if not study.labels:
        return []
    if study.definition.is_list:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT_IN_LISTS, [study.pk])
            found = dict(cursor.fetchall())
    else:
        rows = Label.objects.filter(example__study=study).values_list("value").annotate(Count("pk"))
        found = dict(rows.order_by())
    return [(label, found.get(label, 0)) for label in study.labels]


def split_counts(study: Study) -> list[SplitCount]:
    by_model = Count("label", filter=Q(label__source=Label.Source.LANGUAGE_MODEL))
    rows = study.examples.values("split").annotate(total=Count("pk"), with_label=Count("label"), by_model=by_model)
    found = {row["split"]: (row["total"], row["with_label"], row["by_model"]) for row in rows}
    counts = {split: found.get(split, (0, 0, 0)) for split in Split}
    return [
        SplitCount(split=split, num_examples=total, num_labelled=done, num_by_model=by_model)
        for split, (total, done, by_model) in counts.items()
    ]


@dataclass(frozen=True, kw_only=True)
class Dependents:
    """What depends on a study's instructions and labels."""

    num_open: int  # examples that wait for an annotation
    num_published: int  # examples that are or were published
    num_asked: int  # examples that a language model is about to label
    in_use: tuple[tuple[str, int], ...]  # the labels that examples have, counted
    is_trained: bool

    @property
    def holds_labels(self) -> str:
        """Why no label can be changed, added or taken out; empty where some can."""
        if self.num_published:
            return f"{self.num_published:,} examples were published with them"
        if self.num_asked:
            return f"a labelling job of {self.num_asked:,} examples asks for them; stop it, or let it end"
        return "a run was started with them" if self.is_trained else ""


def awaiting_annotation(study: Study) -> QuerySet[Example]:
    """Examples that are published and wait for an annotation."""
    waiting = study.examples.filter(
        publication__assignments__isnull=False,
        publication__assignments__annotation__isnull=True,
        publication__assignments__hold__closed_at__isnull=True,
    )
    # Once each, and their texts are not sorted to find that out.
    return study.examples.filter(pk__in=waiting.values("pk"))


def dependents(study: Study) -> Dependents:
    return Dependents(
        num_open=awaiting_annotation(study).count(),
        num_published=study.examples.filter(publication__isnull=False).count(),
        num_asked=study.examples.exclude(labeling_job="").count(),
        in_use=tuple((label, number) for label, number in label_counts(study) if number),
        is_trained=study.data_used_at is not None,
    )


def find_study(reference: str) -> Study:
    """Find a study by id or name, for commands. Raises: StudyNotFound, naming those that there are."""
    by_id = Study.objects.filter(pk=int(reference)) if reference.isdecimal() else Study.objects.none()
    study = by_id.first() or Study.objects.filter(name=reference).first()
    if study is None:
        names = ", ".join(f"{study.pk}: {study.name}" for study in Study.objects.order_by("pk")) or "none yet"
        raise StudyNotFound(f"There is no study {reference!r}. Studies: {names}.")
    return study
