"""Registering what a run made, with its measures."""

from typing import Any

from celery import current_app
from django.db import DataError, IntegrityError, transaction

from runs.models import Artifact, ArtifactKind, Evaluation, Run, RunKind
from runs.requests import is_language_model
from runs.run_kinds import RUN_KINDS
from training.spec import ENDPOINT

SPLITS = ("dev", "test")
CARD_TASK = "reports.tasks.write_card"
# Errors raised by a result that is JSON but not what a trainer of this version writes.
_MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, DataError, IntegrityError)


class ResultUnusable(Exception):
    """A trainer's result cannot be registered: something in it is missing or of another type."""


def register(*, run: Run, result: dict[str, Any]) -> Artifact:
    """Write a run's artifact and evaluations from the trainer's result, or nothing. Raises: ResultUnusable."""
    try:
        with transaction.atomic():
            return _write(run, result)
    except _MALFORMED as error:
        raise ResultUnusable(
            f"The trainer finished, but its result.json is invalid ({type(error).__name__}: {error}). See the result "
            "and the log; if worker and trainer run different versions, restart the workers; then start the run again."
        ) from error


def _write(run: Run, result: dict[str, Any]) -> Artifact:
    artifact = Artifact.objects.create(
        run=run,
        kind=RUN_KINDS[RunKind(run.kind)].makes,
        folder=f"{run.pk}/{result['artifact']}",
        content_hash=result["artifact_hash"],
        num_pseudo_labels=_num_pseudo_labels(run, result),
        result=result,
    )
    metrics = result.get("metrics") or {}
    Evaluation.objects.bulk_create(row for split in SPLITS for row in _of_split(artifact, split, metrics))
    if artifact.kind != ArtifactKind.SOFT_LABELS:
        # Robust: without a broker the card stays the trainer's until someone asks for it.
        transaction.on_commit(lambda: _ask_for_card(artifact.pk), robust=True)
    return artifact


def _num_pseudo_labels(run: Run, result: dict[str, Any]) -> int:
    """Of the unlabelled examples only: the teacher's own training rows were paid for as labels.

    A language model may have left some without an answer.
    """
    if is_language_model(run.model):
        return int(result["num_pseudo_labels"])
    asked = Artifact.objects.filter(run__children=run, kind=ArtifactKind.SOFT_LABELS, run__model__source=ENDPOINT)
    answered = asked.values_list("num_pseudo_labels", flat=True).first()
    return run.num_unlabelled if answered is None else answered


def _ask_for_card(artifact_id: int) -> None:
    # By name: the task is in reports, which read bills.
    current_app.send_task(CARD_TASK, kwargs={"artifact_id": artifact_id}, retry_policy={"max_retries": 1})


def _of_split(artifact: Artifact, split: str, metrics: dict[str, Any]) -> list[Evaluation]:
    measured = metrics.get(split) or {}
    return [
        Evaluation(
            artifact=artifact,
            split=split,
            metric=name,
            value=value["value"],
            low=value["low"],
            high=value["high"],
            baseline=_baseline(artifact.run, split, name, metrics),
            num_examples=measured["num_examples"],
            measured_by=value.get("measured_by", ""),
        )
        for name, value in measured.items()
        if isinstance(value, dict) and "value" in value
    ]


def _baseline(run: Run, split: str, metric: str, metrics: dict[str, Any]) -> float | None:
    if split != "test" or metric != run.study.metric:
        return None
    baseline = metrics.get("baseline")
    return float(baseline["value"]) if baseline else None
