"""What open holds are for, and the page about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from budgets.models import Hold
from labeling.models import Assignment
from runs.models import Run


@dataclass(frozen=True, kw_only=True)
class HeldFor:
    """What a hold is for, in words, and the address of the page about it."""

    text: str
    url: str


def held_for(holds: Sequence[Hold]) -> dict[int, HeldFor]:
    """By hold: the run or the example that it was placed for; holds of neither are left out."""
    keys = [hold.pk for hold in holds]
    runs = Run.objects.filter(hold__in=keys)
    asked = Assignment.objects.filter(hold__in=keys).select_related("publication__example")
    found = {run.hold_id: HeldFor(text=str(run), url=reverse("run", args=[run.pk])) for run in runs}
    for one in asked:
        example = one.publication.example
        text = " / ".join(str(part) for part in example.fields.values())
        found[one.hold_id] = HeldFor(text=f"Annotation of “{text}”", url=reverse("labelling", args=[example.study_id]))
    return {pk: what for pk, what in found.items() if pk is not None}
