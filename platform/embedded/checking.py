"""The commands `test`, `check_all` and `bench`: development tools, run with a clean environment."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from embedded import services
from embedded.data_folder import Paths
from embedded.environment import scrubbed
from embedded.installation import ensure_chromium, ensure_redis_server

# Loaded before pytest-django reads the settings, which is before any conftest.
PYTEST = ("-m", "pytest", "-p", "tests.services")
# The most compute, without Label Studio: unit tests, and runs, which train. They run beside all other tests.
BESIDE = ("tests/unit", "tests/integration/runs", "tests/integration/engine")
# This tool alone cannot be run with -m.
LINT_IMPORTS = ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
CHECKS = (
    ("lint", ("-m", "ruff", "check", ".")),
    ("format", ("-m", "ruff", "format", "--check", ".")),
    ("types", ("-m", "mypy")),
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
    if arguments:
        return _run(paths, (*PYTEST, *arguments), environment)
    return _test_in_two(paths, environment)


def _test_in_two(paths: Paths, environment: Mapping[str, str]) -> int:
    """Run the tests that compute beside the others, which wait for services; print their output when both are done.

    Each of the two starts its own services; see tests/services.py.
    """
    log = paths.log("tests-beside")
    command = [sys.executable, *PYTEST, *BESIDE]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=paths.root, env={**environment, "FULCRUM_TEST_BESIDE": "1"}, stdout=output, stderr=output
        ) as beside,
    ):
        try:
            rest = _run(paths, (*PYTEST, *(f"--ignore={folder}" for folder in BESIDE)), environment)
            computed = beside.wait()
        finally:
            # As from a keyboard: pytest then stops its services.
            beside.send_signal(signal.SIGINT)
    print(log.read_text(encoding="utf-8", errors="replace"), flush=True)
    return rest or computed


def check_all(*, paths: Paths) -> int:
    """Run every check, also after one failed. Returns: 0 when all passed, else 1."""
    paths.make()
    # mypy and the documentation tests load the real settings, which need their environment but no service.
    results = {name: _run(paths, command, services.environment(paths=paths)) == 0 for name, command in CHECKS}
    for name, passed in results.items():
        print(f"{'ok    ' if passed else 'FAILED'} {name}")
    return 0 if all(results.values()) else 1


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
