"""Files of runs that nothing needs any more: never what a report, a repetition or another run rests on."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from runs.models import Artifact, Run, RunState
from training.contract import ARTIFACT, CHECKPOINT, SOFT_LABELS, TRIALS

# What a run that has no result made of its snapshot, and what it would have become.
_OF_NO_RESULT = ("data", ARTIFACT, SOFT_LABELS)
_REPEATED = "repeat-*"
_HALF_WRITTEN = "*.tmp"


def unneeded_files(*, before: datetime, of_no_result_before: datetime) -> Iterator[Path]:
    """Find files that may be removed; data of runs that failed or were cancelled, by `of_no_result_before`."""
    ended = Run.objects.filter(ended_at__lt=before, state__in=RunState.ended())
    without_result = Run.objects.filter(
        ended_at__lt=of_no_result_before, state__in=(RunState.FAILED, RunState.CANCELLED)
    ).exclude(pk__in=Artifact.objects.values("run"))
    yield from _below(ended.order_by("pk"), (CHECKPOINT, TRIALS))
    yield from _below(without_result.order_by("pk"), _OF_NO_RESULT)
    half_written = chain(Path(settings.RUNS_DIR).glob(_REPEATED), Path(settings.MODEL_CACHE).glob(_HALF_WRITTEN))
    yield from (path for path in sorted(half_written) if _newest(path) < before.timestamp())


def _below(runs: QuerySet[Run], names: tuple[str, ...]) -> Iterator[Path]:
    for run in runs:
        yield from (run.folder / name for name in names if (run.folder / name).exists())


def _newest(path: Path) -> float:
    """When anything in it was changed last."""
    return max(one.stat().st_mtime for one in (path, *path.rglob("*")))
