"""How alike answers and their sources are, as the trainers of two models measured it: a web process has no torch."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from config.refusals import Refusal
from runs.models import Artifact
from runs.results.answered import kept_similarities
from studies.task_types import TaskType, placed_texts
from training.answers import Floats
from training.contract import MEASURED_BY


class NotComparable(Refusal):
    """Two models cannot be compared; the message says why and what to do."""


class KeptSimilarity:
    """What is known of pairs of a source and a text, by the checkpoint of this name."""

    def __init__(self, name: str, known: Mapping[tuple[str, str], float]) -> None:
        self.name = name
        self._known = known

    def __call__(self, *, sources: Sequence[str], written: Sequence[str]) -> Floats:
        """Return how alike pairs of texts are, 0 to 1. Raises: NotComparable."""
        try:
            return np.array([self._known[pair] for pair in zip(sources, written, strict=True)])
        except KeyError:
            raise NotComparable(
                f"Of some answers it is not kept how alike they and their sources are, by {self.name}. Train both "
                "models again, and compare those."
            ) from None


def measured_alike(
    task_type: TaskType, *, metric: str, artifacts: Iterable[Artifact], texts: Mapping[str, str]
) -> TaskType:
    """Return a task type that can score by a metric which a checkpoint measured of both; `texts` are sources by uid.

    Raises: NotComparable (another checkpoint measured one of them), OSError.
    """
    name = MEASURED_BY[metric]
    known: dict[tuple[str, str], float] = {}
    for artifact in artifacts:
        measured_by = {one.measured_by for one in artifact.evaluations.filter(metric=metric)}
        if measured_by != {name}:
            by = ", ".join(sorted(measured_by)) or "no checkpoint"
            raise NotComparable(
                f"{artifact} was measured by {by}, and {name} is in use now: figures of two checkpoints cannot be "
                "compared. Train it again."
            )
        for uid, answer, alike in kept_similarities(artifact):
            if uid in texts:
                known |= {(texts[uid], text): alike for text, _ in placed_texts(answer)[:1]}
    return task_type.measured_with(KeptSimilarity(name, known))
