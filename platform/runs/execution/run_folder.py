"""The bridge to the trainer: a run's row becomes spec.json and Arrow folders, and the files it writes are read back."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q

from config.refusals import Refusal
from runs.execution.answers import answers_of
from runs.models import Artifact, ArtifactKind, Run, RunKind
from runs.requests import is_language_model
from runs.run_kinds import RUN_KINDS
from studies.models import Example, Snapshot
from training.contract import ERROR_FILE, METER_FILE, PROGRESS_FILE, RESULT_FILE, SPEC_FILE, SPEC_VERSION
from training.runtime import atomic_folder, discard_working_files, read_json, write_json
from training.spec import ON_POLICY

ROWS_PER_BATCH = 5_000
# Files of an earlier attempt that would be taken for this one's.
_OF_ONE_ATTEMPT = (ERROR_FILE, PROGRESS_FILE, METER_FILE)
_WRITTEN_BY_HALF = ("*.tmp", "*.partial", "data/*.tmp")
_Row = dict[str, Any]


class ParentArtifactMissing(Refusal):
    """A run needs what an earlier run made, and that is missing."""


class RunWithdrawn(Exception):
    """A run was cancelled, paused or handed over while its data was written."""


def write_run_folder(*, run: Run, should_continue: Callable[[], bool] = lambda: True) -> Path:
    """Write the run's data and spec; what an earlier attempt wrote is kept, its checkpoint too.

    Parameters: `should_continue` is asked between batches of rows, which are many for a large run.
    Raises: ParentArtifactMissing; RunWithdrawn.
    """
    folder = run.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in _OF_ONE_ATTEMPT:
        (folder / name).unlink(missing_ok=True)
    check_parents(run)
    data = {name: _write_rows(folder / "data" / name, rows, should_continue) for name, rows in _datasets(run).items()}
    write_json(path=folder / SPEC_FILE, payload=_spec(run, data))
    return folder


def check_parents(run: Run) -> None:
    """Whether all is there that a run reads of earlier runs that have ended. Raises: ParentArtifactMissing."""
    read = Q(run__children=run)
    if _asks_its_teacher(run):
        read |= Q(run__children__children=run)
    found = Artifact.objects.filter(read).select_related("run").order_by("pk").distinct()
    if missing := [made for made in found if not made.path.is_dir()]:
        raise ParentArtifactMissing(_missing(run, missing))


def _missing(run: Run, missing: Sequence[Artifact]) -> str:
    """Which of its teachers' folders are gone, where they were, and the way out."""
    start = f"{run.get_kind_display()} needs what"
    if run.parents.count() < 2:
        (made,) = missing[:1]
        return (
            f"{start} {made.run} made, and that folder is missing from the runs: {made.folder}. Restore it and start "
            "the run again; or start it with another seed or teacher, which makes all of it anew."
        )
    gone = "; ".join(f"of seed {made.run.seed}, {made.run}: {made.folder}" for made in missing)
    return (
        f"{start} the teacher of each seed made, and of these folders {len(missing)} are missing from the runs: "
        f"{gone}. Restore what is missing and start the run again: what is there is shared, and paid for once. Or "
        "start it with other seeds or another teacher, which makes anew what these do not have."
    )


def read_progress(folder: Path) -> dict[str, Any]:
    return read_json(folder / PROGRESS_FILE)


def last_sign_of_life(folder: Path) -> datetime | None:
    """When the trainer last wrote its progress, by its own word."""
    try:
        at = datetime.fromisoformat(str(read_progress(folder).get("at")))
    except ValueError:
        return None
    return at if at.tzinfo else None


def read_error(folder: Path) -> str:
    return str(read_json(folder / ERROR_FILE).get("message", ""))


def read_result(folder: Path) -> dict[str, Any]:
    """The trainer's result, or an empty one unless what it names is there."""
    result = read_json(folder / RESULT_FILE)
    made = str(result.get("artifact") or "")
    return result if made and (folder / made).is_dir() else {}


def discard_leftovers(folder: Path) -> None:
    """Delete what an ended run would have gone on from, many times the artifact's size, and what it wrote by half."""
    discard_working_files(folder)
    for path in [found for pattern in _WRITTEN_BY_HALF for found in folder.glob(pattern)]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _spec(run: Run, data: dict[str, str]) -> dict[str, Any]:
    traits = RUN_KINDS[RunKind(run.kind)]
    scored = _parent_artifacts(run, ArtifactKind.SOFT_LABELS) if traits.reads_soft_labels else []
    if len(scored) == 1:
        data = {**data, "soft_labels": str(scored[0].path)}
    asked = [_teacher_of(one.run) for one in scored] if _asks_its_teacher(run) else []
    teachers = [{"seed": one.run.seed, "soft_labels": str(one.path)} for one in scored] if len(scored) > 1 else []
    if teachers and asked:
        teachers = [{**one, "artifact": path} for one, path in zip(teachers, asked, strict=True)]
    teacher = _teacher_of(run) if run.model is None else asked[0] if len(asked) == 1 else None
    is_asked = is_language_model(run.model)
    return {
        "version": SPEC_VERSION,
        "kind": traits.trainer_kind,
        "role": traits.role,
        "task_type": run.study.task_type,
        "labels": run.study.labels,
        **({"label_texts": run.label_texts} if run.label_texts else {}),
        "model": None if is_asked else run.model,
        "teacher_artifact": teacher,
        **({"teachers": teachers} if teachers else {}),
        "data": data,
        "training": run.training,
        "search": run.search,
        **({"distillation": run.distillation} if run.distillation else {}),
        "evaluation": {"metric": run.study.metric},
        "seed": run.seed,
        "device": run.device,
        "num_threads": settings.RUN_THREADS,
        "country": settings.COUNTRY or None,
    }


