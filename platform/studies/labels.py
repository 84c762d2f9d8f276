"""Labels that accepted annotations decide."""

from collections.abc import Sequence

from studies.models import Example, Label


def assign_label(*, example: Example, value: str, source_keys: Sequence[str]) -> Label:
    """Give an example the label that its accepted annotations decided; an imported label stays as it is.

    Parameters: `value` an answer in the task type's one form, as `read_answer` returned it; `source_keys` the ledger
    keys of those annotations, which are what the label cost.
    """
    existing = Label.objects.filter(example=example).first()
    if existing is not None and existing.source == Label.Source.IMPORT:
        return existing
    label, _ = Label.objects.update_or_create(
        example=example,
        defaults={"value": value, "source": Label.Source.ANNOTATION, "source_keys": sorted(source_keys)},
    )
    return label
