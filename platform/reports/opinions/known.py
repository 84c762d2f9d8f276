"""What is known of the errors of a study's labels, and whether second opinions on them can be forecast."""

from dataclasses import dataclass, field

from labeling.agreement import first_pairs
from labeling.publishing import askable, why_none
from planning.posterior import AnsweredTwice, LabelErrors
from studies.models import Label, Split, Study
from studies.queries import labelled, with_opinions


@dataclass(frozen=True, kw_only=True)
class Opinions:
    """How many labels of the pool can get a second opinion, and how far pairs of annotations agree.

    `num_classes` is 0, and `lacks` says why, where second opinions cannot be forecast; it is empty, too, where no
    person labelled anything.
    """

    num_askable: int = 0
    pairs: AnsweredTwice = field(default_factory=AnsweredTwice)
    num_classes: int = 0
    lacks: str = ""

    @property
    def errors(self) -> LabelErrors | None:
        """What is believed of labels of one annotation; None before enough pairs tell it."""
        if not self.num_classes or not self.pairs.is_enough:
            return None
        return LabelErrors(num_classes=self.num_classes, pairs=self.pairs)


def opinions_of(study: Study) -> Opinions:
    """Read what a study knows of the errors of its labels."""
    if not study.examples.filter(split=Split.POOL, label__source=Label.Source.ANNOTATION).exists():
        return Opinions()
    lacks = _not_forecast(study)
    if lacks:
        return Opinions(lacks=lacks)
    num_askable = askable(study=study).count()
    return Opinions(
        num_askable=num_askable,
        pairs=first_pairs(study),
        num_classes=len(study.labels),
        lacks="" if num_askable else why_none(study=study),
    )


def _not_forecast(study: Study) -> str:
    """Why nothing can be said of second opinions in a study, whatever its labels are."""
    if study.definition.is_list or not study.labels:
        return "What second opinions are worth is known of single labels only, and not of answers of this task type."
    if len(study.labels) == 1:
        return "The study has one label: no two annotations can differ."
    if study.annotations_per_example > 1:
        return f"Every label rests on {study.annotations_per_example} annotations already."
    return ""


def opinion_places(study: Study) -> tuple[int, ...]:
    """The places of labels with second opinions among the labels of the pool, in the order in which runs take them."""
    theirs = with_opinions(study).filter(split=Split.POOL)
    if not theirs.exists():
        return ()
    agreed = set(theirs.values_list("pk", flat=True))
    order = labelled(study, Split.POOL).values_list("pk", flat=True)
    return tuple(place for place, pk in enumerate(order) if pk in agreed)
