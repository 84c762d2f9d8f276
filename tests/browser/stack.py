"""Everything that `manage.py up` serves, as real processes, on the test database."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache

from embedded import services
from embedded.services import Process, Service
from tests import beside
from tests.services import PATHS, ROOT

# The trainers of one worker, several in a test, are forked off one process that has done their imports.
FORKED_TRAINERS = {
    "DJANGO_SETTINGS_MODULE": "tests.integration.runs.worker_settings",
    "FULCRUM_TEST_REAL_TRAINER": "1",
    "FULCRUM_TEST_FORKED_TRAINERS": "1",
    "FULCRUM_READY_TRAINER": "1",
}


@cache
def _collect_files() -> None:
    command = [sys.executable, "-m", "django", "collectstatic", "--no-input", "-v0"]
    subprocess.run(command, cwd=ROOT, env=services.environment(paths=PATHS), check=True)


@cache
def _remove_runs_of_earlier_sessions() -> None:
    """The database is new; what a session that was killed left would be taken for this one's."""
    shutil.rmtree(PATHS.runs)
    PATHS.make()


@contextmanager
def serving() -> Iterator[str]:
    """Run the web server and the workers; yield the address of the pages."""
    environment = {
        **services.environment(paths=PATHS),
        "DATABASE_URL": beside.database_url(),
        "FULCRUM_SYNC_SECONDS": "5",
        "FULCRUM_RUN_THREADS": "1",
    }
    _collect_files()
    _remove_runs_of_earlier_sessions()
    wanted: tuple[Service, ...] = (services.web(paths=PATHS), *services.workers(paths=PATHS))
    with ExitStack() as stack:
        # Another test serves other pages there.
        stack.callback(services.release_port, paths=PATHS, service="web")
        started = []
        for service in wanted:
            more = FORKED_TRAINERS if service.name == "worker-runs" else {}
            process = Process(service=replace(service, environment={**environment, **more}))
            stack.callback(process.stop)
            started.append(process)
        for process in started:
            process.wait_until_ready()
        yield environment["FULCRUM_URL"]
