import json
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_runs import RunFolder
from training.__main__ import run
from training.contract import EXIT_DONE, EXIT_PERMANENT


def meter_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "meter.json").read_text())
    return found


def test_seconds_memory_and_energy(run_folder: RunFolder) -> None:
    folder = run_folder(training={"steps": 2})
    assert run(folder / "spec.json") == EXIT_DONE
    used = meter_of(folder)
    assert used["device_seconds"] > 0 and used["peak_memory_bytes"] > 2**20
    assert used["energy"]["kwh"] > 0


@pytest.mark.parametrize(("country", "has_carbon"), [(None, False), ("FRA", True)])
def test_carbon_needs_the_country(run_folder: RunFolder, country: str | None, has_carbon: bool) -> None:
    folder = run_folder(training={"steps": 2}, country=country)
    run(folder / "spec.json")
    assert (meter_of(folder)["energy"]["carbon_kg"] is not None) == has_carbon


def test_a_run_that_fails_says_what_it_used_too(run_folder: RunFolder) -> None:
    folder = run_folder(labels=["one", "two"])
    assert run(folder / "spec.json") == EXIT_PERMANENT
    assert meter_of(folder)["device_seconds"] > 0
