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
    return _as_text(tokenizer, tokenizer(*fields, return_special_tokens_mask=True, **options))


def tokenise_windows(
    tokenizer: Any, first: Sequence[str], second: Sequence[str], *, max_length: int, overlap: int
) -> dict[str, Any]:
    """Call a fast tokenizer on N pairs; a second text that is too long becomes several rows, which share some tokens.

    `overflow_to_sample_mapping` has each row's pair, `sides` which text each token is of, 0 or 1, None of special ones,
    and `offset_mapping` its characters there.
    """
    encoded = tokenizer(
        list(first),
        list(second),
        truncation="only_second",
        max_length=max_length,
        stride=overlap,
        padding=False,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
    )
    sides = [encoded.sequence_ids(row) for row in range(len(encoded["input_ids"]))]
    return {**_as_text(tokenizer, encoded), "sides": sides}


def _as_text(tokenizer: Any, encoded: Any) -> dict[str, Any]:
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
