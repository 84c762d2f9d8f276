"""One model stays loaded between questions, within limits, and no process outlives its use."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from runs import warm_model
from runs.models import Artifact
from runs.predicting import EXIT_TOO_LARGE, ModelAnswer, ModelSilent, try_model
from runs.warm_model import LOCK_FILE, WarmModel, forget
from tests import factories
from tests.integration.reports import ground
from tests.tiny_artifacts import give_model
from training import answering

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kept(settings: Settings) -> Iterator[None]:
    settings.TRY_KEEP_SECONDS, settings.RUN_THREADS = 300, 1
    yield
    forget()


@pytest.fixture
def student(settings: Settings, tmp_path: Path) -> Artifact:
    study = factories.study()
    ground.buy_labels(study, 1)
    artifact = ground.annotated(study, num_labels=1)
    give_model(artifact, settings, tmp_path)
    return artifact


def ask(artifact: Artifact, text: str = "a good film") -> ModelAnswer:
    return try_model(actor=artifact.run.study.created_by, artifact=artifact, texts={"text": text})


def loaded() -> WarmModel:
    (model,) = warm_model._kept
    return model


def test_the_second_question_finds_it_loaded(student: Artifact) -> None:
    first, process = ask(student), loaded()
    second = ask(student)
    assert (first.was_loaded, second.was_loaded) == (False, True)
    assert loaded() is process
    assert second.predicted == first.predicted and second.probabilities == first.probabilities


def test_another_model_takes_its_place(student: Artifact, settings: Settings, tmp_path: Path) -> None:
    ask(student)
    before = loaded()._process
    other = ground.annotated(student.run.study, num_labels=1)
    give_model(other, settings, tmp_path)
    assert not ask(other).was_loaded
    assert before.returncode is not None


def test_a_folder_that_changed_is_loaded_anew(student: Artifact) -> None:
    ask(student)
    (student.path / "README.md").write_text("A new card")
    assert not ask(student).was_loaded


def test_one_that_was_killed_is_replaced(student: Artifact) -> None:
    ask(student)
    loaded()._process.kill()
    loaded()._process.wait()
    assert not ask(student).was_loaded


def test_it_leaves_when_nobody_asks_for_a_while(student: Artifact, settings: Settings) -> None:
    settings.TRY_KEEP_SECONDS = 1
    ask(student)
    assert loaded()._process.wait(timeout=60) == 0


def test_one_that_needs_too_much_memory_is_ended_and_said(student: Artifact, settings: Settings) -> None:
    settings.TRY_MEMORY_MB = 1
    with pytest.raises(ModelSilent, match="needs more than 1 MB to answer. Raise FULCRUM_TRY_MEMORY_MB"):
        ask(student)
    assert not warm_model._kept
    assert EXIT_TOO_LARGE == answering.EXIT_TOO_LARGE


def test_where_another_process_keeps_one_none_is_kept_here(student: Artifact, tmp_path: Path) -> None:
    with (tmp_path / LOCK_FILE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert ask(student).predicted in ("good", "bad")
    assert not warm_model._kept


def test_out_of_time_it_is_ended(student: Artifact, settings: Settings) -> None:
    ask(student)
    process = loaded()._process
    settings.TRY_SECONDS = 0
    with pytest.raises(ModelSilent, match="no answer within 0 seconds"):
        ask(student)
    assert process.returncode is not None and not warm_model._kept


def test_a_text_longer_than_a_pipe_takes_is_answered(student: Artifact) -> None:
    assert ask(student, "\N{CJK UNIFIED IDEOGRAPH-65E5}" * 10_000).predicted in ("good", "bad")


def test_its_place_is_free_once_it_is_gone(student: Artifact, tmp_path: Path) -> None:
    ask(student)
    handle = os.open(tmp_path / LOCK_FILE, os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    forget()
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(handle)
