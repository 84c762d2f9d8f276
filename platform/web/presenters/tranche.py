"""Where the recommendation on the report leads: the form of its first step, filled in."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from budgets.models import Path
from reports.advice import NextTranche, OfferRecord
from studies.models import Split, Study
from web.forms.runs import HYBRID


@dataclass(frozen=True, kw_only=True)
class FirstStep:
    """A button: its text and its address."""

    text: str
    url: str


def first_step(found: NextTranche) -> FirstStep | None:
    """The page that quotes and takes the first step; None where nothing is to be bought, or figures have changed."""
    if found.best is None or not found.is_current:
        return None
    return _step(found.study, found.best)


def _step(study: Study, offer: OfferRecord) -> FirstStep:
    if offer.num_new:
        asked = {"num_examples": offer.num_new, "split": Split.POOL}
        return FirstStep(text=f"Publish {offer.num_new:,} examples", url=_address("publish", study, asked))
    if offer.num_waiting:
        return FirstStep(text="See the labelling", url=reverse("labelling", args=[study.pk]))
    return FirstStep(text="Start the run", url=_address("start-run", study, _run(offer)))


def _run(offer: OfferRecord) -> dict[str, object]:
    asked: dict[str, object] = {"path": offer.path, "num_labels": offer.labels, "max_minutes": offer.minutes}
    if offer.path == Path.ANNOTATE:
        return asked
    teacher = {"teacher": offer.teacher_run} if offer.teacher_run else {}
    path = HYBRID if offer.is_hybrid else offer.path
    return {**asked, "path": path, "num_unlabelled": offer.pseudo_labels, **teacher}


def _address(name: str, study: Study, asked: dict[str, object]) -> str:
    return f"{reverse(name, args=[study.pk])}?{urlencode(asked)}"
