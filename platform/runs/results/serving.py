"""Models outside a study: exported to a folder, served over HTTP, and how fast each format answers, at what price."""

import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require
from budgets.cost_kinds import CostKind
from budgets.prices import Scope, find_price
from config.refusals import Refusal
from runs.checkpoints import shape_of
from runs.execution import trainer_environment
from runs.models import Artifact
from runs.money import cost_of
from runs.queries import find_artifact
from runs.results.predicting import PredictionFailed, check_there, one_at_a_time, process_failed
from training.contract import EXIT_TOO_LARGE, LABEL_MAP_FILE, SERVE_VARIABLE, SERVING_FILE, TORCH
from training.runtime import read_json, write_json

logger = logging.getLogger(__name__)
REQUESTS_PRICED = 1_000
GRACE_SECONDS = 8
# So many threads beside those whose texts may wait or be answered: for health, and for refusals.
SPARE_THREADS = 8
# What the web server takes in at all; the application's own limit is the lower one, and answers in JSON.
MOST_BODY_MB = 33
_MEGABYTE = 2**20


class CannotServe(Refusal):
    """A model cannot be served here; the message says why."""


@dataclass(frozen=True, kw_only=True)
class ServingFigures:
    """How a model answers in one format: by itself, one request of one text after the other, and in batches of 32.

    `utility` is that of the same `num_examples` rows in each format, `difference` what it is above the original's, with
    a 95 % interval. Costs are per 1,000 at the present price of a device hour, None where there is none.
    """

    format: str
    p50_ms: float
    p95_ms: float
    requests_per_second: float
    texts_per_second: float
    megabytes: float
    metric: str
    utility: float
    agreement: float
    difference: float
    low: float
    high: float
    rows: str
    num_examples: int
    device: str
    processor: str
    num_threads: int
    measured_at: datetime
    cost_of_requests: Decimal | None = None
    cost_of_texts: Decimal | None = None


def can_be_exported(artifact: Artifact) -> bool:
    """Whether a model is a graph that can be exported; one that writes its answers is none."""
    shape = shape_of({"source": "folder", "name": str(artifact.path)})
    return shape is None or not shape.writes


def serving_figures(artifact: Artifact) -> list[ServingFigures]:
    """Return what was measured of a model in each format, the original first; [] before that.

    A format whose figures are of another version is left out, until it is measured again.
    """
    kept = read_json(artifact.path.parent / SERVING_FILE)
    found = []
    for name, figures in kept.items():
        try:
            found.append(_priced(artifact, name, figures))
        except (ArithmeticError, TypeError, ValueError, KeyError) as error:
            logger.warning("%s: figures of %s cannot be read: %r", artifact, name, error)
    return found


def has_serving_figures(folder: str) -> bool:
    """Whether a model with this artifact folder was measured in any format."""
    # A report asks for hundreds.
    run_folder = os.path.dirname(os.path.normpath(os.path.join(settings.RUNS_DIR, folder)))
    return os.path.exists(os.path.join(run_folder, SERVING_FILE))


def original_figures(artifact: Artifact) -> ServingFigures | None:
    """Return what was measured of a model as it is, in no export; None before that."""
    return next((one for one in serving_figures(artifact) if one.format == TORCH), None)


def _priced(artifact: Artifact, name: str, figures: Mapping[str, Any]) -> ServingFigures:
    budget = artifact.run.study.budget
    scope = Scope(device=figures["device"], budget=budget)
    price = find_price(book=budget.price_book, kind=CostKind.DEVICE_HOUR, at=timezone.now(), scope=scope)

    def cost(per_second: float) -> Decimal | None:
        seconds = REQUESTS_PRICED / Decimal(str(per_second))
        return None if price is None else cost_of(seconds=seconds, price=price)

    return ServingFigures(
        format=name,
        **{**figures, "measured_at": datetime.fromisoformat(figures["measured_at"])},
        cost_of_requests=cost(figures["requests_per_second"]),
        cost_of_texts=cost(figures["texts_per_second"]),
    )


def export_to_folder(*, artifact: Artifact, export_format: str, target: Path) -> list[ServingFigures]:
    """Export a student or a teacher into a new folder, in a process of its own, and keep what was measured.

    Raises: PredictionFailed, with the reason; then no folder was made.
    """
    check_there(artifact)
    return _kept(artifact, _said(artifact, "export", str(artifact.path), export_format, str(target.absolute())))


