"""Which examples a model was least sure of, by the scores that are kept of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from config.refusals import Refusal
from runs.models import Artifact, ArtifactKind, Run, RunState
from runs.requests import is_language_model
from studies.models import Study

Floats = npt.NDArray[np.float64]
LOGITS, LIKELIEST, PLACES = "logits", "class_log_probs", "place_log_probs"
"""Columns of a set: all outputs of a row, of many classes the likeliest alone, or of where answers start and end."""

MOST_LOOKED_AT = 10
"""Of the latest sets, or students: those before them are of fewer labels."""


class ScoresUnreadable(Refusal):
    """A soft-label set cannot be read; the message says how to mend it."""


@dataclass(frozen=True, kw_only=True)
class KeptScores:
    """A soft-label set of a study, and the run whose model scored; that is the set's own where nobody trained it."""

    artifact: Artifact
    model_run: Run

    @property
    def run(self) -> Run:
        return self.artifact.run


def kept_scores(study: Study) -> KeptScores | None:
    """Find the latest soft-label set of a study whose files are there; a language model's says too little."""
    sets = Artifact.objects.filter(run__study=study, kind=ArtifactKind.SOFT_LABELS).select_related("run__snapshot")
    for artifact in sets.defer("result").order_by("-pk")[:MOST_LOOKED_AT]:
        if not is_language_model(artifact.run.model) and next(_shard_paths(artifact), None):
            trained = artifact.run.parents.select_related("snapshot").first()
            return KeptScores(artifact=artifact, model_run=trained or artifact.run)
    return None


def newest_student(study: Study) -> Run | None:
    """The latest run that made a student whose files are there: what scores, where nothing is scored."""
    made = study.runs.filter(state=RunState.SUCCEEDED, artifact__kind=ArtifactKind.STUDENT, model__isnull=False)
    students = made.select_related("artifact", "snapshot").defer("artifact__result").order_by("-pk")
    return next((run for run in students[:MOST_LOOKED_AT] if run.artifact.path.is_dir()), None)


def least_sure_first(scores: KeptScores) -> list[UUID]:
    """The examples of a set by the margin of their answer, the smallest first; of equal ones the set's order.

    The margin is that of logits between the likeliest answer and the next, so that no temperature changes the order:
    of a row, or of its least sure word, or of the less sure of start and end; where several labels may apply, of the
    least sure label between yes and no. Rows whose scores are no numbers are left out. Raises: ScoresUnreadable.
    """
    uids, margins = list[str](), list[Floats]()
    try:
        for table in _shards(scores.artifact):
            uids += table.column("uid").to_pylist()
            margins.append(_margins(table, scores.run.study))
    except (OSError, pa.ArrowInvalid, KeyError, ValueError) as error:
        raise ScoresUnreadable(
            f"The scores of {scores.run} cannot be read ({error}). Have the examples scored again."
        ) from error
    found = np.concatenate([*margins, np.empty(0)])
    order = np.argsort(found, kind="stable")
    return [UUID(uids[place]) for place in order if np.isfinite(found[place])]


def _shard_paths(artifact: Artifact) -> Iterator[Path]:
    return artifact.path.glob("shard-*.arrow")


def _shards(artifact: Artifact) -> Iterator[pa.Table]:
    for path in sorted(_shard_paths(artifact)):
        with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
            yield reader.read_all()


def _margins(table: pa.Table, study: Study) -> Floats:
    """The margin of each row of a shard; infinite where it has no unit to be unsure of."""
    name = next((one for one in (LIKELIEST, PLACES) if one in table.column_names), LOGITS)
    lists = table.column(name).combine_chunks()
    ends = np.cumsum([0, *lists.value_lengths().to_numpy(zero_copy_only=False)])
    values = lists.flatten().to_numpy(zero_copy_only=False).astype(np.float64)
    if name != LOGITS:
        # A start and an end are two choices of equal width.
        width = int(ends[1]) // (2 if name == PLACES else 1) if len(ends) > 1 else 1
    else:
        width = len(study.definition.output_names(study.labels))
    margins_U = _of_units(values.reshape(-1, width), is_one_choice=study.definition.unit != "label")
    bounds = ends // width
    found, has_units = np.full(len(table), np.inf), np.diff(bounds) > 0
    if has_units.any():
        found[has_units] = np.minimum.reduceat(margins_U, bounds[:-1][has_units])
    return found


def _of_units(values_UC: Floats, *, is_one_choice: bool) -> Floats:
    """Of each unit, between its two likeliest answers; or where each answer is a yes or no, of the least sure one."""
    if not is_one_choice or values_UC.shape[1] == 1:
        least: Floats = np.abs(values_UC).min(axis=1)
        return least
    highest = np.sort(np.partition(values_UC, -2, axis=1)[:, -2:], axis=1)
    margin: Floats = highest[:, 1] - highest[:, 0]
    return margin
