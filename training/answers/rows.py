"""Rows of text with their gold answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Checked rows: `columns` has a list per input field; `gold` is None, or has None, where there is no label."""

    uids: list[str]
    columns: dict[str, list[str]]
    gold: list[str | None] | None

    def __len__(self) -> int:
        return len(self.uids)

    def of(self, places: Iterable[int]) -> Rows:
        """Return some of the rows, in the order of their places."""
        kept, gold = list(places), self.answers()
        return Rows(
            uids=[self.uids[place] for place in kept],
            columns={name: [texts[place] for place in kept] for name, texts in self.columns.items()},
            gold=[gold[place] for place in kept],
        )

    def answers(self) -> list[str | None]:
        return self.gold if self.gold is not None else [None] * len(self)

    def labelled(self) -> list[str]:
        """Return the gold answers of rows that were read as labelled."""
        found = [answer for answer in self.answers() if answer is not None]
        assert len(found) == len(self)
        return found
