import signal

import pytest

from runs.execution import Evidence, Stop, judge
from runs.models import Ending, RunState


def evidence(**changes: object) -> Evidence:
    known = {
        "exit_code": 0,
        "stop": None,
        "has_result": False,
        "num_crashes": 0,
        "max_attempts": 3,
        "max_seconds": 600,
    }
    return Evidence(**{**known, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "ending", "state"),
    [
        ({"has_result": True}, Ending.SUCCEEDED, RunState.SUCCEEDED),
        ({"has_result": True, "exit_code": None}, Ending.SUCCEEDED, RunState.SUCCEEDED),
        ({"has_result": True, "stop": Stop.CANCEL}, Ending.SUCCEEDED, RunState.SUCCEEDED),
        ({"has_result": True, "exit_code": -9, "num_crashes": 2}, Ending.SUCCEEDED, RunState.SUCCEEDED),
        ({"has_result": True, "exit_code": 4, "found_no_room": True}, Ending.SUCCEEDED, RunState.SUCCEEDED),
        ({"has_result": True, "exit_code": 2}, Ending.FAILED, RunState.FAILED),
        ({"exit_code": 3, "stop": Stop.CANCEL}, Ending.CANCELLED, RunState.CANCELLED),
        ({"exit_code": -9, "stop": Stop.CANCEL}, Ending.CANCELLED, RunState.CANCELLED),
        ({"exit_code": 3, "stop": Stop.TIME}, Ending.OUT_OF_TIME, RunState.PAUSED),
        ({"exit_code": 2, "stop": Stop.TIME}, Ending.FAILED, RunState.FAILED),
        ({"exit_code": 3, "stop": Stop.PAUSE}, Ending.PAUSED, RunState.PAUSED),
        ({"exit_code": -9, "stop": Stop.PAUSE}, Ending.PAUSED, RunState.PAUSED),
        ({"exit_code": None, "stop": Stop.PAUSE}, Ending.PAUSED, RunState.PAUSED),
        ({"exit_code": 2, "stop": Stop.PAUSE}, Ending.FAILED, RunState.FAILED),
        ({"has_result": True, "stop": Stop.PAUSE}, Ending.SUCCEEDED, RunState.SUCCEEDED),
        ({"exit_code": 3, "stop": Stop.HAND_OVER}, Ending.HANDED_OVER, RunState.QUEUED),
        ({"exit_code": 4}, Ending.DISK_FULL, RunState.PAUSED),
        ({"exit_code": 4, "stop": Stop.PAUSE}, Ending.DISK_FULL, RunState.PAUSED),
        ({"exit_code": 4, "stop": Stop.HAND_OVER}, Ending.DISK_FULL, RunState.PAUSED),
        ({"exit_code": 4, "stop": Stop.CANCEL}, Ending.CANCELLED, RunState.CANCELLED),
        ({"exit_code": 4, "num_crashes": 2}, Ending.DISK_FULL, RunState.PAUSED),
        ({"exit_code": None, "found_no_room": True}, Ending.DISK_FULL, RunState.PAUSED),
        ({"exit_code": 2, "error": "Bad data."}, Ending.FAILED, RunState.FAILED),
        ({"exit_code": 2, "stop": Stop.HAND_OVER}, Ending.FAILED, RunState.FAILED),
        ({"exit_code": 3}, Ending.CRASHED, RunState.QUEUED),
        ({"exit_code": 1}, Ending.CRASHED, RunState.QUEUED),
        ({"exit_code": 0}, Ending.CRASHED, RunState.QUEUED),
        ({"exit_code": None}, Ending.LOST, RunState.QUEUED),
        ({"exit_code": -9, "num_crashes": 2}, Ending.CRASHED, RunState.FAILED),
        ({"exit_code": None, "num_crashes": 2}, Ending.LOST, RunState.FAILED),
    ],
)
def test_an_ending_has_one_verdict(changes: dict[str, object], ending: Ending, state: RunState) -> None:
    verdict = judge(evidence(**changes))

    assert (verdict.ending, verdict.state) == (ending, state)


def test_a_kill_is_told_by_the_name_of_its_signal() -> None:
    assert "SIGKILL" in judge(evidence(exit_code=-signal.SIGKILL)).outcome


def test_a_refusal_is_told_in_the_trainers_words() -> None:
    assert judge(evidence(exit_code=2, error="Row 3 is empty.")).outcome == "Row 3 is empty."


def test_a_time_limit_is_told_in_minutes() -> None:
    assert judge(evidence(exit_code=3, stop=Stop.TIME)).outcome == "its 10 minutes are used up"


def test_a_run_that_may_go_on_is_out_of_minutes_only_by_a_cap() -> None:
    assert "a cap" in judge(evidence(exit_code=3, stop=Stop.TIME, go_on=True)).outcome


def test_a_pause_is_told_with_its_reason() -> None:
    assert judge(evidence(exit_code=3, stop=Stop.PAUSE, pause_reason="paused by me")).outcome == "paused by me"


def test_a_full_disk_is_told_in_the_trainers_words() -> None:
    assert judge(evidence(exit_code=4, error="3 MB are free")).outcome == "3 MB are free"
