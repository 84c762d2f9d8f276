"""The commands `test`, `check_all` and `bench`: development tools, run with a clean environment."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from embedded import services
from embedded.data_folder import Paths
from embedded.environment import scrubbed
from embedded.installation import ensure_chromium, ensure_redis_server

# Loaded before pytest-django reads the settings, which is before any conftest.
PYTEST = ("-m", "pytest", "-p", "tests.services")
# Named to the sessions that share all tests; see tests/running/sharing.py.
SHARED = ("-p", "tests.running.sharing")
# This tool alone cannot be run with -m.
LINT_IMPORTS = ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
# Each holds about a gigabyte, a PostgreSQL and the processes of its tests.
MOST_SESSIONS = 4
NUM_CHECKS_AT_ONCE = 2
# The types take longest, and one core, so they begin first.
CHECKS = (
    ("types", ("-m", "mypy")),
    ("lint", ("-m", "ruff", "check", ".")),
    ("format", ("-m", "ruff", "format", "--check", ".")),
    ("import directions", LINT_IMPORTS),
    ("documentation", (*PYTEST, "-q", "tests/docs")),
)


def test(*, paths: Paths, arguments: Sequence[str]) -> int:
    """Run the tests, or those that the arguments name. Returns: 0 when all passed, else pytest's exit status."""
    log = paths.make().log("setup")
    ensure_chromium(log=log)
    ensure_redis_server(log=log)
    # Only the path to our code: the plugin finds or starts every service.
    path = os.pathsep.join([str(paths.root), str(paths.root / "platform")])
    environment = {**scrubbed(), "PYTHONPATH": path}
    if all(argument.startswith("-") for argument in arguments):
        return _test_shared(paths, (*PYTEST, *SHARED, *arguments), environment)
    return _run(paths, (*PYTEST, *arguments), environment)


def _test_shared(paths: Paths, command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run sessions that share the tests, each with its own services; show those after the first when all are done."""
    logs = [paths.log(f"tests-beside-{number}") for number in range(1, _num_sessions())]
    with tempfile.TemporaryDirectory() as taken, ExitStack() as stack:
        # Sessions that each compute on every core would wait for each other.
        environment = {"OMP_NUM_THREADS": "1", **environment, "FULCRUM_TEST_TAKEN": taken}
        beside = [
            stack.enter_context(
                _session_beside(paths, command, {**environment, "FULCRUM_TEST_BESIDE": str(number)}, log)
            )
            for number, log in enumerate(logs, start=1)
        ]
        statuses = [_run(paths, command, environment), *(session.wait() for session in beside)]
    for log in logs:
        print(log.read_text(encoding="utf-8", errors="replace"), flush=True)
    return next(filter(None, statuses), 0)


@contextmanager
def _session_beside(
    paths: Paths, command: Sequence[str], environment: Mapping[str, str], log: Path
) -> "Iterator[subprocess.Popen[bytes]]":
    with log.open("wb") as output:
        session = subprocess.Popen(
            [sys.executable, *command], cwd=paths.root, env=dict(environment), stdout=output, stderr=output
        )
        try:
            yield session
        finally:
            # As from a keyboard: pytest then stops its services.
            session.send_signal(signal.SIGINT)
            session.wait()


def _num_sessions() -> int:
    """One more than there are cores: many tests wait, for a lease, a browser or a process that ends."""
    return min((os.cpu_count() or 1) + 1, MOST_SESSIONS)


def check_all(*, paths: Paths) -> int:
    """Run every check, also after one failed, two at a time. Returns: 0 when all passed, else 1."""
    paths.make()
    with ThreadPoolExecutor(NUM_CHECKS_AT_ONCE) as pool:
        results = {name: pool.submit(_checked, paths, command) for name, command in CHECKS}
        for result in results.values():
            print(result.result().stdout, end="", flush=True)
    passed = {name: result.result().returncode == 0 for name, result in results.items()}
    for name, is_passed in passed.items():
        print(f"{'ok    ' if is_passed else 'FAILED'} {name}")
    return 0 if all(passed.values()) else 1


def _checked(paths: Paths, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Run a check; what it prints is kept, so that two do not speak at once."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=paths.root,
        # mypy and the documentation tests load the real settings, which need their environment but no service.
        env=services.environment(paths=paths),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def bench(*, paths: Paths, name: str, arguments: Sequence[str]) -> int:
    environment = services.environment(paths=paths.make())
    return subprocess.run(
        [sys.executable, str(paths.root / "bench" / f"{name}.py"), *arguments],
        cwd=paths.root,
        env={**os.environ, **environment},
        check=False,
    ).returncode


def _run(paths: Paths, command: Sequence[str], environment: Mapping[str, str]) -> int:
    sys.stdout.flush()
    return subprocess.run([sys.executable, *command], cwd=paths.root, env=dict(environment), check=False).returncode
