"""Texts to tokens. Typed text stays text, even where it looks like a special token."""

from collections.abc import Sequence
from typing import Any

_MASK = "special_tokens_mask"


def treat_marks_as_text(tokenizer: Any) -> Any:
    """Return the tokenizer, set, and saved, to split a typed `[SEP]` or `</s>` into its letters."""
    tokenizer.split_special_tokens = True
    tokenizer.init_kwargs["split_special_tokens"] = True
    return tokenizer


def tokenise(tokenizer: Any, *fields: Sequence[str], **options: Any) -> dict[str, Any]:
    """Call a tokenizer on N texts per field, so that no token of a text is a special one."""
    encoded = tokenizer(*fields, return_special_tokens_mask=True, **options)
    # A vocabulary may hold a mark among its pieces, as T5's holds `</s>`, which then fits a text like any other piece.
    marks = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    masks = encoded.pop(_MASK)
    if tokenizer.unk_token_id is None:
        return dict(encoded)
    encoded["input_ids"] = [
        _without(marks, ids, mask, tokenizer.unk_token_id)
        for ids, mask in zip(encoded["input_ids"], masks, strict=True)
    ]
    return dict(encoded)


def _without(marks: set[int], ids: list[int], mask: list[int], unknown: int) -> list[int]:
    if not marks.intersection(ids):
        return ids
    return [unknown if token in marks and not added else token for token, added in zip(ids, mask, strict=True)]
