"""How a run's recipe was chosen, as its trainer wrote it down, and what that was of its cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from runs.models import Run
from runs.money import cost_of, seconds_of


@dataclass(frozen=True, kw_only=True)
class CandidateRecipe:
    """A recipe that could have been chosen: its score, 0 to 1, or what it lacked; neither where nothing judged."""

    name: str
    strength: float | None = None
    score: float | None = None
    error: float | None = None
    lacks: str = ""
    is_chosen: bool = False

    @property
    def title(self) -> str:
        """Its name in words, with how firm it is where that was tried, too."""
        strength = f", strength {self.strength:g}" if self.strength else ""
        return f"{self.name.replace('_', ' ')}{strength}"


@dataclass(frozen=True, kw_only=True)
class RecipeChoice:
    """What was chosen and why; `seconds` of the device, and their `cost`, are within those of the run."""

    chosen: str
    why: str
    judged_on: str
    candidates: tuple[CandidateRecipe, ...]
    notes: tuple[str, ...]
    seconds: float
    cost: Decimal | None

    @property
    def title(self) -> str:
        return self.chosen.replace("_", " ")


def recipe_choice(run: Run) -> RecipeChoice | None:
    """How a run's recipe was chosen; None before its end, and where there was nothing to choose."""
    artifact = getattr(run, "artifact", None)
    found = artifact.result.get("choice") if artifact is not None else None
    if not isinstance(found, dict) or not found.get("chosen"):
        return None
    seconds = float(found.get("device_seconds") or 0)
    return RecipeChoice(
        chosen=str(found["chosen"]),
        why=str(found.get("why") or ""),
        judged_on=str(found.get("judged_on") or ""),
        candidates=tuple(_candidate(one, found) for one in found.get("candidates") or () if isinstance(one, dict)),
        notes=tuple(map(str, found.get("notes") or ())),
        seconds=seconds,
        cost=cost_of(seconds=seconds_of(seconds), price=run.hold.price) if run.hold else None,
    )


def _candidate(one: Mapping[str, Any], choice: Mapping[str, Any]) -> CandidateRecipe:
    name, strength = str(one.get("name", "")), one.get("strength")
    # As the rival of fine-tuning a head bears its recipe in brackets.
    is_named = name in (choice["chosen"], f"head ({choice['chosen']})")
    is_as_firm = strength is None or choice.get("strength") in (None, strength)
    return CandidateRecipe(
        name=name,
        strength=strength,
        score=one.get("score"),
        error=one.get("error"),
        lacks=str(one.get("lacks") or ""),
        is_chosen=is_named and is_as_firm,
    )
