"""Labels that accepted annotations decide."""

from collections.abc import Sequence

from studies.models import Example, Label


def assign_label(*, example: Example, value: str, source_keys: Sequence[str]) -> Label:
    """Give an example the label that its accepted annotations decided; an imported label stays as it is.

    Parameters: `value` as `read_answer` returned it; `source_keys` the ledger keys of those annotations.
    """
    imported = Label.objects.filter(example=example, source=Label.Source.IMPORT).first()
    if imported is not None:
        return imported
    label, _ = Label.objects.update_or_create(
        example=example,
        defaults={"value": value, "source": Label.Source.ANNOTATION, "source_keys": sorted(source_keys)},
    )
    return label
