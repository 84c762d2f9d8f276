import os
import subprocess
import sys
from pathlib import Path

from pytest_django import Settings

from runs.execution import process_started_at, trainer_environment

SHELL = {
    "PATH": "/bin",
    "HF_HUB_OFFLINE": "1",
    "HTTPS_PROXY": "http://proxy",
    "DATABASE_URL": "postgresql://u:secret@/db",
    "FULCRUM_SECRET_KEY": "secret",
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "LABEL_STUDIO_API_TOKEN": "secret",
    "HF_TOKEN": "its own to the hub",
}


def test_what_it_needs_is_passed_on_and_nothing_else() -> None:
    seen = trainer_environment(source=SHELL)

    assert {"PATH", "HF_HUB_OFFLINE", "HTTPS_PROXY", "HF_TOKEN"} <= set(seen)
    assert not {"DATABASE_URL", "FULCRUM_SECRET_KEY", "DJANGO_SETTINGS_MODULE", "LABEL_STUDIO_API_TOKEN"} & set(seen)


def test_it_is_told_which_process_to_outlive_never() -> None:
    assert trainer_environment(source={})["FULCRUM_PARENT_PID"] == str(os.getpid())


def test_it_is_told_where_runs_share_what_they_compute(settings: Settings, tmp_path: Path) -> None:
    settings.RUNS_DIR, settings.RUN_CACHE_MB = tmp_path / "runs", 7
    seen = trainer_environment(source={})
    assert seen["FULCRUM_RUN_CACHE"] == str(tmp_path / "run-cache")
    assert seen["FULCRUM_RUN_CACHE_MB"] == "7"


def test_a_process_is_known_by_when_it_started() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = process_started_at(child.pid)

    assert started is not None
    assert process_started_at(child.pid) == started
    child.communicate()
    assert process_started_at(child.pid) is None
