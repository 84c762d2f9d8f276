"""Predicting with a trained student or teacher, in a process of its own, which is charged to no budget."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from django.conf import settings

from accounts.models import User
from accounts.permissions import Action, require
from config.refusals import Refusal
from runs.execution import trainer_environment
from runs.models import Artifact, ArtifactKind
from runs.results.warm_model import PredictionProcessFailed, predict_one
from tables.signs import is_blank
from training.contract import EXIT_PERMANENT, EXIT_TOO_LARGE

MOST_CHARACTERS = 10_000
LOCK_FILE = ".trying.lock"
_MOST_OF_MESSAGE = 2_000


class PredictionFailed(Refusal):
    """A model could not predict; the message says why and what to do."""


class ServerBusy(Refusal):
    """Another user is trying a model on this server at this moment."""


@dataclass(frozen=True, kw_only=True)
class ModelAnswer:
    """A model's prediction for one example, None where it was unparsed; `seconds` includes loading."""

    predicted: str | None
    probabilities: Mapping[str, float | None]
    seconds: float
    was_loaded: bool = False


def try_model(*, actor: User, artifact: Artifact, texts: Mapping[str, str]) -> ModelAnswer:
    """Let a model answer one example, its texts by input field, one at a time on a server.

    Raises: Forbidden; PredictionFailed; ServerBusy.
    """
    require(actor=actor, action=Action.TRY_MODEL)
    definition = artifact.run.study.definition
    row = {
        name: _checked(name, texts.get(name, ""), is_optional=name in definition.optional_fields)
        for name in definition.input_fields
    }
    check_there(artifact)
    with one_at_a_time():
        started = time.monotonic()
        try:
            found, was_loaded = predict_one(folder=artifact.path, texts=row, limit_seconds=settings.TRY_SECONDS)
        except PredictionProcessFailed as problem:
            raise _no_answer(artifact, problem) from None
    return ModelAnswer(
        predicted=found["predicted"],
        probabilities=found["probabilities"],
        seconds=time.monotonic() - started,
        was_loaded=was_loaded,
    )


def _no_answer(artifact: Artifact, problem: PredictionProcessFailed) -> PredictionFailed:
    if problem.code is None:
        return PredictionFailed(
            f"{artifact} gave no answer within {settings.TRY_SECONDS} seconds. Try again when less is running, or "
            "raise FULCRUM_TRY_SECONDS."
        )
    if problem.code == EXIT_TOO_LARGE:
        return PredictionFailed(
            f"{artifact} needs more than {settings.TRY_MEMORY_MB:,} MB to answer. Raise FULCRUM_TRY_MEMORY_MB, or "
            "label a file with manage.py predict."
        )
    return process_failed(artifact, problem.code, str(problem))


def predict_to_file(
    *, artifact: Artifact, source: Path, target: Path, keep_going: bool = False, on_line: Callable[[str], None]
) -> None:
    """Label each line of a CSV or JSON-lines file into another, which is whole or absent.

    `keep_going` gives a line that is no example its error instead of refusing the file. `on_line` gets the number of
    rows done, again and again, and notes on what was guessed of the file or left out of it.
    Raises: PredictionFailed, naming the lines that cannot be labelled where there are any.
    """
    check_there(artifact)
    command = [sys.executable, "-m", "training", "predict", str(artifact.path)]
    command += [str(source.absolute()), str(target.absolute()), *(["--keep-going"] if keep_going else [])]
    with TemporaryFile() as complaints:
        with subprocess.Popen(
            command,
            env=trainer_environment(source=os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
        ) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    on_line(line.decode("utf-8", errors="replace").strip())
                process.wait()
            finally:
                process.kill()
        if process.returncode:
            complaints.seek(0)
            message = complaints.read().decode("utf-8", errors="replace").strip()
            raise process_failed(artifact, process.returncode, message)


def _checked(name: str, text: str, *, is_optional: bool) -> str:
    if is_blank(text) and not is_optional:
        raise PredictionFailed("is empty. Write something for the model to read.", field=name)
    if len(text) > MOST_CHARACTERS:
        raise PredictionFailed(
            f"has {len(text):,} characters, {MOST_CHARACTERS:,} is the maximum here. Shorten it, or label a file "
            "with manage.py predict.",
            field=name,
        )
    return text


def check_there(artifact: Artifact) -> None:
    """Raise PredictionFailed unless this is a model whose folder is in its place."""
    if artifact.kind == ArtifactKind.SOFT_LABELS:
        raise PredictionFailed(f"{artifact} is not a model. Name a student or a teacher.")
    if not artifact.path.is_dir():
        raise PredictionFailed(artifact.missing_text)


def process_failed(artifact: Artifact, code: int, message: str) -> PredictionFailed:
    """Return the reason that a process gave for its end, else its exit code and its last line."""
    if code == EXIT_PERMANENT and message:
        return PredictionFailed(message)
    last = message[-_MOST_OF_MESSAGE:].splitlines()[-1:] or ["no message"]
    return PredictionFailed(
        f"{artifact} could not be used: its process ended with {code} ({last[0]}). Check free memory."
    )


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the server's lock for what a person waits for. Raises: ServerBusy."""
    folder = Path(settings.RUNS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServerBusy("Somebody else is trying a model at this moment. Try again in some seconds.") from None
        yield
