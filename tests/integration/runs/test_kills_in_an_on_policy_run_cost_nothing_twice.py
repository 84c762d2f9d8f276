"""The trainer is killed twice while a student learns from its own answers, which a second model judges."""

import os
import signal
from pathlib import Path

import pytest
from pytest_django import Settings

from runs.control import start_distil
from runs.execution import read_progress
from runs.models import Ending, Run, RunKind, RunState
from runs.requests import RunPlan
from runs.supervision import supervise
from studies.models import Split, Study
from tests import factories
from tests.commands import ROOT
from tests.integration.runs.after_kills import LEFT_OVERS, repeated, weights
from tests.integration.runs.world import being_supervised, finish_all, in_state, is_reconciled
from tests.tiny_llama import write_tiny_llama

pytestmark = pytest.mark.usefixtures("forked_trainers")
TEXTS = [f"a {mood} {thing}" for mood in ("great", "awful") for thing in ("movie", "film", "day", "game")]
ANSWERS = ['["happy film", "happy day"]'] * 4 + ['["sad"]'] * 4
SHAPE = {"batch_size": 4, "max_length": 16, "answer_length": 8, "max_minutes": 5, "num_seeds": 1}
RATES = {"learning_rates": (1e-2,), "teacher_learning_rates": (1e-2,)}
PLAN = RunPlan(**SHAPE, **RATES, teacher_steps=30, steps=120, distil_from="on_policy", on_policy_share=0.75)  # type: ignore[arg-type]


@pytest.fixture
def study(transactional_db: None, settings: Settings, tmp_path: Path) -> Study:
    settings.ROOT, settings.RUN_THREADS = ROOT, 1
    model = {"source": "folder", "name": str(write_tiny_llama(tmp_path / "llama")), "revision": None}
    made = factories.study(task_type="text_generation", labels=(), student_model=model, teacher_model=model)
    for split, ending in ((Split.POOL, ""), (Split.DEV, " in the rain"), (Split.TEST, " in the sun")):
        factories.examples(made, [f"{text}{ending}" for text in TEXTS], split=split, labels=ANSWERS)
    factories.examples(made, [f"{text} and the moon" for text in TEXTS])
    return made


def kill_past(student: Run, step: int) -> int:
    """Kill the trainer past a step; return the step that it was at."""
    with being_supervised(student, from_step=step) as attempt:
        attempt.refresh_from_db()
        assert attempt.pid is not None
        os.kill(attempt.pid, signal.SIGKILL)
    return int(read_progress(student.folder)["step"])


def test_it_ends_as_if_nothing_had_been_and_each_second_is_paid_once(study: Study) -> None:
    student = start_distil(actor=study.created_by, study=study, num_unlabelled=8, plan=PLAN)
    for kind in (RunKind.FINETUNE_TEACHER, RunKind.SCORE):
        supervise(run_id=study.runs.get(kind=kind).pk)

    reached = [kill_past(student, step) for step in (3, 50)]
    assert max(reached) < 120, "it was over before it was killed"
    finish_all()

    assert in_state(student, RunState.SUCCEEDED), student.error
    assert list(student.attempts.order_by("number").values_list("ending", flat=True)) == [
        *[Ending.CRASHED] * 2,
        Ending.SUCCEEDED,
    ]
    assert "resumed at step" in (student.folder / "log.txt").read_text()
    assert not [path for pattern in LEFT_OVERS for path in student.folder.glob(pattern)]
    assert weights(student.artifact.path) == weights(repeated(student))
    assert is_reconciled(study)
