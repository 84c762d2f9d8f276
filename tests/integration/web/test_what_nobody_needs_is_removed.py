import os
import time
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from runs.models import Run, RunKind, RunState
from studies.imports import draft_import
from studies.models import ImportBatch, Study
from tests import factories
from web.pruning import prune

LONG_AGO = timezone.now() - timedelta(days=40)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folders(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT, settings.RUNS_DIR = tmp_path / "files", tmp_path / "runs"
    settings.MODEL_CACHE = tmp_path / "models"
    for folder in (settings.MEDIA_ROOT, settings.RUNS_DIR, settings.MODEL_CACHE):
        folder.mkdir()


@pytest.fixture
def study() -> Study:
    return factories.study()


def _draft(study: Study, *, is_old: bool) -> ImportBatch:
    draft = draft_import(actor=study.created_by, study=study, file_name="a.csv", content=b"text\none\n")
    if is_old:
        ImportBatch.objects.filter(pk=draft.pk).update(created_at=LONG_AGO)
    return draft


def _run(study: Study, state: RunState) -> Run:
    made = Run.objects.create(
        study=study,
        kind=RunKind.FINETUNE_STUDENT,
        path="annotate",
        state=state,
        training={},
        device="cpu",
        max_seconds=60,
        created_by=study.created_by,
        ended_at=LONG_AGO if state in RunState.ended() else None,
    )
    for name in ("checkpoint", "trials", "data", "artifact"):
        (made.folder / name).mkdir(parents=True)
    (made.folder / "log.txt").write_text("what happened")
    return made


def _left(run: Run) -> list[str]:
    return sorted(path.name for path in run.folder.iterdir())


def test_a_draft_that_nobody_confirmed_goes_with_its_file(study: Study) -> None:
    old, new = _draft(study, is_old=True), _draft(study, is_old=False)
    old_file = Path(old.file.path)
    prune()
    assert list(ImportBatch.objects.all()) == [new]
    assert (old_file.exists(), Path(new.file.path).exists()) == (False, True)


def test_an_import_stays_however_old(study: Study) -> None:
    batch = _draft(study, is_old=True)
    ImportBatch.objects.update(state=ImportBatch.State.IMPORTED)
    prune()
    assert Path(batch.file.path).exists()


def test_an_upload_that_broke_off_goes() -> None:
    lost = Path(ImportBatch().file.storage.save("imports/2026/01/lost.csv", ContentFile(b"text")))
    path = Path(django_settings.MEDIA_ROOT) / lost
    os.utime(path, (LONG_AGO.timestamp(),) * 2)
    prune()
    assert not path.exists()


@pytest.mark.parametrize(
    ("state", "left"),
    [
        (RunState.SUCCEEDED, ["artifact", "data", "log.txt"]),
        (RunState.FAILED, ["log.txt"]),
        (RunState.PAUSED, ["artifact", "checkpoint", "data", "log.txt", "trials"]),
        (RunState.RUNNING, ["artifact", "checkpoint", "data", "log.txt", "trials"]),
    ],
)
def test_a_run_keeps_what_a_report_or_a_resume_needs(study: Study, state: RunState, left: list[str]) -> None:
    run = _run(study, state)
    prune()
    assert _left(run) == left


def test_a_dry_run_lists_and_removes_nothing(study: Study) -> None:
    run = _run(study, RunState.FAILED)
    assert len(prune(is_dry_run=True)) == 4
    assert len(_left(run)) == 5


def test_sessions_that_ended_go() -> None:
    store = import_module(django_settings.SESSION_ENGINE).SessionStore()
    store["person"] = 1
    store.set_expiry(-time.time())
    store.save()
    call_command("prune")
    assert not store.exists(store.session_key)
