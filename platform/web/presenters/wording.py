"""Names of things that the code spells with underscores, as a page writes them."""

import re
from collections.abc import Mapping
from typing import Any

_LONGEST_LIST = 10
# The ledger's own form: six decimals, most of them zero.
_AMOUNT = re.compile(r"-?\d+\.\d{6}")


def key_in_words(key: str) -> str:
    return key.replace("_", " ").capitalize()


def action_in_words(key: str) -> str:
    """An action of the audit trail, `price_book.create`, as a page writes it."""
    subject_type, _, verb = key.partition(".")
    return f"{key_in_words(subject_type)}: {verb.replace('_', ' ')}"


def recorded_value(value: Any) -> str:
    """A value of the audit trail on one line."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        more = f" and {len(value) - _LONGEST_LIST:,} more" if len(value) > _LONGEST_LIST else ""
        return ", ".join(recorded_value(one) for one in value[:_LONGEST_LIST]) + more
    if isinstance(value, dict):
        return ", ".join(f"{name} {recorded_value(one)}" for name, one in value.items() if one is not None)
    text = str(value)
    return text.rstrip("0").rstrip(".") if _AMOUNT.fullmatch(text) else text


def model_name(reference: Mapping[str, Any]) -> str:
    """A model reference on one line: its name, where it comes from, and its revision if it is pinned."""
    revision = f", revision {reference['revision']}" if reference.get("revision") else ""
    return f"{reference['name']} ({reference['source']}{revision})"
