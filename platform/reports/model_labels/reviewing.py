"""People go over what a language model labelled: they are shown its label as a first answer, and keep or change it."""

from accounts.models import User
from labeling.models import Annotation
from labeling.publishing import ModelLabelled, PublishResult, audited, publish
from studies.models import Label, Study


def publish_review(*, actor: User, study: Study, num_examples: int) -> PublishResult:
    """Publish the first examples that a language model labelled, its label shown. Raises: as `publish`."""
    shown = ModelLabelled(example_ids=_reviewable(study), is_shown=True)
    return publish(actor=actor, study=study, num_examples=num_examples, which=shown)


def num_reviewable(study: Study) -> int:
    return audited(study=study, example_ids=_reviewable(study)).count()


def reviewed(study: Study) -> tuple[int, int]:
    """How many accepted annotations kept what they were shown, and how many changed it."""
    shown = Annotation.objects.filter(example__study=study, state=Annotation.State.ACCEPTED)
    found = [one.of_prelabel for one in shown.select_related("example__publication").iterator(chunk_size=1000)]
    return found.count("kept"), found.count("changed")


def _reviewable(study: Study) -> list[int]:
    """Whoever audits an example must not see what the model said: what was drawn for an audit is left out."""
    drawn = {pk for ids in study.label_audits.values_list("example_ids", flat=True) for pk in ids}
    labelled = Label.objects.filter(example__study=study, source=Label.Source.LANGUAGE_MODEL)
    return sorted(set(labelled.values_list("example", flat=True)) - drawn)
