"""The end of a training: predictions, metrics, the artifact folder, result.json."""

import json
import shutil
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.answers import Rows
from training.contract import ARTIFACT, CARD_FILE, METRICS_FILE, PREDICTIONS_FILE, SEED_PREDICTIONS_FILE, SPEC_FILE
from training.data import MOST_WHOLE_OUTPUTS, NUM_TOP_OUTPUTS
from training.evaluation import Evaluator, PartAnswers, SplitPredictions
from training.job import Job
from training.learners import HeldOut, LabelMap, learner_of, save_classifier
from training.methods.provenance import checkpoint_provenance, dataset_hashes
from training.reporting import Card, ResourceUse, card_text, peak_memory_bytes, versions
from training.runtime import atomic_folder, folder_hash, write_json
from training.train import SearchResult

# So many rows' probabilities are in memory at once.
ROWS_PER_BLOCK = 1024


@dataclass(frozen=True, kw_only=True)
class Extra:
    """What a recipe adds to a result: baselines, how it was chosen, and outputs for the rows that taught it.

    `of_parts` are answers to test by heads fitted to parts of the labels; `num_teachers` taught the students of a
    distillation.
    """

    baselines: dict[str, dict[str, Any]] = field(default_factory=dict)
    choice: dict[str, Any] | None = None
    held_out: HeldOut | None = None
    of_parts: PartAnswers | None = None
    num_teachers: int = 0


def finish(
    *,
    job: Job,
    trained: SearchResult,
    train: Rows | None,
    num_train: int,
    num_pseudo_labels: int,
    extra: Extra | None = None,
) -> dict[str, Any]:
    """Score what was trained, from every seed, and write the best one's artifact; returns what result.json holds.

    `train` has the labelled rows, for the baselines. Metrics are means over the seeds.
    """
    extra = extra or Extra()
    job.progress.stage("evaluate", message="evaluating")
    by_seed: dict[int, dict[str, SplitPredictions]] = {}
    # The best one last: it is then loaded when its artifact is written.
    for place in sorted(range(len(trained.seeds)), key=lambda place: place == trained.best):
        evaluator = trained.evaluators[place]()
        by_seed[place] = {name: evaluator.predict(name) for name in evaluator.splits}
    metrics: dict[str, Any] = {
        name: evaluator.metrics(
            name, [by_seed[place][name] for place in sorted(by_seed)], extra.of_parts if name == "test" else None
        )
        for name in evaluator.splits
    }
    metrics["baselines"] = {**evaluator.baselines(train), **extra.baselines}
    metrics["baseline"] = metrics["baselines"].get("majority")
    _log_metrics(job, metrics)
    job.progress.stage("save", message="saving the artifact")
    assert job.spec.model is not None
    result = {
        "artifact": ARTIFACT,
        "metrics": metrics,
        "search": [outcome.payload() for outcome in trained.search],
        "seeds": [outcome.payload() for outcome in trained.seeds],
        **({"choice": extra.choice} if extra.choice else {}),
        **({"transitions": asdict(trained.transitions_choice)} if trained.transitions_choice else {}),
        **({"num_teachers": extra.num_teachers} if extra.num_teachers else {}),
        "num_train": num_train,
        "num_pseudo_labels": num_pseudo_labels,
        "base": checkpoint_provenance(source=job.spec.model, config=_base_config(evaluator)),
        "data": dataset_hashes(job.spec.data),
        **resource_use(job),
    }
    artifact = job.folder / ARTIFACT
    with atomic_folder(artifact) as folder:
        _write_artifact(evaluator, by_seed[trained.best], metrics, folder)
        _write_seed_predictions(evaluator, [by_seed[place] for place in sorted(by_seed)], folder)
        if extra.held_out is not None:
            extra.held_out.save(folder)
        (folder / CARD_FILE).write_text(card_text(_card(evaluator, result)), encoding="utf-8")
    return {**result, "artifact_hash": folder_hash(artifact)}


def resource_use(job: Job) -> dict[str, Any]:
    """Return what this attempt used up to now, and the versions it ran on."""
    return {
        "device_seconds": round(job.meter.device_seconds(), 3),
        "peak_memory_bytes": peak_memory_bytes(),
        "versions": versions(),
    }


def _write_artifact(
    evaluator: Evaluator, answers: dict[str, SplitPredictions], metrics: dict[str, Any], folder: Path
) -> None:
    spec = evaluator.job.spec
    label_map = LabelMap(
        task_type=spec.task_type,
        labels=tuple(spec.labels),
        max_length=spec.training.max_length,
        segmentation=evaluator.task_type.segmentation,
        answer_length=0 if evaluator.task_type.has_labels else spec.training.answer_length,
    )
    save_classifier(classifier=evaluator.classifier, label_map=label_map, folder=folder)
    if evaluator.transitions is not None:
        evaluator.transitions.save(folder, outputs=evaluator.task_type.output_names(spec.labels))
    write_json(path=folder / METRICS_FILE, payload=metrics)
    shutil.copyfile(evaluator.job.folder / SPEC_FILE, folder / SPEC_FILE)
    for name in _judged(answers):
        _write_predictions(evaluator, evaluator.splits[name].rows, answers[name], folder / PREDICTIONS_FILE)


