"""How far annotators agree on examples that several of them annotated."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from django.db.models import Count

from labeling.models import Annotation
from studies.models import Study

# More examples make a page wait, and the mean hardly surer.
MOST_EXAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """The mean over examples of how far the accepted annotations of each agree, pair by pair, 0 to 1."""

    value: float
    num_examples: int


def agreement(study: Study) -> Agreement | None:
    """Compare the accepted annotations of the latest examples that have several; None where none has."""
    accepted = Annotation.objects.filter(example__study=study, state=Annotation.State.ACCEPTED)
    several = accepted.values("example").annotate(number=Count("pk")).filter(number__gt=1).order_by("-example")
    examples = list(several.values_list("example", flat=True)[:MOST_EXAMPLES])
    answers: dict[int, list[str]] = defaultdict(list)
    for example, value in accepted.filter(example__in=examples).order_by("pk").values_list("example", "value"):
        answers[example].append(value)
    if not answers:
        return None
    compared = study.definition.agreement
    values = [fmean(compared(*pair) for pair in combinations(found, 2)) for found in answers.values()]
    return Agreement(value=fmean(values), num_examples=len(values))
