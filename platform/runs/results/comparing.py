"""Comparing two models by their answers to the same test examples."""

from collections.abc import Sequence
from dataclasses import dataclass

from runs.models import Artifact
from runs.results.answered import AnsweredRow, AnswerFile, seed_answers
from runs.results.similarity import NotComparable, measured_alike
from studies.models import Example, Study
from studies.task_types import TASK_TYPES, TaskType
from training.answers import PairedAnswers, PairedTest, paired_test
from training.contract import MEASURED_BY, SEED_PREDICTIONS_FILE

NUM_RESAMPLES = 1000
# An interval from fewer says nothing that a reader could act on.
FEWEST_EXAMPLES = 10


Answers = Sequence[str | None]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A paired test of two models. Left out are `num_unshared` examples of one list only, and `num_relabelled` ones.

    `num_unreadable` counts lines of the two models' answers that cannot be read.
    """

    first: Artifact
    second: Artifact
    metric: str
    test: PairedTest
    num_unshared: int
    num_relabelled: int
    num_unreadable: int = 0

    @property
    def is_of_all(self) -> bool:
        return self.num_unshared == 0 == self.num_relabelled


def compare(*, first: Artifact, second: Artifact) -> Comparison:
    """Test whether one of two models of a study is better, by its metric, on the examples that both answered.

    Where both were trained from several seeds, all seeds are compared; else the two saved models.

    Returns: differences are the first model's metric less the second's. Raises: NotComparable.
    """
    study = first.run.study
    if first.pk == second.pk:
        raise NotComparable(f"{first} is on both sides. Choose two models.")
    if study.pk != second.run.study_id:
        raise NotComparable(f"{first} and {second} are of two studies. Choose two models of one study.")
    files = AnswerFile(first), AnswerFile(second)
    one, other = _read_answers(files[0], first), _read_answers(files[1], second)
    shared = [uid for uid in one if uid in other]
    uids = [uid for uid in shared if one[uid].gold == other[uid].gold]
    if len(uids) < FEWEST_EXAMPLES:
        raise NotComparable(
            f"{first} and {second} share {len(uids)} test examples with the same gold label; at least "
            f"{FEWEST_EXAMPLES} are needed. Train both again on today's test split, and compare those."
        )
    said_by_first, said_by_second = _answers_to(uids, (first, one), (second, other))
    texts = _texts(study.pk, uids) if study.metric in study.definition.metrics_of_texts else None
    answers = PairedAnswers(
        gold=[one[uid].gold for uid in uids],
        first=said_by_first,
        second=said_by_second,
        texts=texts,
    )
    test = paired_test(
        task_type=_task_type(study, (first, second), dict(zip(uids, texts or [], strict=False))),
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
        num_unreadable=sum(file.num_unreadable for file in files),
    )


def _task_type(study: Study, artifacts: Sequence[Artifact], texts: dict[str, str]) -> TaskType:
    task_type = TASK_TYPES[study.task_type]
    if study.metric not in MEASURED_BY:
        return task_type
    return measured_alike(task_type, metric=study.metric, artifacts=artifacts, texts=texts)


def _answers_to(uids: Sequence[str], *models: tuple[Artifact, dict[str, AnsweredRow]]) -> list[list[Answers]]:
    """Return each model's answers, of all its seeds where both have several."""
    by_seed = [_read_seeds(artifact) for artifact, _ in models]
    if all(len(seeds) > 1 for seeds in by_seed):
        for (artifact, _), seeds in zip(models, by_seed, strict=True):
            _check_complete(artifact, seeds, uids)
        return [[[answers[uid] for uid in uids] for answers in seeds] for seeds in by_seed]
    return [[[said[uid].predicted for uid in uids]] for _, said in models]


def _read_seeds(artifact: Artifact) -> list[dict[str, str | None]]:
    """Read each seed's answers by uid; none of a model of one seed, or of an earlier version, which kept the best's."""
    try:
        seeds = seed_answers(artifact)
    except OSError as error:
        raise _unreadable(artifact, SEED_PREDICTIONS_FILE, str(error.strerror)) from error
    if (artifact.path / SEED_PREDICTIONS_FILE).exists() and not seeds:
        raise _unreadable(artifact, SEED_PREDICTIONS_FILE, "no line has answers")
    return seeds


def _check_complete(artifact: Artifact, seeds: Sequence[dict[str, str | None]], uids: Sequence[str]) -> None:
    missing = [uid for uid in uids if any(uid not in answers for answers in seeds)]
    if missing:
        reason = f"{len(missing)} examples are missing, the first {missing[0]}"
        raise _unreadable(artifact, SEED_PREDICTIONS_FILE, reason)


def _unreadable(artifact: Artifact, name: str, reason: str) -> NotComparable:
    """Name the file in the model's folder, not where that lies on the server."""
    return NotComparable(
        f"The test predictions of {artifact} cannot be read: {name} in its folder ({reason}). Restore them, or train "
        "again."
    )


def _read_answers(answers: AnswerFile, artifact: Artifact) -> dict[str, AnsweredRow]:
    try:
        return {row.uid: row for row in answers}
    except OSError as error:
        raise _unreadable(artifact, answers.path.name, str(error.strerror)) from error


def _texts(study_id: int, uids: Sequence[str]) -> list[str]:
    rows = Example.objects.filter(study_id=study_id, uid__in=uids).values_list("uid", "fields")
    by_uid = {str(uid): fields["text"] for uid, fields in rows}
    return [by_uid[uid] for uid in uids]