def _asks_its_teacher(run: Run) -> bool:
    return bool(run.distillation.get("distil_from") == ON_POLICY)


def _teacher_of(scoring: Run) -> str:
    """The folder of the model that a scoring loads. Raises: ParentArtifactMissing."""
    return str(_parent_artifacts(scoring, ArtifactKind.TEACHER, ArtifactKind.STUDENT)[0].path)


def _parent_artifacts(run: Run, *kinds: ArtifactKind) -> list[Artifact]:
    """What the runs before it made, one each, by their seeds. Raises: ParentArtifactMissing."""
    made = Artifact.objects.filter(run__children=run, kind__in=kinds)
    found = list(made.select_related("run").order_by("run__seed"))
    if len(found) < run.parents.count():
        raise ParentArtifactMissing(
            f"{run} needs the {kinds[0].label.lower()} of each run before it, and one has none."
        )
    return found


def _datasets(run: Run) -> dict[str, Iterator[_Row]]:
    """The rows of each dataset by its name in spec.json."""
    fields, is_scoring = run.study.definition.input_fields, RUN_KINDS[RunKind(run.kind)].scores
    if is_language_model(run.model):
        assert run.unlabelled is not None
        # Written texts are not compared with dev.
        compared = run.dev if run.study.definition.has_labels else None
        dev = {} if compared is None else {"dev": _rows(compared, fields)}
        # Labelled rows are not asked for: a student learns from their labels.
        return {"unlabelled": _without_labels(_rows(run.unlabelled, fields)), **dev, "answers": answers_of(run)}
    # A teacher that nobody trained makes its head of the labels.
    is_given_labels = not is_scoring or run.model is not None
    snapshots = {
        "train": run.snapshot if is_given_labels else None,
        "dev": run.dev,
        "test": None if is_scoring else run.test,
        "pool": run.pool,
    }
    named = {name: _rows(rows, fields) for name, rows in snapshots.items() if rows is not None}
    if not is_scoring:
        return named
    # The teacher's own training rows too: the student learns from both.
    sources = [_rows(rows, fields) for rows in (run.unlabelled, run.snapshot) if rows is not None]
    return {"unlabelled": _without_labels(chain.from_iterable(sources)), **named}


def _without_labels(rows: Iterable[_Row]) -> Iterator[_Row]:
    return ({name: value for name, value in row.items() if name != "label"} for row in rows)


def _rows(snapshot: Snapshot, fields: Sequence[str]) -> Iterator[_Row]:
    items = snapshot.items.order_by("pk").values_list("example__uid", "example__fields", "value")
    for uid, texts, label in items.iterator(chunk_size=ROWS_PER_BATCH):
        yield {**_row(uid, texts, fields), "label": label}
    for start in range(0, len(snapshot.unlabelled_ids), ROWS_PER_BATCH):
        chunk = snapshot.unlabelled_ids[start : start + ROWS_PER_BATCH]
        found = Example.objects.in_bulk(chunk)
        yield from (_row(found[pk].uid, found[pk].fields, fields) for pk in chunk)


def _row(uid: object, texts: dict[str, str], fields: Sequence[str]) -> _Row:
    return {"uid": str(uid), **{name: texts[name] for name in fields}}


def _write_rows(target: Path, rows: Iterable[_Row], should_continue: Callable[[], bool]) -> str:
    """Write rows as an Arrow dataset, unless an earlier attempt did; return its path within the run's folder."""
    if not target.is_dir():
        # Imported here because a web process, which imports this module too, must not carry them.
        import datasets
        import pyarrow

        datasets.disable_progress_bars()
        batches = [pyarrow.RecordBatch.from_pylist(chunk) for chunk in _chunks(rows, should_continue)]
        with atomic_folder(target) as folder:
            datasets.Dataset(pyarrow.Table.from_batches(batches)).save_to_disk(str(folder))
    return f"data/{target.name}"


def _chunks(rows: Iterable[_Row], should_continue: Callable[[], bool]) -> Iterator[list[_Row]]:
    chunk: list[_Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == ROWS_PER_BATCH:
            if not should_continue():
                raise RunWithdrawn
            yield chunk
            chunk = []
    if chunk:
        yield chunk
