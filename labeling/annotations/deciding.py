"""The label that accepted annotations decide, and whether a further one is needed where they differ."""

from collections import Counter
from collections.abc import Sequence

from budgets.ledger import release
from labeling.models import Annotation, Publication
from labeling.widgets import widget_of
from studies.labels import assign_label
from studies.models import Label

AGREED = "not needed: the annotations before it agree"


def decide_label(publication: Publication) -> None:
    """Assign the label that the accepted annotations agree on, by the task type's rule; ask further if they do not.

    The publication's row is locked.
    """
    accepted = list(
        publication.example.annotations.filter(state=Annotation.State.ACCEPTED).order_by("created_at", "pk")
    )
    if not accepted:
        return
    _assign(publication, accepted)
    _ask_or_release(publication, [one.value for one in accepted])


def _assign(publication: Publication, accepted: Sequence[Annotation]) -> None:
    example = publication.example
    targets = [one.value for one in accepted]
    value = widget_of(example.study.definition).agreed(targets=targets, labels=example.study.labels)
    keys = sorted(one.source_key for one in accepted)
    current = Label.objects.filter(example=example).first()
    if current is None or (current.value, current.source_keys) != (value, keys):
        assign_label(example=example, value=value, source_keys=keys)


def _ask_or_release(publication: Publication, values: Sequence[str]) -> None:
    """Once all annotations before it are there: have a deciding one asked for where they differ, else release it."""
    deciding = publication.assignments.filter(only_if_they_differ=True).select_related("hold__budget")
    before = publication.assignments.filter(annotation__isnull=True, only_if_they_differ=False)
    if len(values) < 2 or before.exists():
        return
    if differ(values):
        deciding.update(only_if_they_differ=False)
        return
    for assignment in deciding:
        if assignment.hold.closed_at is None:
            release(hold=assignment.hold, reason=AGREED)
    # A withdrawn one would be held for again when the budget resumes.
    deciding.delete()


def differ(values: Sequence[str]) -> bool:
    """Whether no answer has more than half of the votes."""
    return 2 * Counter(values).most_common(1)[0][1] <= len(values)
