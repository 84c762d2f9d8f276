"""The services of one copy of Fulcrum, and the environment variables of its Django processes."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from embedded import postgres
from embedded.data_folder import Paths, load_secrets
from embedded.environment import django_environment
from embedded.services.label_studio import LABEL_STUDIO_SERVICE, LabelStudio
from embedded.services.ports import HOST, hold_port, remembered_port
from embedded.services.supervisor import Service, answers

# As in Django's settings; and what a form adds to its file.
DEFAULT_IMPORT_MB = 32
FORM_MB = 1
# As many as config.workers has.
NUM_WORKERS = 4
LOG = ("--loglevel", "INFO")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which services are ours to run: one whose URL the environment names is external."""

    paths: Paths
    with_postgres: bool
    with_label_studio: bool


def make_plan(*, paths: Paths, source: Mapping[str, str] | None = None) -> Plan:
    source = os.environ if source is None else source
    return Plan(
        paths=paths,
        with_postgres=not source.get("DATABASE_URL"),
        with_label_studio=not source.get("LABEL_STUDIO_URL"),
    )


def environment(*, paths: Paths) -> dict[str, str]:
    """The environment variables of a Django process of this copy, whether or not the services run."""
    known = load_secrets(paths=paths)
    embedded = {
        "DATABASE_URL": postgres.database_url(paths=paths),
        "FULCRUM_URL": _url(paths, "web"),
        "FULCRUM_SECRET_KEY": known.django_secret_key,
        "FULCRUM_TICKET_KEY": known.ticket_key,
        "LABEL_STUDIO_URL": _url(paths, LABEL_STUDIO_SERVICE),
        "LABEL_STUDIO_API_TOKEN": known.label_studio_token,
    }
    return django_environment(paths=paths, embedded=embedded)


def label_studio_server(*, paths: Paths) -> LabelStudio:
    port = remembered_port(paths=paths, service=LABEL_STUDIO_SERVICE)
    return LabelStudio(paths=paths, port=port, fulcrum_url=environment(paths=paths)["FULCRUM_URL"])


def web(*, paths: Paths) -> Service:
    """The web server, on the port that this process holds from now on."""
    listener = hold_port(paths=paths, service="web")
    variables = environment(paths=paths)
    raw = variables.get("FULCRUM_MAX_IMPORT_MB", "")
    # Django's settings refuse what is not a number.
    megabytes = (int(raw) if raw.isdecimal() else DEFAULT_IMPORT_MB) + FORM_MB
    return Service(
        name="web",
        command=(
            *(sys.executable, "-m", "embedded.web", "config.wsgi:application", "--preload"),
            *(f"--fd={listener.fileno()}", f"--max-body-mb={megabytes}"),
        ),
        environment=variables,
        folder=paths.root,
        log=paths.log("web"),
        is_ready=lambda: answers(url=f"{_url(paths, 'web')}/"),
        url=variables["FULCRUM_URL"],
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


def _background(paths: Paths, name: str, command: tuple[str, ...], ready: tuple[str, int]) -> Service:
    """A service without an address: it is ready once its log has a text so many times."""
    return Service(
        name=name,
        command=command,
        environment=environment(paths=paths),
        folder=paths.root,
        log=paths.log(name),
        is_ready=_has_logged(paths, name, *ready),
        stop_signal="SIGTERM",
        grace_seconds=10.0,
    )


def _has_logged(paths: Paths, name: str, text: str, times: int) -> Callable[[], bool]:
    """A check that the log has the text so many times, counted from now."""
    log = paths.log(name)
    before = log.stat().st_size if log.exists() else 0

    def has_logged() -> bool:
        with log.open("rb") as stream:
            # A log that was rotated meanwhile starts at 0.
            stream.seek(before if log.stat().st_size >= before else 0)
            return stream.read().count(text.encode()) >= times

    return has_logged


def _url(paths: Paths, service: str) -> str:
    return f"http://{HOST}:{remembered_port(paths=paths, service=service)}"
