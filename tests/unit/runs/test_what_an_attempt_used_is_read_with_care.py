import json
from pathlib import Path

from runs.execution import AttemptUsage, read_usage
from runs.execution.usage import usage_text

METER = {
    "device_seconds": 12.5,
    "working_seconds": 9.0,
    "stages": {"start": 3.5, "train": 9.0},
    "first_step_at": "2026-01-01T00:00:05+00:00",
    "peak_memory_bytes": 600 * 2**20,
    "energy": {"kwh": 0.00012, "carbon_kg": 0.00003},
}


def written(folder: Path, **files: object) -> Path:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def test_a_meter_tells_it_all(tmp_path: Path) -> None:
    used = read_usage(written(tmp_path, meter=METER))
    assert (used.working_seconds, used.energy_kwh, used.carbon_kg) == (9.0, 0.00012, 0.00003)
    assert used.stages == {"start": 3.5, "train": 9.0}
    assert usage_text(used) == "0.00012 kWh, 3e-05 kg CO2e, 600 MB"


def test_a_killed_trainers_energy_is_not_known_but_its_progress_tells_the_rest(tmp_path: Path) -> None:
    used = read_usage(written(tmp_path, progress={**METER, "energy": None}))
    assert (used.working_seconds, used.energy_kwh) == (9.0, None)
    assert usage_text(used) == "energy not known, 600 MB"


def test_nothing_written_is_nothing_known(tmp_path: Path) -> None:
    assert read_usage(tmp_path) == AttemptUsage()
    assert usage_text(AttemptUsage()) == "energy not known"


def test_what_is_no_figure_is_not_known(tmp_path: Path) -> None:
    spoilt = {"working_seconds": "soon", "stages": [1], "first_step_at": "then", "peak_memory_bytes": -1, "energy": 3}
    assert read_usage(written(tmp_path, meter=spoilt)) == AttemptUsage()
