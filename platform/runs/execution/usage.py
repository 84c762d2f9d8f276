"""What attempts used besides device seconds, as their trainers reported it. Not known is never counted as nothing."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from runs.execution.run_folder import read_progress
from runs.models import Attempt
from training.contract import METER_FILE
from training.runtime import read_json


@dataclass(frozen=True, kw_only=True)
class AttemptUsage:
    """By the names of an attempt's fields; None is not known."""

    working_seconds: float | None = None
    stages: dict[str, float] = field(default_factory=dict)
    first_step_at: datetime | None = None
    energy_kwh: float | None = None
    carbon_kg: float | None = None
    peak_memory_bytes: int | None = None
    peak_device_memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class TotalUsage:
    """What attempts used together, None where none of them knows. The sums lack `num_unknown` attempts."""

    device_seconds: float
    energy_kwh: float | None
    carbon_kg: float | None
    peak_memory_bytes: int | None
    peak_device_memory_bytes: int | None
    num_unknown: int


def total_usage(attempts: Iterable[Attempt]) -> TotalUsage:
    ended = [one for one in attempts if one.ended_at is not None and one.device_seconds]
    return TotalUsage(
        device_seconds=float(sum(one.device_seconds for one in ended)),
        energy_kwh=_sum(one.energy_kwh for one in ended),
        carbon_kg=_sum(one.carbon_kg for one in ended),
        peak_memory_bytes=max(filter(None, (one.peak_memory_bytes for one in ended)), default=None),
        peak_device_memory_bytes=max(filter(None, (one.peak_device_memory_bytes for one in ended)), default=None),
        num_unknown=sum(one.energy_kwh is None for one in ended),
    )


def read_usage(folder: Path) -> AttemptUsage:
    """Read what the present attempt used from its meter, or where it was killed, from its last progress."""
    meter = read_json(folder / METER_FILE)
    reported = meter or read_progress(folder)
    energy = _mapping(meter.get("energy"))
    stages = {str(name): _number(value) for name, value in _mapping(reported.get("stages")).items()}
    return AttemptUsage(
        working_seconds=_number(reported.get("working_seconds")),
        stages={name: seconds for name, seconds in stages.items() if seconds},
        first_step_at=_moment(reported.get("first_step_at")),
        energy_kwh=_number(energy.get("kwh")),
        carbon_kg=_number(energy.get("carbon_kg")),
        peak_memory_bytes=_whole(reported.get("peak_memory_bytes")),
        peak_device_memory_bytes=_whole(reported.get("peak_device_memory_bytes")),
    )


def usage_text(usage: AttemptUsage) -> str:
    energy = "energy not known" if usage.energy_kwh is None else f"{usage.energy_kwh:.3g} kWh"
    carbon = "" if usage.carbon_kg is None else f", {usage.carbon_kg:.3g} kg CO2e"
    memory = "" if usage.peak_memory_bytes is None else f", {usage.peak_memory_bytes / 2**20:,.0f} MB"
    return f"{energy}{carbon}{memory}"


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) and value >= 0 else None  # type: ignore[arg-type, operator]


def _whole(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _moment(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo else None
