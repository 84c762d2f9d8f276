"""One model stays loaded between questions, within limits, and no process outlives its use."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from runs.models import Artifact
from runs.results import ModelAnswer, ModelSilent, try_model, warm_model
from runs.results.warm_model import LOCK_FILE, WarmModel, forget
from tests import factories
from tests.integration.reports import ground
from tests.tiny_artifacts import write_model

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("forked_trainers")]


@pytest.fixture(scope="module")
def runs_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of two models; loading takes seconds, so that what a test leaves loaded is there for the next."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("one", "two"):
        write_model(folder / name / "artifact", task_type="text_classification", labels=("good", "bad"))
    yield folder
    forget()


@pytest.fixture
def student(settings: Settings, runs_dir: Path) -> Artifact:
    settings.TRY_KEEP_SECONDS, settings.RUN_THREADS, settings.RUNS_DIR = 300, 1, runs_dir
    study = factories.study()
    ground.buy_labels(study, 1)
    artifact = ground.annotated(study, num_labels=1)
    artifact.folder = "one/artifact"
    artifact.save(update_fields=["folder"])
    return artifact


def ask(artifact: Artifact, text: str = "a good film") -> ModelAnswer:
    return try_model(actor=artifact.run.study.created_by, artifact=artifact, texts={"text": text})


def loaded() -> WarmModel:
    (model,) = warm_model._kept
    return model


def test_the_second_question_finds_it_loaded(student: Artifact) -> None:
    forget()
    first, process = ask(student), loaded()
    second = ask(student)
    assert (first.was_loaded, second.was_loaded) == (False, True)
    assert loaded() is process
    assert second.predicted == first.predicted and second.probabilities == first.probabilities


def test_a_text_longer_than_a_pipe_takes_is_answered(student: Artifact) -> None:
    assert ask(student, "\N{CJK UNIFIED IDEOGRAPH-65E5}" * 10_000).predicted in ("good", "bad")


def test_out_of_time_it_is_ended(student: Artifact, settings: Settings) -> None:
    ask(student)
    process = loaded()._process
    settings.TRY_SECONDS = 0
    with pytest.raises(ModelSilent, match="no answer within 0 seconds"):
        ask(student)
    assert process.returncode is not None and not warm_model._kept


def test_one_that_was_killed_is_replaced(student: Artifact) -> None:
    ask(student)
    loaded()._process.kill()
    loaded()._process.wait()
    assert not ask(student).was_loaded


def test_a_folder_that_changed_is_loaded_anew(student: Artifact) -> None:
    ask(student)
    (student.path / "README.md").write_text("A new card")
    assert not ask(student).was_loaded


def test_another_model_takes_its_place(student: Artifact) -> None:
    ask(student)
    before = loaded()._process
    student.folder = "two/artifact"
    assert not ask(student).was_loaded
    assert before.returncode is not None


def test_its_place_is_free_once_it_is_gone(student: Artifact, runs_dir: Path) -> None:
    ask(student)
    handle = os.open(runs_dir / LOCK_FILE, os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    forget()
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(handle)


def test_where_another_process_keeps_one_none_is_kept_here(student: Artifact, runs_dir: Path) -> None:
    forget()
    with (runs_dir / LOCK_FILE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert ask(student).predicted in ("good", "bad")
    assert not warm_model._kept


def test_it_leaves_when_nobody_asks_for_a_while(student: Artifact, settings: Settings) -> None:
    forget()
    settings.TRY_KEEP_SECONDS = 1
    ask(student)
    assert loaded()._process.wait(timeout=60) == 0


def test_one_that_needs_too_much_memory_is_ended_and_said(student: Artifact, settings: Settings) -> None:
    forget()
    settings.TRY_MEMORY_MB = 1
    with pytest.raises(ModelSilent, match=r"needs more than 1 MB to answer. Raise FULCRUM_TRY_MEMORY_MB"):
        ask(student)
    assert not warm_model._kept