def measure_latency(*, actor: User, artifact: Artifact) -> list[ServingFigures]:
    """Measure a student or a teacher as it is, one at a time on a server, and keep it as an export does.

    It runs in a process of its own, on one thread of the CPU, and is charged to no budget.
    Raises: Forbidden; PredictionFailed; ServerBusy.
    """
    require(actor=actor, action=Action.TRY_MODEL)
    check_there(artifact)
    most_memory = settings.TRY_MEMORY_MB * _MEGABYTE
    with one_at_a_time():
        try:
            said = _said(artifact, "measure", str(artifact.path), str(most_memory), seconds=settings.TRY_SECONDS)
        except subprocess.TimeoutExpired:
            raise PredictionFailed(
                f"{artifact} was not measured within {settings.TRY_SECONDS} seconds. Try again when less is running, "
                "raise FULCRUM_TRY_SECONDS, or export it, which has no time limit."
            ) from None
    return _kept(artifact, said)


def _said(artifact: Artifact, *arguments: str, seconds: int | None = None) -> dict[str, Any]:
    """Return what the trainer says of a model in JSON; a process that takes longer than `seconds` is killed.

    Raises: PredictionFailed; TimeoutExpired.
    """
    done = subprocess.run(
        [sys.executable, "-m", "training", *arguments],
        env=trainer_environment(source=os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode == EXIT_TOO_LARGE:
        raise PredictionFailed(
            f"{artifact} needs more than {settings.TRY_MEMORY_MB:,} MB to be measured. Raise FULCRUM_TRY_MEMORY_MB, or "
            "export it, which has no memory limit."
        )
    if done.returncode:
        raise process_failed(artifact, done.returncode, done.stderr.decode("utf-8", errors="replace").strip())
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _kept(artifact: Artifact, said: Mapping[str, Any]) -> list[ServingFigures]:
    path = artifact.path.parent / SERVING_FILE
    with transaction.atomic():
        # An export and a measurement may end in one instant; each keeps what the other wrote.
        Artifact.objects.select_for_update().get(pk=artifact.pk)
        write_json(path=path, payload={**read_json(path), **said["formats"]})
    return serving_figures(artifact)


def folder_to_serve(reference: str) -> Path:
    """Find what is to be served: a model by its id, or the folder of one or of an export.

    Raises: ArtifactNotFound; PredictionFailed; CannotServe.
    """
    if reference.isdecimal():
        artifact = find_artifact(reference)
        check_there(artifact)
        return artifact.path
    folder = Path(reference).absolute()
    if not (folder / LABEL_MAP_FILE).is_file():
        raise CannotServe(
            f"{folder} is no folder of a model: it has no {LABEL_MAP_FILE}. Name a student by its id, or a folder that "
            "manage.py export_model made."
        )
    return folder


def listening_socket(*, host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 takes a free one. Raises: CannotServe."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise CannotServe(f"{host}, port {port}: {error}. Choose another with --host and --port.") from error


def become_server(*, folder: Path, listener: socket.socket, limits: Mapping[str, int]) -> NoReturn:
    """Replace this process by the web server with a model on a socket; SIGTERM ends it after what it has begun."""
    environment = trainer_environment(source=os.environ)
    threads = str(limits["threads"])
    environment.update({name: threads for name in environment if name.endswith("_NUM_THREADS")})
    environment["PYTHONPATH"] = os.pathsep.join([str(settings.ROOT), str(settings.ROOT / "platform")])
    environment[SERVE_VARIABLE] = json.dumps({"model": str(folder), **limits})
    listener.set_inheritable(True)
    num_threads = limits["max_queue"] + limits["max_batch"] + SPARE_THREADS
    options = {
        "--fd": listener.fileno(),
        "--processes": 1,
        "--threads": num_threads,
        "--max-body-mb": MOST_BODY_MB,
        "--grace": GRACE_SECONDS,
    }
    command = [sys.executable, "-m", "embedded.web", "training.serving.wsgi:application"]
    command += [str(part) for option in options.items() for part in option]
    os.execve(sys.executable, command, environment)
