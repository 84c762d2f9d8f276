"""Trainers, workers and the database are each killed at every moment of a run, under runs of both paths."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded import postgres, services
from embedded.data_folder import Paths
from tests.commands import ROOT

SEED = 7
NUM_MOMENTS = 6
# A lease outlasts a database that starts again, so that a kill of it alone costs no attempt.
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tests.integration.runs.worker_settings",
    "FULCRUM_TEST_REAL_TRAINER": "1",
    "FULCRUM_TEST_FORKED_TRAINERS": "1",
    "FULCRUM_READY_TRAINER": "1",
    "FULCRUM_RUN_THREADS": "1",
    "FULCRUM_MAX_ATTEMPTS": "99",
    "FULCRUM_LEASE_SECONDS": "6",
    "BROKER_URL": "",
    "OMP_NUM_THREADS": "1",
}
SCRIPT = Path(__file__).with_name("killer.py")


@pytest.fixture
def paths(open_folder: Path) -> Iterator[Paths]:
    """A PostgreSQL of this test's own, safe against crashes as in production."""
    made = Paths(root=ROOT, data=open_folder).make()
    with postgres.running(paths=made):
        yield made


def python(paths: Paths, folder: Path, *command: str) -> str:
    environment = {
        **services.environment(paths=paths),
        "DATABASE_URL": postgres.database_url(paths=paths),
        "FULCRUM_DATA_DIR": str(folder),
        **SETTINGS,
    }
    done = subprocess.run(
        [sys.executable, *command], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def test_kills_at_every_moment_leave_every_run_right_and_every_second_paid_once(paths: Paths, tmp_path: Path) -> None:
    python(paths, tmp_path, "-m", "django", "migrate", "-v0")
    database_pid = paths.postgres / "postmaster.pid"

    said = python(paths, tmp_path, str(SCRIPT), str(SEED), str(database_pid), str(tmp_path))
    told = json.loads(said.splitlines()[-1])

    assert told["kills"] == dict.fromkeys(("trainer", "worker", "database"), NUM_MOMENTS)
    assert told["paths"] == ["annotate", "distil"]
    assert told["problems"] == []
