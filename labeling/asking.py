"""Keeping Label Studio from asking for more, or fewer, answers than there is money held for.

Label Studio counts every answer that is no skip; Fulcrum accepts some of them. So an example asks there for as many as
were counted already, and for those that are still held for on top.
"""

from collections.abc import Mapping, Sequence

from django.db.models import Count, Q, QuerySet

from labeling.client import LabelStudioClient, Listed
from labeling.models import Batch, LabelingProject, Publication
from studies.models import Label

EXAMPLES_PER_CALL = 5000


def even_out(*, project: LabelingProject, client: LabelStudioClient, listed: Sequence[Listed]) -> int:
    """Have Label Studio ask for what is held for, of what was merged, and for nothing else in the project.

    Parameters: `listed` what is there, and how much it asked for before this sync.
    Returns: how many examples asked for more or fewer.
    Raises: LabelStudioUnreachable; LabelStudioRefused.
    """
    wanted = {one.label_studio_id: one for one in _with_open(project)}
    # What is just arriving has no id here yet, and is not somebody else's.
    is_sending = project.batches.filter(state=Batch.State.PENDING).exists()
    answers = {one.id: _answers(wanted.get(one.id), one) for one in listed if one.id in wanted or not is_sending}
    differing = {one.id: answers[one.id] for one in listed if answers.get(one.id, one.asks_for) != one.asks_for}
    _ask(project, client, differing)
    return len(differing)


def ask_anew(*, project: LabelingProject, client: LabelStudioClient, batch: Batch) -> None:
    """Have the examples of a batch ask for what is held for. Raises: LabelStudioUnreachable; LabelStudioRefused."""
    publications = _with_open(project).filter(batch=batch)
    _ask(project, client, {one.label_studio_id or 0: one.num_answers + one.num_open for one in publications})


def _with_open(project: LabelingProject) -> QuerySet[Publication]:
    # With a label from elsewhere, only those who have it open may still answer.
    is_wanted = Q(assignments__kept_for__isnull=False) | ~Q(example__label__source=Label.Source.IMPORT)
    is_open = is_wanted & Q(assignments__annotation__isnull=True, assignments__hold__closed_at__isnull=True)
    there = Publication.objects.filter(batch__project=project, label_studio_id__isnull=False)
    return there.annotate(num_open=Count("assignments", filter=is_open))


def _answers(publication: Publication | None, listed: Listed) -> int:
    if publication is None:
        return 0
    # What cannot be read was not counted here.
    num_counted = listed.num_answers if publication.trouble else publication.num_answers
    return num_counted + publication.num_open


def _ask(project: LabelingProject, client: LabelStudioClient, answers: Mapping[int, int]) -> None:
    assert project.label_studio_id is not None
    rows = sorted(answers.items())
    for start in range(0, len(rows), EXAMPLES_PER_CALL):
        client.ask(project_id=project.label_studio_id, answers=dict(rows[start : start + EXAMPLES_PER_CALL]))
