"""What labels say of themselves: a name that reads well, a description, example phrases."""

from collections.abc import Mapping, Sequence

from training.spec.declaring import SpecInvalid

# By label; of one that is absent, the label itself is all that is known.
LabelTexts = Mapping[str, tuple[str, ...]]
MAX_TEXTS = 50
MAX_CHARACTERS = 10_000


def read_label_texts(payload: object, *, labels: Sequence[str]) -> LabelTexts:
    """Check `label_texts` of spec.json: texts by label. Raises: SpecInvalid."""
    if not isinstance(payload, Mapping):
        raise SpecInvalid(f"spec.json, label_texts: is {payload!r}. Give an object of label and list of texts.")
    if unknown := [label for label in payload if label not in labels]:
        raise SpecInvalid(
            f"spec.json, label_texts: {unknown[0]!r} is not one of the labels. Name a label of the study."
        )
    return {label: _texts(label, texts) for label, texts in payload.items()}


def _texts(label: str, texts: object) -> tuple[str, ...]:
    if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise SpecInvalid(f"spec.json, label_texts: those of {label!r} are {texts!r}. Give a list of non-empty texts.")
    if not 1 <= len(texts) <= MAX_TEXTS:
        raise SpecInvalid(
            f"spec.json, label_texts: {label!r} has {len(texts)} texts. Give between 1 and {MAX_TEXTS}, or leave the "
            "label out."
        )
    if longest := max((len(text) for text in texts if len(text) > MAX_CHARACTERS), default=0):
        raise SpecInvalid(
            f"spec.json, label_texts: a text of {label!r} has {longest:,} characters. Give at most {MAX_CHARACTERS:,}."
        )
    return tuple(texts)
