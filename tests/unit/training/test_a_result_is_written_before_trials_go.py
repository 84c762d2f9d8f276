from pathlib import Path

import pytest

import training.methods.result
from tests.tiny_runs import RunFolder, carry_out

SEARCH = {"learning_rates": [1e-3, 3e-3], "epochs": [], "num_seeds": 1}


class Killed(Exception):
    """What a kill is to a test: nothing more is done."""


def test_a_run_killed_behind_its_artifact_trains_nothing_again(
    run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_folder(search=SEARCH)

    def killed(_: Path) -> str:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(training.methods.result, "folder_hash", killed)
        carry_out(folder)
    assert (folder / "artifact").is_dir()
    capsys.readouterr()
    carry_out(folder)
    assert "training rate-" not in capsys.readouterr().out
