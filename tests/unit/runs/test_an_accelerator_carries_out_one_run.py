import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest_django import Settings

from runs.execution import Device, hold_device
from runs.execution.devices import accelerators


@pytest.fixture(autouse=True)
def two_accelerators(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RUNS_DIR = tmp_path / "runs"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0, 1")


def now_or_never() -> Iterator[bool]:
    yield False
    while True:
        yield True


def take(stack: ExitStack, kind: str = "cuda") -> Device | None:
    answers = now_or_never()
    return stack.enter_context(hold_device(kind=kind, is_leaving=lambda: next(answers)))


def shown(device: Device | None) -> str | None:
    return dict(device.environment)["CUDA_VISIBLE_DEVICES"] if device else None


def test_each_run_is_shown_one_that_no_other_has() -> None:
    with ExitStack() as stack:
        assert [shown(take(stack)) for _ in range(3)] == ["0", "1", None]
    with ExitStack() as stack:
        assert shown(take(stack)) == "0"


def test_a_processor_is_shared() -> None:
    with ExitStack() as stack:
        assert take(stack, "cpu") == take(stack, "cpu") == Device()


def test_a_trainer_that_outlives_its_worker_keeps_it() -> None:
    with ExitStack() as worker:
        device = take(worker)
        assert device is not None and device.lock is not None
        command = [sys.executable, "-c", "input()"]
        trainer = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[device.lock])
    with ExitStack() as other:
        assert shown(take(other)) == "1"
    trainer.communicate(b"\n")
    with ExitStack() as other:
        assert shown(take(other)) == "0"


def test_without_a_choice_of_ones_own_the_hosts_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert accelerators()


def test_where_none_is_shown_the_trainer_is_left_to_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with ExitStack() as stack:
        assert shown(take(stack)) == ""
