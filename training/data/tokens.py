"""Texts to tokens. What a person typed is text, even where it looks like a token that marks a beginning or an end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_MASK = "special_tokens_mask"


def reading_marks_as_text(tokenizer: Any) -> Any:
    """Return the tokenizer, which from now on cuts a typed `[SEP]` or `</s>` into its letters; a saved one does so too.

    Parameters
    ----------
    tokenizer
        a Hugging Face tokenizer.
    """
    tokenizer.split_special_tokens = True
    tokenizer.init_kwargs["split_special_tokens"] = True
    return tokenizer


def cut(tokenizer: Any, *fields: Sequence[str], **options: Any) -> dict[str, Any]:
    """Call a tokenizer, so that no token of a text is one that the tokenizer itself puts around texts.

    Parameters
    ----------
    tokenizer
        a Hugging Face tokenizer.
    fields
        N texts each, one segment each.
    options
        as the tokenizer takes them.

    Returns
    -------
    What the tokenizer returns for N rows, without its mask of special tokens.
    """
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
