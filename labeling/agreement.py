"""How far annotators agree on examples that several of them annotated."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from django.db.models import Count

from labeling.models import Annotation
from planning.posterior import AnsweredTwice
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
    answers = _answers_of_several(study)
    if not answers:
        return None
    compared = study.definition.agreement
    values = [fmean(compared(*pair) for pair in combinations(found, 2)) for found in answers]
    return Agreement(value=fmean(values), num_examples=len(values))


def first_pairs(study: Study) -> AnsweredTwice:
    """Compare the first two accepted annotations of the latest examples that have several.

    Later ones are asked for because these differ, and would make people look worse than they are.
    """
    answers = _answers_of_several(study)
    return AnsweredTwice(num_pairs=len(answers), num_equal=sum(first == second for first, second, *_ in answers))


def _answers_of_several(study: Study) -> list[list[str]]:
    """List the accepted annotations of the latest examples that have several, earliest first."""
    accepted = Annotation.objects.filter(example__study=study, state=Annotation.State.ACCEPTED)
    several = accepted.values("example").annotate(number=Count("pk")).filter(number__gt=1).order_by("-example")
    examples = list(several.values_list("example", flat=True)[:MOST_EXAMPLES])
    answers: dict[int, list[str]] = defaultdict(list)
    ordered = accepted.filter(example__in=examples).order_by("created_at", "pk")
    for example, value in ordered.values_list("example", "value"):
        answers[example].append(value)
    return list(answers.values())
