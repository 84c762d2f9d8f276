"""Overlap: how many answers Label Studio asks for of an example: those it counted, plus those with money held."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet

from labeling.label_studio.client import LabelStudioClient, ListedExample
from labeling.models import Batch, LabelingProject, Publication
from studies.models import Label

EXAMPLES_PER_CALL = 5000


def correct_overlap(*, project: LabelingProject, client: LabelStudioClient, listed: Sequence[ListedExample]) -> None:
    """Set each listed example's overlap; those that are not ours get none."""
    wanted = _wanted(Publication.objects.filter(batch__project=project))
    # What is just arriving has no id here yet, but is ours.
    is_sending = project.batches.filter(state=Batch.State.PENDING).exists()
    differing = {}
    for one in listed:
        if one.id in wanted:
            answers = wanted[one.id].answers(num_there=one.num_answers)
        else:
            answers = one.overlap if is_sending else 0
        if answers != one.overlap:
            differing[one.id] = answers
    _set_overlap(project, client, differing)


def set_overlap_of_batch(*, project: LabelingProject, client: LabelStudioClient, batch: Batch) -> None:
    set_overlap_of(project=project, client=client, publications=Publication.objects.filter(batch=batch))


def set_overlap_of(*, project: LabelingProject, client: LabelStudioClient, publications: QuerySet[Publication]) -> None:
    wanted = _wanted(publications)
    _set_overlap(project, client, {pk: one.num_answers + one.num_open for pk, one in wanted.items()})


class _OverlapTarget(NamedTuple):
    """What an example had at its last merge, and for how many further answers money is held."""

    num_answers: int
    trouble: str
    num_open: int

    def answers(self, *, num_there: int) -> int:
        # What cannot be read was not counted here.
        return (num_there if self.trouble else self.num_answers) + self.num_open


def _wanted(publications: QuerySet[Publication]) -> dict[int, _OverlapTarget]:
    """By Label Studio's id. With an imported label, only people who have an example open may still answer it."""
    is_wanted = Q(assignments__kept_for__isnull=False) | ~Q(example__label__source=Label.Source.IMPORT)
    is_open = is_wanted & Q(
        assignments__annotation__isnull=True,
        assignments__hold__closed_at__isnull=True,
        assignments__only_if_they_differ=False,
    )
    there = publications.filter(label_studio_id__isnull=False).annotate(num_open=Count("assignments", filter=is_open))
    rows = there.values_list("label_studio_id", "num_answers", "trouble", "num_open")
    return {
        pk: _OverlapTarget(num_answers=num_answers, trouble=trouble, num_open=num_open)
        for pk, num_answers, trouble, num_open in rows
        if pk is not None
    }


def _set_overlap(project: LabelingProject, client: LabelStudioClient, overlap: Mapping[int, int]) -> None:
    assert project.label_studio_id is not None
    rows = sorted(overlap.items())
    for start in range(0, len(rows), EXAMPLES_PER_CALL):
        client.set_overlap(project_id=project.label_studio_id, overlap=dict(rows[start : start + EXAMPLES_PER_CALL]))
