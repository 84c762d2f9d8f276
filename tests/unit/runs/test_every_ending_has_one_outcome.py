import signal

import pytest

from runs.execution import AttemptEvidence, StopReason, attempt_outcome
from runs.models import Ending, RunState


def evidence(**changes: object) -> AttemptEvidence:
    known = {
        "exit_code": 0,
        "stop": None,
        "has_result": False,
        "num_crashes": 0,
        "max_attempts": 3,
        "max_seconds": 600,
    }
    return AttemptEvidence(**{**known, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "ending", "state"),
    [
        ({"has_result": True}, Ending.SUCCEEDED, RunState.SUCCEEDED),
        ({"has_result": True, "exit_code": None}, Ending.SUCCEEDED, RunState.SUCCEEDED),
        ({"has_result": True, "stop": StopReason.CANCEL}, Ending.SUCCEEDED, RunState.SUCCEEDED),
        ({"has_result": True, "exit_code": -9, "num_crashes": 2}, Ending.SUCCEEDED, RunState.SUCCEEDED),
        ({"has_result": True, "exit_code": 4, "disk_full": True}, Ending.SUCCEEDED, RunState.SUCCEEDED),
        ({"has_result": True, "exit_code": 2}, Ending.FAILED, RunState.FAILED),
        ({"exit_code": 3, "stop": StopReason.CANCEL}, Ending.CANCELLED, RunState.CANCELLED),
        ({"exit_code": -9, "stop": StopReason.CANCEL}, Ending.CANCELLED, RunState.CANCELLED),
        ({"exit_code": 3, "stop": StopReason.TIME}, Ending.OUT_OF_TIME, RunState.PAUSED),
        ({"exit_code": 2, "stop": StopReason.TIME}, Ending.FAILED, RunState.FAILED),
        ({"exit_code": 3, "stop": StopReason.PAUSE}, Ending.PAUSED, RunState.PAUSED),
        ({"exit_code": -9, "stop": StopReason.PAUSE}, Ending.PAUSED, RunState.PAUSED),
        ({"exit_code": None, "stop": StopReason.PAUSE}, Ending.PAUSED, RunState.PAUSED),
        ({"exit_code": 2, "stop": StopReason.PAUSE}, Ending.FAILED, RunState.FAILED),
        ({"has_result": True, "stop": StopReason.PAUSE}, Ending.SUCCEEDED, RunState.SUCCEEDED),
        ({"exit_code": 3, "stop": StopReason.HAND_OVER}, Ending.HANDED_OVER, RunState.QUEUED),
        ({"exit_code": 4}, Ending.DISK_FULL, RunState.PAUSED),
        ({"exit_code": 4, "stop": StopReason.PAUSE}, Ending.DISK_FULL, RunState.PAUSED),
        ({"exit_code": 4, "stop": StopReason.HAND_OVER}, Ending.DISK_FULL, RunState.PAUSED),
        ({"exit_code": 4, "stop": StopReason.CANCEL}, Ending.CANCELLED, RunState.CANCELLED),
        ({"exit_code": 4, "num_crashes": 2}, Ending.DISK_FULL, RunState.PAUSED),
        ({"exit_code": None, "disk_full": True}, Ending.DISK_FULL, RunState.PAUSED),
        ({"exit_code": 2, "error": "Bad data."}, Ending.FAILED, RunState.FAILED),
        ({"exit_code": 2, "stop": StopReason.HAND_OVER}, Ending.FAILED, RunState.FAILED),
        ({"exit_code": 3}, Ending.CRASHED, RunState.QUEUED),
        ({"exit_code": 1}, Ending.CRASHED, RunState.QUEUED),
        ({"exit_code": 0}, Ending.CRASHED, RunState.QUEUED),
        ({"exit_code": None}, Ending.LOST, RunState.QUEUED),
        ({"exit_code": -9, "num_crashes": 2}, Ending.CRASHED, RunState.FAILED),
        ({"exit_code": None, "num_crashes": 2}, Ending.LOST, RunState.FAILED),
    ],
)
def test_an_ending_has_one_outcome(changes: dict[str, object], ending: Ending, state: RunState) -> None:
    outcome = attempt_outcome(evidence(**changes))

    assert (outcome.ending, outcome.state) == (ending, state)


def test_a_kill_is_told_by_the_name_of_its_signal() -> None:
    assert "SIGKILL" in attempt_outcome(evidence(exit_code=-signal.SIGKILL)).text


def test_a_refusal_is_told_in_the_trainers_words() -> None:
    assert attempt_outcome(evidence(exit_code=2, error="Row 3 is empty.")).text == "Row 3 is empty."


def test_a_time_limit_is_told_in_minutes() -> None:
    assert attempt_outcome(evidence(exit_code=3, stop=StopReason.TIME)).text == "its 10 minutes are used up"


def test_a_run_that_may_go_on_is_out_of_minutes_only_by_a_cap() -> None:
    assert "a cap" in attempt_outcome(evidence(exit_code=3, stop=StopReason.TIME, auto_extends=True)).text


def test_a_pause_is_told_with_its_reason() -> None:
    assert (
        attempt_outcome(evidence(exit_code=3, stop=StopReason.PAUSE, pause_reason="paused by me")).text
        == "paused by me"
    )


def test_a_full_disk_is_told_in_the_trainers_words() -> None:
    assert attempt_outcome(evidence(exit_code=4, error="3 MB are free")).text == "3 MB are free"
