import errno
import json
import time
from pathlib import Path

import pytest

from training.reporting import Progress


def state(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "progress.json").read_text())
    return found


def test_progress_tells_stage_step_and_share(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    progress.start()
    progress.stage("train", num_steps=8)
    progress.step(2, loss=0.5)
    progress.close()
    expected = {"stage": "train", "step": 2, "num_steps": 8, "fraction": 0.25, "loss": 0.5}
    assert expected.items() <= state(tmp_path).items()


def test_a_long_step_still_has_a_heartbeat(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    progress.start()
    first = state(tmp_path)["at"]
    time.sleep(0.8)
    assert state(tmp_path)["at"] != first
    progress.close()


def test_a_heart_goes_on_after_a_disk_was_full_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    progress = Progress(tmp_path)
    progress.start()
    with monkeypatch.context() as full:
        full.setattr("training.reporting.progress.write_json", refuse)
        full.setattr("builtins.print", refuse)
        time.sleep(0.8)
    last = state(tmp_path)["at"]
    time.sleep(0.8)
    assert state(tmp_path)["at"] != last
    progress.close()
