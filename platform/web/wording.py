"""Names of things that the code spells with underscores, as a page writes them."""

from collections.abc import Mapping
from typing import Any


def in_words(key: str) -> str:
    return key.replace("_", " ").capitalize()


def model_name(reference: Mapping[str, Any]) -> str:
    """A model reference on one line: its name, where it comes from, and its revision if it is pinned."""
    revision = f", revision {reference['revision']}" if reference.get("revision") else ""
    return f"{reference['name']} ({reference['source']}{revision})"
