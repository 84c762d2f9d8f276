"""What labels come to by what they say of themselves alone, measured while somebody is wording them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings

from accounts.models import User
from accounts.permissions import Action, require
from config.refusals import Refusal
from runs.execution import CPU, trainer_environment
from runs.requests import RunPlan, student_settings
from runs.results.predicting import one_at_a_time
from studies.editing import texts_of_labels
from studies.models import Example, Split, Study
from studies.queries import labelled
from studies.snapshots import MOST_POOL
from training.contract import EXIT_PERMANENT, EXIT_TOO_LARGE, RESULT_FILE, SPEC_FILE, SPEC_VERSION
from training.runtime import read_json, write_json
from training.spec import NAMES

_MEGABYTE = 2**20


class NamesNotScored(Refusal):
    """What labels say of themselves could not be scored; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class NamesScore:
    """The study's metric on dev, 0 to 1, with its interval over examples; `notes` are on labels that say nothing."""

    value: float
    low: float
    high: float
    num_examples: int
    notes: tuple[str, ...]


def score_label_names(*, actor: User, study: Study) -> NamesScore:
    """Score a study's labels, perhaps not saved yet, on its dev with its student's checkpoint, which is not trained.

    It runs in a process of its own and is charged to no budget. Raises: Forbidden; NamesNotScored; ServerBusy.
    """
    require(actor=actor, action=Action.TRY_MODEL)
    if not labelled(study, Split.DEV).exists():
        raise NamesNotScored("The dev split has no labels to measure on. Import examples with split “dev” and labels.")
    if not study.examples.filter(split=Split.POOL).exists():
        raise NamesNotScored("The pool is empty, and labels are set against its texts. Import examples first.")
    with one_at_a_time(), TemporaryDirectory(prefix="fulcrum-names-") as made:
        folder = Path(made)
        _write_lines(folder / "dev.jsonl", _dev(study))
        _write_lines(folder / "pool.jsonl", _pool(study))
        write_json(path=folder / SPEC_FILE, payload=_spec(study))
        _score(folder)
        found = read_json(folder / RESULT_FILE)
    return NamesScore(**{**found, "notes": tuple(found["notes"])})


def _spec(study: Study) -> dict[str, Any]:
    return {
        "version": SPEC_VERSION,
        "kind": "finetune",
        "role": "student",
        "task_type": study.task_type,
        "labels": study.labels,
        "label_texts": texts_of_labels(study),
        "model": study.student_model,
        "data": {"dev": "dev.jsonl", "pool": "pool.jsonl"},
        "training": student_settings(RunPlan(recipe=NAMES)),
        "evaluation": {"metric": study.metric},
        "seed": study.seed,
        "device": CPU,
        "num_threads": settings.RUN_THREADS,
    }


def _dev(study: Study) -> Iterator[dict[str, str]]:
    for one in labelled(study, Split.DEV).select_related("label"):
        yield {**_row(study, one), "label": one.label.value}


def _pool(study: Study) -> Iterator[dict[str, str]]:
    return (_row(study, one) for one in study.examples.filter(split=Split.POOL).order_by("rank")[:MOST_POOL])


def _row(study: Study, example: Example) -> dict[str, str]:
    return {"uid": str(example.uid), **{name: example.fields[name] for name in study.definition.input_fields}}


def _write_lines(path: Path, rows: Iterable[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        # Escaped, so that no line break of a text ends a line.
        stream.writelines(json.dumps(row) + "\n" for row in rows)


def _score(folder: Path) -> None:
    limit = str(settings.TRY_MEMORY_MB * _MEGABYTE)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "training", "names", str(folder / SPEC_FILE), limit],
            env=trainer_environment(source=os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=settings.TRY_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NamesNotScored(
            f"It took more than {settings.TRY_SECONDS} seconds. Start a run with 0 labels instead, or raise "
            "FULCRUM_TRY_SECONDS."
        ) from None
    if done.returncode == EXIT_TOO_LARGE:
        raise NamesNotScored(
            f"The checkpoint needs more than {settings.TRY_MEMORY_MB:,} MB. Start a run with 0 labels instead, or "
            "raise FULCRUM_TRY_MEMORY_MB."
        )
    if done.returncode:
        said = done.stderr.decode("utf-8", errors="replace").strip().splitlines()[-1:] or ["no message"]
        ended = "" if done.returncode == EXIT_PERMANENT else f"Its process ended with {done.returncode}: "
        raise NamesNotScored(f"{ended}{said[0]}")
