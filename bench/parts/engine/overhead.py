"""How long a run takes from the click to its first step, and what of that loads the model.

A PostgreSQL of its own, a real worker for runs that has had time to get ready, and as many runs one after the other as
are asked for. Each is asked for as the page does it, and timed by the database's rows and the trainer's own word.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.ledger import ROOT
from bench.parts.own_database import own_database

SECONDS_TO_GET_READY = 30.0
SECONDS_TO_END = 300.0
WORDS = ("engine", "wheel", "road", "orbit", "rocket", "moon")


def first_steps(
    *, folder: Path, num_runs: int = 3, seconds_to_get_ready: float = SECONDS_TO_GET_READY
) -> dict[str, Any]:
    """Measure runs of the small packaged student.

    Parameters
    ----------
    folder
        an empty one, which takes the database and the runs; the packaged weights are taken from FULCRUM_MODEL_CACHE.
    num_runs
        how many runs are timed, one after the other.
    seconds_to_get_ready
        how long the worker is left alone before each of them.

    Returns
    -------
    Medians in seconds: `click_to_first_step`, `model`, and what is left of it, `overhead`.
    """
    cache = os.environ.get("FULCRUM_MODEL_CACHE", str(ROOT / "var" / "models"))
    with own_database(root=ROOT, folder=folder):
        os.environ["FULCRUM_MODEL_CACHE"] = cache
        study = _study()
        with _worker(folder):
            found = [_one(study, seed, seconds_to_get_ready) for seed in range(num_runs)]
    return {
        "click_to_first_step": statistics.median(one.seconds for one in found),
        "model": statistics.median(one.model_seconds for one in found),
        "overhead": statistics.median(one.overhead_seconds for one in found),
    }


def _one(study: Any, seed: int, seconds_to_get_ready: float) -> Any:
    from runs.control import start_annotate
    from runs.models import RunState
    from runs.requests import RunPlan
    from runs.results import first_step

    time.sleep(seconds_to_get_ready)
    plan = RunPlan(steps=5, batch_size=4, learning_rates=(1e-4,), num_seeds=1, seed=seed, max_minutes=5)
    run = start_annotate(actor=study.created_by, study=study, plan=plan)
    deadline = time.monotonic() + SECONDS_TO_END
    while not run.is_ended:
        assert time.monotonic() < deadline, f"{run} has not ended after {SECONDS_TO_END} s: {run.state}"
        time.sleep(0.2)
        run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED, run.error
    return first_step(run, list(run.attempts.order_by("number")))


@contextmanager
def _worker(folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "runs", "-c", "1", "-l", "WARNING"]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    with (folder / "worker.log").open("ab") as log:
        worker = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(timeout=60)


def _study() -> Any:
    from django.utils import timezone

    from accounts.models import Role, User
    from budgets.cost_kinds import CostKind
    from budgets.prices import Scope, create_price_book, set_price
    from studies.editing import StudySpec, create_study
    from studies.imports import ImportOptions, draft_import, import_examples

    admin = User.objects.create_user(role=Role.ADMIN, email="admin@example.com", name="Admin", password=None)
    book = create_price_book(actor=admin, name="Bench", currency="USD")
    for kind, device in ((CostKind.LABEL, ""), (CostKind.DEVICE_HOUR, "cpu")):
        scope = Scope(device=device)
        set_price(actor=admin, book=book, kind=kind, scope=scope, amount="1", starts_at=timezone.now())
    model = {"source": "package", "name": "paraphrase-MiniLM-L3-v2", "revision": None}
    spec = StudySpec(
        name="Bench",
        task_type="text_classification",
        labels=("road", "space"),
        limit="100",
        price_book=book,
        student_model=model,
        teacher_model=model,
    )
    study = create_study(actor=admin, spec=spec)
    batch = draft_import(actor=admin, study=study, file_name="rows.csv", content=_rows().encode())
    options = ImportOptions(columns={"text": "text"}, label_column="label", split_column="split")
    import_examples(actor=admin, batch=batch, options=options)
    return study


def _rows() -> str:
    lines = ["text,label,split"]
    for number in range(240):
        word = WORDS[number % len(WORDS)]
        label = "road" if number % len(WORDS) < 3 else "space"
        split = ("pool", "pool", "dev", "test")[number // 60]
        lines.append(f"the {word} number {number},{label},{split}")
    return "\n".join(lines) + "\n"
