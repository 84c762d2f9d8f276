"""The real trainer, with a model small enough to train in seconds; where it must not, it is not forked off another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from budgets.limits import resume, stop_everything
from runs.control import start_annotate, start_distil
from runs.execution import read_progress, read_result
from runs.execution.process import keep_one_ready
from runs.models import Artifact, Ending, Run, RunKind, RunState
from runs.requests import RunPlan
from runs.results import NothingToRepeat, first_step, repeat
from runs.results.repeating import compare
from runs.supervision import shutdown, supervise, sweep
from studies.models import Split, Study
from tests import factories
from tests.commands import ROOT
from tests.integration.runs.world import being_supervised, finish_all, in_state, is_reconciled
from tests.tiny_model import write_tiny_model
from training.runtime import read_json

forked = pytest.mark.usefixtures("forked_trainers")
TEXTS = [f"a {mood} {thing}" for mood in ("great", "awful") for thing in ("movie", "film", "day", "game", "match")]
LABELS = ["good"] * 5 + ["bad"] * 5
PLAN = RunPlan(num_seeds=1, recipe="finetune", steps=6, teacher_steps=6, batch_size=4, max_length=16, max_minutes=5)


@pytest.fixture
def tiny_study(make_tiny_study: Callable[[], Study]) -> Study:
    return make_tiny_study()


@pytest.fixture
def make_tiny_study(transactional_db: None, settings: Settings, tmp_path: Path) -> Callable[[], Study]:
    settings.ROOT = ROOT
    settings.RUN_THREADS = 1
    return lambda: _tiny_study(tmp_path)


def _tiny_study(tmp_path: Path) -> Study:
    model = {"source": "folder", "name": str(write_tiny_model(tmp_path / "tiny")), "revision": None}
    study = factories.study(student_model=model, teacher_model=model)
    factories.examples(study, TEXTS, labels=LABELS)
    factories.examples(study, [f"{text} in the sun" for text in TEXTS], split=Split.TEST, labels=LABELS)
    factories.examples(study, [f"{text} in the rain" for text in TEXTS], split=Split.DEV, labels=LABELS)
    factories.examples(study, [f"{text} and the moon" for text in TEXTS])
    return study


@forked
def test_both_paths_end_in_a_measured_student(tiny_study: Study) -> None:
    annotate = start_annotate(actor=tiny_study.created_by, study=tiny_study, num_labels=8, plan=PLAN)
    distil = start_distil(actor=tiny_study.created_by, study=tiny_study, num_labels=8, num_unlabelled=10, plan=PLAN)

    finish_all()

    for run in (annotate, distil):
        assert in_state(run, RunState.SUCCEEDED), run.error
        measured = run.artifact.evaluations.get(split="test", metric="accuracy")
        assert measured.low <= measured.value <= measured.high
        assert (measured.num_examples, measured.baseline) == (10, 0.5)
    soft_labels = Artifact.objects.get(run__kind=RunKind.SCORE)
    assert soft_labels.num_pseudo_labels == 10
    assert is_reconciled(tiny_study)


@forked
def test_what_was_asked_for_is_what_is_trained(tiny_study: Study) -> None:
    asked: dict[str, Any] = {"learning_rates": (1e-3, 1e-2), "num_seeds": 2, "pooling": "max", "student_layers": (1,)}
    shape: dict[str, Any] = {"recipe": "finetune", "steps": 6, "batch_size": 4, "max_length": 16, "max_minutes": 5}
    first = start_annotate(actor=tiny_study.created_by, study=tiny_study, num_labels=8, plan=RunPlan(**asked, **shape))
    finish_all()
    taught = RunPlan(teacher_run=first.pk, filter="confidence", keep=0.5, gold_epochs=2, **asked, **shape)
    second = start_distil(actor=tiny_study.created_by, study=tiny_study, num_labels=8, num_unlabelled=10, plan=taught)
    finish_all()

    for run in (first, second):
        assert in_state(run, RunState.SUCCEEDED), run.error
        result = read_result(run.folder)
        assert [len(result[part]) for part in ("search", "seeds")] == [2, 2]
        assert read_json(run.artifact.path / "config.json")["num_hidden_layers"] == 1
    assert not tiny_study.runs.filter(kind=RunKind.FINETUNE_TEACHER).exists()
    assert is_reconciled(tiny_study)


@forked
def test_one_that_is_handed_over_goes_on_where_it_stood(tiny_study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start_long(tiny_study)
    monkeypatch.setattr(shutdown, "is_announced", lambda: is_at_step(run, 5))

    supervise(run_id=run.pk)
    first = run.attempts.get()
    assert (run.folder / "checkpoint").is_dir()
    monkeypatch.setattr(shutdown, "is_announced", lambda: False)
    supervise(run_id=run.pk)

    assert first.ending == Ending.HANDED_OVER
    assert in_state(run, RunState.SUCCEEDED)
    assert is_reconciled(tiny_study)


@forked
def test_one_that_a_stop_paused_ends_as_if_nothing_had_happened(make_tiny_study: Callable[[], Study]) -> None:
    undisturbed, stopped = (start_long(make_tiny_study()) for _ in range(2))
    supervise(run_id=undisturbed.pk)

    with being_supervised(stopped):
        stop_everything(actor=stopped.created_by, budget=stopped.study.budget, reason="Enough")
    assert in_state(stopped, RunState.PAUSED)
    assert (stopped.folder / "checkpoint").is_dir()
    resume(actor=stopped.created_by, budget=stopped.study.budget)
    sweep()
    supervise(run_id=stopped.pk)

    assert in_state(stopped, RunState.SUCCEEDED)
    assert weights(stopped) == weights(undisturbed)
    assert stopped.attempts.count() == 2
    assert is_reconciled(stopped.study)


def start_long(study: Study) -> Run:
    """Enough steps that it cannot be done before it is asked to leave."""
    plan = RunPlan(
        num_seeds=1, recipe="finetune", steps=800, learning_rates=(1e-3,), batch_size=4, max_length=16, max_minutes=5
    )
    return start_annotate(actor=study.created_by, study=study, plan=plan)


def weights(run: Run) -> bytes:
    return (run.artifact.path / "model.safetensors").read_bytes()


def is_at_step(run: Run, step: int) -> bool:
    said = read_progress(run.folder)
    return said.get("stage") == "train" and said["step"] > step


def test_the_command_starts_a_run_and_says_which(tiny_study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    call_command(
        "start_run", str(tiny_study.pk), "--path", "annotate", "--labels", "8", "--steps", "6", "--num-seeds", "1"
    )

    run = Run.objects.get()
    assert f"Fine-tune the student {run.pk}: Queued" in capsys.readouterr().out
    assert run.training["steps"] == 6


def test_a_run_repeated_from_its_spec_comes_to_the_same(
    tiny_study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start_annotate(actor=tiny_study.created_by, study=tiny_study, num_labels=8, plan=PLAN)
    supervise(run_id=run.pk)

    call_command("repeat_run", str(run.pk), "--folder", str(tmp_path / "again"))

    assert "bit for bit" in capsys.readouterr().out
    assert is_reconciled(tiny_study)
    (run.folder / "artifact" / "predictions.jsonl").write_text("{}")
    found = compare(run=run, folder=tmp_path / "again")
    assert found.differences == ["predictions.jsonl: other content"]


def test_a_run_without_a_result_cannot_be_repeated(tiny_study: Study, tmp_path: Path) -> None:
    run = start_annotate(actor=tiny_study.created_by, study=tiny_study, num_labels=8, plan=PLAN)
    with pytest.raises(NothingToRepeat, match="has no result"):
        repeat(run=run, folder=tmp_path / "again")


def test_a_trainer_that_was_kept_ready_starts_at_once(tiny_study: Study, settings: Settings) -> None:
    settings.READY_TRAINER = True
    run = start_annotate(actor=tiny_study.created_by, study=tiny_study, num_labels=8, plan=PLAN)
    keep_one_ready()

    supervise(run_id=run.pk)

    attempt = run.attempts.get()
    assert in_state(run, RunState.SUCCEEDED), run.error
    assert attempt.stages["start"] < 1
    found = first_step(run, [attempt])
    assert found is not None and 0 < found.overhead_seconds < found.seconds
    assert is_reconciled(tiny_study)
