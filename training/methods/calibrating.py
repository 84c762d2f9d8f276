"""How sure a teacher is of what it says, compared with dev."""

from typing import Any

from training.answers import Rows
from training.data import ModelOutputs, Units
from training.distil import (
    Decisions,
    DevConfidence,
    best_threshold,
    calibrate,
    decisions_of,
    place_decisions,
    row_accuracy,
    row_confidence,
)
from training.evaluation import PlaceScores
from training.job import Job
from training.learners import gold_spans, learner_of
from training.tasks import TaskType


def calibrated_on(
    *, job: Job, task_type: TaskType, rows: Rows, units: Units, outputs: ModelOutputs
) -> tuple[dict[str, Any] | None, DevConfidence | None]:
    """Compare a teacher's outputs for labelled rows with their labels; None twice without an answer for any of them."""
    target = learner_of(task_type).targets(rows=rows, units=units, labels=job.spec.labels)
    decisions = decisions_of(task_type=task_type, outputs=outputs, target=target.numpy())
    return _calibrated(job, decisions)


def calibrated_on_places(
    *, job: Job, task_type: TaskType, rows: Rows, scores: PlaceScores
) -> tuple[dict[str, Any] | None, DevConfidence | None]:
    """Do the same with where answers start and end in passages, of those rows whose answer is there."""
    return _calibrated(job, place_decisions(scores=scores, spans=gold_spans(rows=rows, task_type=task_type)))


def _calibrated(job: Job, decisions: Decisions) -> tuple[dict[str, Any] | None, DevConfidence | None]:
    progress = job.progress
    if not len(decisions.row_D):
        progress.log("not calibrated: the teacher has no finite output for any gold answer of dev")
        return None, None
    calibration = calibrate(decisions)
    confidence_N = row_confidence(decisions, temperature=calibration.temperature)
    accuracy_N = row_accuracy(decisions)
    threshold = best_threshold(
        confidence_N=confidence_N, accuracy_N=accuracy_N, num_choices=decisions.logits_DK.shape[1]
    )
    confidence = DevConfidence(
        temperature=calibration.temperature, threshold=threshold, confidence_N=confidence_N, accuracy_N=accuracy_N
    )
    progress.log(
        f"calibrated on dev: temperature {calibration.temperature:.3f}, calibration error "
        f"{calibration.ece_before:.4f} before, {calibration.ece_after:.4f} after"
    )
    return {**calibration.payload(), "threshold": threshold.payload()}, confidence
