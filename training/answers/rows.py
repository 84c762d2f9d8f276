"""Rows of text with their gold answers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Checked rows: `columns` has a list per input field; `gold` is None, or has None, where there is no label."""

    uids: list[str]
    columns: dict[str, list[str]]
    gold: list[str | None] | None

    def __len__(self) -> int:
        return len(self.uids)

    def answers(self) -> list[str | None]:
        return self.gold if self.gold is not None else [None] * len(self)

    def labelled(self) -> list[str]:
        """Return the gold answers of rows that were read as labelled."""
        found = [answer for answer in self.answers() if answer is not None]
        assert len(found) == len(self)
        return found

    def of(self, places: Iterable[int]) -> Self:
        """Return some of the rows, in the order of their places."""
        kept = list(places)
        columns = {name: [texts[place] for place in kept] for name, texts in self.columns.items()}
        gold = None if self.gold is None else [self.gold[place] for place in kept]
        return replace(self, uids=[self.uids[place] for place in kept], columns=columns, gold=gold)
