"""Source keys: what callers may choose, and the keys that are made from theirs."""

import re

# Leaves space within the column for what is put around a key: reversal:repriced:<price>:<key>:fee.
LONGEST_KEY = 150
_OURS = re.compile(r"^(reversal|repriced):|:fee$")
_REPLACEMENT = re.compile(r"^repriced:\d+:")


def check_key(key: str) -> None:
    """Refuse a caller's source key that is empty, too long, or of the form of our own."""
    if not key or len(key) > LONGEST_KEY:
        raise ValueError(f"source_key: {key[:40]!r} has {len(key)} characters; give it 1 to {LONGEST_KEY}.")
    if _OURS.search(key):
        raise ValueError(
            f"source_key: {key!r} has the form reserved for reversals, replacements and fees; use another key."
        )


def reversal_key(key: str) -> str:
    return f"reversal:{key}"


def fee_key(key: str) -> str:
    return f"{key}:fee"


def replacement_key(key: str, *, price_id: int) -> str:
    """Name the replacement of an entry. A replacement's own replacement is named after the first entry again."""
    return f"repriced:{price_id}:{_REPLACEMENT.sub('', key)}"
