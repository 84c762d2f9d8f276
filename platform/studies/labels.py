"""Labels that accepted annotations decide."""

from collections.abc import Sequence

from config.refusals import Refusal
from studies.answers import FORMS, AnswerInvalid
from studies.models import Example, Label


class UnknownLabel(Refusal):
    """The value is not a valid answer: not one of the labels, or not in the task type's form."""


def assign_label(*, example: Example, value: str, source_keys: Sequence[str]) -> Label:
    """Give an example the label that its accepted annotations decided; an imported label stays as it is.

    Parameters: `value` an answer as the study's task type writes it (see docs/how-to/models.md); `source_keys` the
    ledger keys of those annotations, which are what the label cost.
    Raises: UnknownLabel.
    """
    study = example.study
    try:
        value = FORMS[study.task_type].read(given=value, fields=example.fields, labels=study.labels)
    except AnswerInvalid as error:
        raise UnknownLabel(f"A label for the study “{study}”: {error}.") from None
    existing = Label.objects.filter(example=example).first()
    if existing is not None and existing.source == Label.Source.IMPORT:
        return existing
    label, _ = Label.objects.update_or_create(
        example=example,
        defaults={"value": value, "source": Label.Source.ANNOTATION, "source_keys": sorted(source_keys)},
    )
    return label
