import errno
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.tiny_runs import RunFolder
from training.__main__ import run
from training.contract import EXIT_DISK_FULL
from training.runtime import atomic_folder, is_disk_full, write_json
from training.train.checkpoint import Checkpoint

ROOT = Path(__file__).parents[2]
LIMITED = """
import resource, sys
from training.__main__ import leave, main
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
leave(main(sys.argv[1:]))
"""
FULL = OSError(errno.ENOSPC, "No space left on device")


def start_limited(folder: Path, limit: int) -> subprocess.CompletedProcess[str]:
    """Carry out a run whose files may have so many bytes; the kernel refuses the rest, as a full disk does."""
    command = [sys.executable, "-c", LIMITED.format(limit=limit), str(folder / "spec.json")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_weights_that_find_no_room_end_the_run_with_four_and_nothing_half_made(run_folder: RunFolder) -> None:
    folder = run_folder(training={"steps": 4, "evaluations": 1})
    done = start_limited(folder, 60_000)
    assert done.returncode == EXIT_DISK_FULL, done.stderr
    assert "no room on the disk" in json.loads((folder / "error.json").read_text())["message"]
    assert not list(folder.rglob("*.tmp")) and not (folder / "artifact").exists()
    assert not (folder / "result.json").exists()
    assert json.loads((folder / "meter.json").read_text())["device_seconds"] > 0


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (FULL, True),
        (OSError(errno.EDQUOT, "quota"), True),
        (OSError(errno.EACCES, "denied"), False),
        (ValueError("I/O error: No space left on device (os error 28)"), True),
        (ValueError("no row"), False),
    ],
)
def test_a_full_disk_is_known_by_number_or_words(error: Exception, is_full: bool) -> None:
    assert is_disk_full(error) == is_full


def test_a_full_disk_is_known_behind_other_words() -> None:
    def save() -> None:
        try:
            raise FULL
        except OSError as error:
            raise RuntimeError("unexpected pos 704 vs 598") from error

    with pytest.raises(RuntimeError) as caught:
        save()
    assert is_disk_full(caught.value)


def test_what_could_not_be_written_whole_takes_no_room(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space"), atomic_folder(tmp_path / "made") as folder:
        (folder / "half").write_text("half")
        raise FULL
    with pytest.raises(ValueError, match="JSON"):
        write_json(path=tmp_path / "one.json", payload=float("nan"))
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_that_finds_no_room_leaves_the_one_before(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint", fingerprint="same")
    checkpoint.save({"step": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, limits[1]))
    try:
        with pytest.raises((OSError, RuntimeError)) as caught:
            checkpoint.save({"step": 2, "weights": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert is_disk_full(caught.value)
    assert checkpoint.load() == {"step": 1}


def test_a_disk_that_is_full_from_the_start_is_no_crash(run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise FULL

    folder = run_folder()
    monkeypatch.setattr("training.__main__.write_json", refuse)
    monkeypatch.setattr("training.__main__._execute", refuse)
    assert run(folder / "spec.json") == EXIT_DISK_FULL


def test_a_disk_that_has_no_room_for_the_first_sign_of_life_is_no_crash(
    run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise FULL

    monkeypatch.setattr("training.reporting.progress.write_json", refuse)
    assert run(run_folder() / "spec.json") == EXIT_DISK_FULL
