"""Comparing two models by their answers to the same test examples."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from config.refusals import Refusal
from runs.models import Artifact
from studies.models import Example
from studies.task_types import TASK_TYPES
from training.answers import COMPAT_F1, PairedAnswers, PairedTest, paired_test
from training.contract import PREDICTIONS_FILE

NUM_RESAMPLES = 1000
# An interval from fewer says nothing that a reader could act on.
FEWEST_EXAMPLES = 10


class NotComparable(Refusal):
    """Two models cannot be compared; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    gold: str
    predicted: str | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A paired test of two models. Left out are `num_unshared` examples of one list only, and `num_relabelled` ones."""

    first: Artifact
    second: Artifact
    metric: str
    test: PairedTest
    num_unshared: int
    num_relabelled: int

    @property
    def is_of_all(self) -> bool:
        return self.num_unshared == 0 == self.num_relabelled


def compare(*, first: Artifact, second: Artifact) -> Comparison:
    """Test whether one of two models of a study is better, by its metric, on the examples that both answered.

    Returns: differences are the first model's metric less the second's. Raises: NotComparable.
    """
    study = first.run.study
    if first.pk == second.pk:
        raise NotComparable(f"{first} is on both sides. Choose two models.")
    if study.pk != second.run.study_id:
        raise NotComparable(f"{first} and {second} are of two studies. Choose two models of one study.")
    one, other = _read_predictions(first), _read_predictions(second)
    shared = [uid for uid in one if uid in other]
    uids = [uid for uid in shared if one[uid].gold == other[uid].gold]
    if len(uids) < FEWEST_EXAMPLES:
        raise NotComparable(
            f"{first} and {second} share {len(uids)} test examples with the same gold label; at least "
            f"{FEWEST_EXAMPLES} are needed. Train both again on today's test split, and compare those."
        )
    answers = PairedAnswers(
        gold=[one[uid].gold for uid in uids],
        first=[one[uid].predicted for uid in uids],
        second=[other[uid].predicted for uid in uids],
        texts=_texts(study.pk, uids) if study.metric == COMPAT_F1 else None,
    )
    test = paired_test(
        task_type=TASK_TYPES[study.task_type],
        labels=study.labels,
        answers=answers,
        metric=study.metric,
        num_resamples=NUM_RESAMPLES,
        seed=study.seed,
    )
    return Comparison(
        first=first,
        second=second,
        metric=study.metric,
        test=test,
        num_unshared=len(one.keys() ^ other.keys()),
        num_relabelled=len(shared) - len(uids),
    )


def _read_predictions(artifact: Artifact) -> dict[str, Prediction]:
    path = artifact.path / PREDICTIONS_FILE
    try:
        with path.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        return {row["uid"]: Prediction(gold=row["gold"], predicted=row["predicted"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotComparable(
            f"The test predictions of {artifact} cannot be read: {path} ({error}). Restore them, or train again."
        ) from error


def _texts(study_id: int, uids: Sequence[str]) -> list[str]:
    rows = Example.objects.filter(study_id=study_id, uid__in=uids).values_list("uid", "fields")
    by_uid = {str(uid): fields["text"] for uid, fields in rows}
    return [by_uid[uid] for uid in uids]
