"""The services of one copy of Fulcrum, and what a Django process needs to know to reach them."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from embedded import label_studio, ports, postgres, secrets
from embedded.environment import Connections, django_environment
from embedded.paths import Paths
from embedded.supervisor import Service, answers

# As in Django's settings; and what a form adds to the file that it carries.
DEFAULT_IMPORT_MB = 32
FORM_MB = 1
# As many as config.workers has.
NUM_WORKERS = 3
LOG = ("--loglevel", "INFO")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which parts are ours to run: what a URL in the environment names is somebody else's."""

    paths: Paths
    with_postgres: bool
    with_label_studio: bool


def plan(*, paths: Paths, source: Mapping[str, str] | None = None) -> Plan:
    source = os.environ if source is None else source
    return Plan(
        paths=paths,
        with_postgres=not source.get("DATABASE_URL"),
        with_label_studio=not source.get("LABEL_STUDIO_URL"),
    )


def django(*, paths: Paths) -> dict[str, str]:
    """The environment of a Django process of this copy, whether or not the services run right now."""
    known = secrets.load(paths=paths)
    connections = Connections(
        database_url=postgres.database_url(paths=paths),
        web_url=_url(paths, "web"),
        label_studio_url=_url(paths, label_studio.NAME),
        label_studio_token=known.label_studio_token,
        django_secret_key=known.django_secret_key,
        ticket_key=known.ticket_key,
    )
    return django_environment(paths=paths, connections=connections)


def label_studio_server(*, paths: Paths) -> label_studio.LabelStudio:
    port = ports.remembered(paths=paths, service=label_studio.NAME)
    return label_studio.LabelStudio(paths=paths, port=port, fulcrum_url=django(paths=paths)["FULCRUM_URL"])


def web(*, paths: Paths) -> Service:
    """The pages, on the port that this process holds from now on."""
    listener = ports.hold(paths=paths, service="web")
    environment = django(paths=paths)
    typed = environment.get("FULCRUM_MAX_IMPORT_MB", "")
    # What is no number, Django's settings refuse by name.
    megabytes = (int(typed) if typed.isdecimal() else DEFAULT_IMPORT_MB) + FORM_MB
    return Service(
        name="web",
        command=(
            *(sys.executable, "-m", "embedded.web_server", "config.wsgi:application"),
            *(f"--fd={listener.fileno()}", f"--max-body-mb={megabytes}"),
        ),
        environment=environment,
        folder=paths.root,
        log=paths.log("web"),
        is_ready=lambda: answers(url=f"{_url(paths, 'web')}/"),
        url=environment["FULCRUM_URL"],
        listener=listener,
    )


def workers(*, paths: Paths) -> tuple[Service, ...]:
    celery = (sys.executable, "-m", "celery", "--app", "config")
    # One run at a time: a run has the device, and most of the machine, to itself.
    runs = ("--queues", "runs", "--concurrency", "1", "--prefetch-multiplier", "1", "--hostname", "worker-runs@%h")
    schedule = ("--schedule", str(paths.run / "beat-schedule"), "--pidfile=")
    return (
        _background(paths, "workers", (sys.executable, "-m", "config.workers"), (" ready.", NUM_WORKERS)),
        _background(paths, "worker-runs", (*celery, "worker", *runs, *LOG), (" ready.", 1)),
        _background(paths, "beat", (*celery, "beat", *schedule, *LOG), ("beat: Starting", 1)),
    )


def _background(paths: Paths, name: str, command: tuple[str, ...], words: tuple[str, int]) -> Service:
    """A service without an address: it is ready once its log has the words so many times."""
    return Service(
        name=name,
        command=command,
        environment=django(paths=paths),
        folder=paths.root,
        log=paths.log(name),
        is_ready=_says(paths, name, *words),
        stop_signal="SIGTERM",
        grace_seconds=10.0,
    )


def _says(paths: Paths, name: str, words: str, times: int) -> Callable[[], bool]:
    """Whether the log has the words, counted from now."""
    log = paths.log(name)
    before = log.stat().st_size if log.exists() else 0

    def has_said() -> bool:
        with log.open("rb") as stream:
            # A log that was cut meanwhile begins anew.
            stream.seek(before if log.stat().st_size >= before else 0)
            return stream.read().count(words.encode()) >= times

    return has_said


def _url(paths: Paths, service: str) -> str:
    return f"http://{ports.HOST}:{ports.remembered(paths=paths, service=service)}"
