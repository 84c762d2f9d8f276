"""Planned students without a database."""

from decimal import Decimal
from typing import Any

from reports.advice import OfferRecord, PlannedPoint


def offer(*, labels: int = 200, pseudo_labels: int | None = 0, score: float = 80, **fields: Any) -> OfferRecord:
    defaults: dict[str, Any] = {
        "num_new": 0,
        "num_waiting": 0,
        "label_cost": Decimal(0),
        "compute_cost": Decimal(1),
        "basis": "",
        "minutes": 60,
        "name": f"a student of {labels:,} labels",
        "band_80": (score - 4, score + 4),
        "band_90": (score - 6, score + 6),
        "own_gain": 1.0,
        "gain": 1.0,
        "chance_of_being_best": 0.5,
        "can_tell": True,
    }
    return OfferRecord(labels=labels, pseudo_labels=pseudo_labels, score=score, **{**defaults, **fields})


def planned(*, dollars: str = "20", is_recommended: bool = False, **fields: Any) -> PlannedPoint:
    return PlannedPoint(offer=offer(**fields), dollars=Decimal(dollars), currency="USD", is_recommended=is_recommended)