def _judged(splits: Collection[str]) -> list[str]:
    """Name the split whose answers are kept: test, or else dev; none without either."""
    return [name for name in ("test", "dev") if name in splits][:1]


def _write_seed_predictions(evaluator: Evaluator, by_seed: Sequence[dict[str, SplitPredictions]], folder: Path) -> None:
    """Keep what each of several seeds answered, which a comparison of two recipes needs."""
    if len(by_seed) < 2:
        return
    for name in _judged(evaluator.splits):
        rows = evaluator.splits[name].rows
        answers = zip(*(of_seed[name].predicted for of_seed in by_seed), strict=True)
        kept = zip(*(_similarities(evaluator, rows, of_seed[name]) for of_seed in by_seed), strict=True)
        with (folder / SEED_PREDICTIONS_FILE).open("w", encoding="utf-8") as stream:
            for uid, predicted, of_seeds in zip(rows.uids, answers, kept, strict=True):
                alike = {"similarity": [one["similarity"] for one in of_seeds]} if of_seeds[0] else {}
                stream.write(json.dumps({"uid": uid, "predicted": predicted, **alike}, ensure_ascii=False) + "\n")


def _base_config(evaluator: Evaluator) -> Any:
    model = evaluator.classifier.model
    return getattr(getattr(model, "encoder", model), "config", None)


def _card(evaluator: Evaluator, result: dict[str, Any]) -> Card:
    spec = evaluator.job.spec
    labels = f"{result['num_train']:,} gold labels" if result["num_train"] else "what labels say of themselves"
    learned = labels + (
        f" and {result['num_pseudo_labels']:,} soft labels of a teacher" if result["num_pseudo_labels"] else ""
    )
    return Card(
        title=f"{spec.role.capitalize()}: {evaluator.task_type.title.lower()}",
        summary=f"A {spec.role} trained on {learned}.",
        task=evaluator.task_type.title,
        unit=evaluator.task_type.unit,
        labels=spec.labels,
        metric=spec.evaluation.metric,
        model=result["base"],
        data=[(name, f"{one['num_rows']:,} rows, SHA-256 `{one['sha256']}`") for name, one in result["data"].items()],
        result=result,
        use=ResourceUse(
            device=spec.device,
            device_seconds=result["device_seconds"],
            peak_memory_bytes=result["peak_memory_bytes"],
            notes=("Energy and carbon are in `meter.json` of the run once it has ended.",),
        ),
        written_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _write_predictions(evaluator: Evaluator, rows: Rows, answers: SplitPredictions, path: Path) -> None:
    """Write one line per row; its probabilities are made for a block of rows at a time."""
    learner, labels = learner_of(evaluator.task_type), evaluator.job.spec.labels
    lines = zip(rows.uids, rows.labelled(), answers.predicted, _similarities(evaluator, rows, answers), strict=True)
    with path.open("w", encoding="utf-8") as stream:
        for start in range(0, len(rows), ROWS_PER_BLOCK):
            block = answers.outputs.between(start, min(start + ROWS_PER_BLOCK, len(rows)))
            shares_NC = learner.probabilities(outputs=block, labels=labels)
            for shares, (uid, gold, predicted, alike) in zip(shares_NC, lines, strict=False):
                told = _probabilities(shares, labels, is_one_choice=learner.is_one_choice)
                line = {"uid": uid, "gold": gold, "predicted": predicted, **told, **alike}
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def _similarities(evaluator: Evaluator, rows: Rows, answers: SplitPredictions) -> list[dict[str, float | None]]:
    """Return what is kept of each row's answer, so that a comparison need not ask the checkpoint again."""
    found = evaluator.task_type.similarities(rows=rows, predicted=answers.predicted)
    return [{"similarity": None if one is None else round(one, 6)} for one in found] or [{}] * len(rows)


def _probabilities(shares_C: npt.NDArray[np.float32], labels: Sequence[str], *, is_one_choice: bool) -> dict[str, Any]:
    """Return the probability of every label in their order; of many labels the likeliest by name, and of the rest."""
    if len(labels) <= MOST_WHOLE_OUTPUTS:
        return {"probabilities": [_number(share) for share in shares_C]}
    top_K = np.argsort(-shares_C, kind="stable")[:NUM_TOP_OUTPUTS]
    named = {labels[place]: _number(shares_C[place]) for place in top_K}
    rest = {"rest": _number(max(0.0, 1.0 - float(shares_C[top_K].sum())))} if is_one_choice else {}
    return {"probabilities": named, **rest}


def _number(share: float) -> float | None:
    return round(float(share), 6) if np.isfinite(share) else None


def _log_metrics(job: Job, metrics: dict[str, Any]) -> None:
    metric = job.spec.evaluation.metric
    for name in ("dev", "test"):
        if name in metrics:
            found = metrics[name][metric]
            interval = f"{found['low']:.4f} to {found['high']:.4f}"
            job.progress.log(
                f"{name} {metric} {found['value']:.4f} ({interval}), {metrics[name]['num_examples']} examples"
            )
    for name, baseline in metrics["baselines"].items():
        job.progress.log(f"baseline {name} ({baseline['label']}): {metric} {baseline['value']:.4f}")
