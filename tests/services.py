"""The real services that tests use. Loaded as a plugin before Django's settings are: `-p tests.services`.

Settings always see the address of a PostgreSQL of our own; it is started only when something other than a unit test
was collected, so that the unit tests need no service at all.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pytest_django import Settings

from embedded import postgres, services
from embedded.data_folder import FileLock, Paths, load_secrets
from embedded.installation import ensure_venv, find_chromium, find_redis_server, label_studio_venv
from embedded.services import Process, Service
from tests import serving
from tests.running.forks import ForkingPopen, Forks

ROOT = Path(__file__).resolve().parents[1]
# A change of role or account is seen at once, so that no test waits for it.
os.environ.setdefault("FULCRUM_ACCESS_SECONDS", "0")
# Sessions may test beside each other, each with services of its own: `manage.py test` numbers those after the first.
BESIDE = int(os.environ.get("FULCRUM_TEST_BESIDE", "0"))
PATHS = Paths(root=ROOT, data=ROOT / "var" / (f"test-beside-{BESIDE}" if BESIDE else "test"))
# Away from the ports that a person's own `manage.py up` prefers, and from the other sessions'.
_PORTS_APART = 1_000 * BESIDE
FIRST_PORTS = {
    name: port + _PORTS_APART
    for name, port in (("web", 18000), (services.LABEL_STUDIO_SERVICE, 18080), ("redis", 16379))
}
WITHOUT_POSTGRES = (ROOT / "tests" / "unit", ROOT / "tests" / "engine")

_held = ExitStack()


def hold_folder(paths: Paths) -> None:
    """Keep a folder's services to this process: another session would move their ports. Raises: UsageError."""
    if not FileLock(paths.run / "tests.lock").acquire(wait=False):
        raise pytest.UsageError(f"Other tests run with the services of {paths.data}: wait for their end, or end them.")


def _prepare_environment() -> None:
    PATHS.make()
    # `check_all` names every address: its documentation tests use none, beside whatever session runs here.
    if not {"FULCRUM_URL", "LABEL_STUDIO_URL"} <= os.environ.keys():
        hold_folder(PATHS)
        for service in ("web", services.LABEL_STUDIO_SERVICE):
            services.claim_port(paths=PATHS, service=service, first=FIRST_PORTS[service])
    wanted = services.environment(paths=PATHS)
    # Which settings tests use, pyproject.toml says.
    del wanted["DJANGO_SETTINGS_MODULE"]
    for name, value in wanted.items():
        if name.startswith(("FULCRUM_", "LABEL_STUDIO_", "DATABASE_", "DJANGO_")):
            os.environ.setdefault(name, value)


OWN_POSTGRES = not os.environ.get("DATABASE_URL")
_prepare_environment()


def pytest_collection_finish(session: pytest.Session) -> None:
    if OWN_POSTGRES and not all(any(map(item.path.is_relative_to, WITHOUT_POSTGRES)) for item in session.items):
        _held.enter_context(postgres.running(paths=PATHS, durable=False))


def pytest_unconfigure() -> None:
    _held.close()


class LabelStudioServer:
    """A real Label Studio that tests may stop, start and kill."""

    def __init__(self) -> None:
        self._server = services.label_studio_server(paths=PATHS)
        self._process: Process | None = None
        self.url = self._server.url
        self.ticket_key = load_secrets(paths=PATHS).ticket_key
        self.token = ""

    def prepare(self) -> None:
        self._server.prepare()
        self.start()
        self.token = self._server.ensure_token()
        os.environ["LABEL_STUDIO_API_TOKEN"] = self.token

    def database(self) -> "psycopg.Connection[Any]":
        """Its own database, where tests move the times that it wrote down."""
        environment = self._server.environment()
        return psycopg.connect(
            host=environment["POSTGRE_HOST"],
            port=environment["POSTGRE_PORT"],
            dbname=environment["POSTGRE_NAME"],
            user=environment["POSTGRE_USER"],
            password=environment["POSTGRE_PASSWORD"],
            autocommit=True,
        )

    def python(self, *arguments: str, stdin: str = "", **environ: str) -> str:
        """Run its own Python, with its settings. Returns: what was printed."""
        environment = self._server.environment()
        package = next(PATHS.label_studio_venv.glob("lib/python*/site-packages/label_studio"))
        done = subprocess.run(
            [str(self._server.python), *arguments],
            env={**environment, "PYTHONPATH": f"{environment['PYTHONPATH']}:{package}", **environ},
            cwd=PATHS.label_studio,
            input=stdin,
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        if self._process is None:
            self._process = Process(service=self._server.service())
            self._process.wait_until_ready()

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._leave()

    def kill(self) -> None:
        """End it as a crash would: at once, in the middle of whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._leave()

    def _leave(self) -> None:
        """Nobody listens any more, so that whoever calls is refused at once."""
        self._process = None
        services.release_port(paths=PATHS, service=services.LABEL_STUDIO_SERVICE)


@pytest.fixture(scope="session")
def label_studio_server() -> Iterator[LabelStudioServer]:
    ensure_venv(spec=label_studio_venv(paths=PATHS))
    with ExitStack() as stack:
        stack.enter_context(postgres.running(paths=PATHS, durable=False))
        server = LabelStudioServer()
        stack.callback(server.stop)
        server.prepare()
        yield server


@pytest.fixture
def fulcrum_answers() -> Iterator[None]:
    """Fulcrum's own pages where Label Studio asks about people, on the test's database."""
    with serving.pages_served(port=services.remembered_port(paths=PATHS, service="web")):
        yield


@pytest.fixture(name="label_studio")
def running_label_studio(
    label_studio_server: LabelStudioServer, settings: Settings, fulcrum_answers: None
) -> LabelStudioServer:
    """The session's Label Studio, running (again, when an earlier test stopped it) and known to Django's settings."""
    label_studio_server.start()
    settings.LABEL_STUDIO_URL = label_studio_server.url
    settings.LABEL_STUDIO_API_TOKEN = label_studio_server.token
    settings.TICKET_KEY = label_studio_server.ticket_key
    return label_studio_server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The URL of a real Redis, empty at the start of the session."""
    program = find_redis_server()
    assert program is not None, "redis-server is missing: `python3 manage.py test` installs it"
    port = services.claim_port(paths=PATHS, service="redis", first=FIRST_PORTS["redis"])
    process = Process(service=_redis_service(program, port))
    try:
        process.wait_until_ready()
        yield f"redis://{services.HOST}:{port}/0"
    finally:
        process.stop()


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can walk to when we are root; pytest keeps closing the way to its own."""
    with tempfile.TemporaryDirectory(prefix="fulcrum-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def chromium() -> Path:
    found = find_chromium()
    assert found is not None, "Chromium is missing: `python3 manage.py test` installs it"
    return found


def _redis_service(program: Path, port: int) -> Service:
    return Service(
        name="redis",
        command=(str(program), "--port", str(port), "--bind", services.HOST, "--save", "", "--appendonly", "no"),
        environment={"PATH": os.environ["PATH"]},
        folder=PATHS.run,
        log=PATHS.log("redis"),
        is_ready=lambda: not services.is_port_free(port=port),
    )


@pytest.fixture(scope="session")
def trainer_forks() -> Iterator[type[ForkingPopen]]:
    ForkingPopen.forks = Forks()
    yield ForkingPopen
    ForkingPopen.forks.close()


@pytest.fixture
def forked_trainers(trainer_forks: type[ForkingPopen], monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainers that this process starts spare themselves the imports."""
    monkeypatch.setattr(subprocess, "Popen", trainer_forks)
