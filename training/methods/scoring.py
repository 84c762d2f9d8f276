"""One pass of a teacher over unlabelled examples, into the soft-label store."""

import math
from dataclasses import dataclass, replace
from typing import Any

import datasets
import numpy as np
import numpy.typing as npt

from training.answers import Rows
from training.contract import SOFT_LABELS
from training.data import ModelOutputs, TokenLabels, checked_rows, open_dataset
from training.distil import (
    DevConfidence,
    PartialStore,
    StorePlan,
    TopPlaces,
    Writing,
    WrittenAnswers,
    num_top_outputs,
    read_metadata,
)
from training.evaluation import Decoding, Evaluator, generate_answers, predict_logits, predict_places, read_splits
from training.job import Job
from training.learners import encode_rows
from training.methods.answered import store_answers
from training.methods.calibrating import calibrated_on, calibrated_on_places
from training.methods.preparing import prepare
from training.methods.provenance import rows_hash
from training.methods.result import resource_use
from training.methods.teachers import ScoringTeacher, teacher_of
from training.methods.writing import Writer, repeated_rows, write_answers
from training.models import LogitsAndVectors, TextToText, tokenizer_hash
from training.runtime import folder_hash
from training.spec import TrainingSettings
from training.tasks import BI_ENCODER, TOKEN, TaskType

# Large enough for batches of similar lengths, small enough that memory is flat and a kill loses little.
ROWS_PER_SHARD = 1024
# To write answers takes many times as long.
ANSWERS_PER_SHARD = 256


def score(job: Job) -> dict[str, Any]:
    """Run a teacher over unlabelled examples and store its logits; returns what result.json holds.

    The teacher is an artifact, or answers given elsewhere, or a checkpoint that is not trained, with a head of
    its labels' names and labelled rows; what it says of rows that taught a head is by heads that they did not teach.
    Killed and started again, it resumes at the first shard that is not written. Given a labelled dev, it is calibrated
    on it, last. Raises: PermanentFailure, StopRequested (the finished shards stay).
    """
    spec = job.spec
    if spec.data.answers is not None:
        return store_answers(job)
    assert spec.data.unlabelled is not None
    compute, task_type = prepare(job)
    dataset = open_dataset(folder=spec.data.unlabelled, name="unlabelled", columns=("uid", *task_type.input_fields))
    teacher = teacher_of(job=job, task_type=task_type, compute=compute)
    classifier, task_type = teacher.classifier, teacher.task_type
    job.progress.stage("data", message="preparing data")
    # Before a long scoring, not after it: a dev that cannot be used is then reported at once. Written answers have no
    # confidence in a label that could be compared with it.
    dev = replace(spec, data=replace(spec.data, test=None, **({"dev": None} if task_type.is_written else {})))
    splits = read_splits(
        spec=dev,
        task_type=task_type,
        tokenizer=classifier.tokenizer,
        pooling=classifier.model.pooling,
        frame=classifier.frame,
    )
    evaluator = Evaluator(
        job=job,
        task_type=task_type,
        classifier=classifier,
        compute=compute,
        splits=splits,
        untrained=teacher.untrained,
    )
    plan = _plan(evaluator, dataset, teacher)
    target = job.folder / SOFT_LABELS
    store = PartialStore(job.folder / f"{SOFT_LABELS}.partial", plan)
    if not store.is_published(target):
        store.open()
        _score_all(evaluator, store, dataset, teacher, keeps_vectors=plan.vector_shape is not None)
        job.progress.log(f"scored {len(dataset)} examples with {teacher.name}")
        calibration, confidence = _calibrated(evaluator) if "dev" in splits else (None, None)
        store.publish(target, calibration=calibration, confidence=confidence, transitions=teacher.transitions)
    metadata = read_metadata(target)
    _log_written(job, metadata.get("written"))
    return {
        "artifact": SOFT_LABELS,
        "artifact_hash": folder_hash(target),
        "metrics": {},
        "calibration": metadata["calibration"],
        **({"written": metadata["written"]} if "written" in metadata else {}),
        **({"choice": teacher.choice} if teacher.choice else {}),
        "num_train": 0,
        "num_pseudo_labels": len(dataset),
        **resource_use(job),
    }


def _log_written(job: Job, counts: dict[str, int] | None) -> None:
    if counts is None:
        return
    job.progress.log(
        f"{counts['num_written']} answers were written: {counts['num_cut']} were cut at "
        f"{job.spec.training.answer_length} tokens, {counts['num_empty']} are empty and teach nothing"
    )


def _calibrated(evaluator: Evaluator) -> tuple[dict[str, Any] | None, DevConfidence | None]:
    dev, progress = evaluator.splits["dev"], evaluator.job.progress
    progress.stage("evaluate", message=f"calibrating on {len(dev.rows)} examples of dev")
    if evaluator.task_type.unit == TOKEN:
        scores = predict_places(
            model=evaluator.classifier.model, rows=dev.encoded, compute=evaluator.compute, stop=evaluator.job.stop
        )
        return calibrated_on_places(job=evaluator.job, task_type=evaluator.task_type, rows=dev.rows, scores=scores)
    return calibrated_on(
        job=evaluator.job,
        task_type=evaluator.task_type,
        rows=dev.rows,
        units=dev.encoded.units,
        outputs=evaluator.predict("dev").outputs,
    )


def _plan(evaluator: Evaluator, dataset: datasets.Dataset, teacher: ScoringTeacher) -> StorePlan:
    spec, task_type = evaluator.job.spec, evaluator.task_type
    writing = _writing(evaluator.job) if task_type.is_written else None
    return StorePlan(
        task_type=spec.task_type,
        labels=tuple(spec.labels),
        unit=task_type.unit,
        outputs=task_type.output_names(spec.labels),
        teacher_hash=teacher.hash,
        tokenizer_hash=tokenizer_hash(evaluator.classifier.tokenizer),
        data_hash=rows_hash(dataset.select_columns(["uid", *task_type.input_fields]), rows_per_batch=ROWS_PER_SHARD),
        max_length=spec.training.max_length,
        precision="bf16" if evaluator.compute.bf16 else "fp32",
        rows_per_shard=_rows_per_shard(task_type, spec.training),
        num_rows=len(dataset) * (writing.num_answers if writing else 1),
        top_tokens=_num_top(evaluator),
        top_outputs=num_top_outputs(task_type=task_type, labels=spec.labels),
        segmentation=task_type.segmentation,
        vector_shape=teacher.vector_shape if spec.training.keep_vectors else None,
        writing=writing,
        reads_apart=evaluator.classifier.model.pooling == BI_ENCODER,
    )


def _writing(job: Job) -> Writing:
    settings = job.spec.training
    return Writing(num_answers=settings.num_answers, answer_length=settings.answer_length, seed=job.spec.seed)


def _rows_per_shard(task_type: TaskType, settings: TrainingSettings) -> int:
    return max(1, ANSWERS_PER_SHARD // settings.num_answers) if task_type.is_written else ROWS_PER_SHARD


def _score_all(
    evaluator: Evaluator,
    store: PartialStore,
    dataset: datasets.Dataset,
    teacher: ScoringTeacher,
    *,
    keeps_vectors: bool,
) -> None:
    progress = evaluator.job.progress
    progress.stage("score", num_steps=len(dataset), message=f"scoring {len(dataset)} examples")
    if evaluator.job.spec.training.keep_vectors and not keeps_vectors:
        progress.log("no vectors are kept: the teacher has none of a whole text")
    size = _rows_per_shard(evaluator.task_type, evaluator.job.spec.training)
    for shard in range(math.ceil(len(dataset) / size)):
        start = shard * size
        if not store.has(shard):
            batch = dataset[start : start + size]
            rows = checked_rows(batch=batch, name="unlabelled", task_type=evaluator.task_type)
            scored = _scored(evaluator, teacher, rows, start, keeps_vectors=keeps_vectors)
            store.write(
                shard,
                rows=repeated_rows(rows, [len(scored.outputs) // len(rows)] * len(rows)),
                outputs=scored.outputs,
                tokens=scored.tokens,
                vectors_NSK=scored.vectors_NSK,
                written=scored.written,
            )
        progress.step(min(start + size, len(dataset)))


@dataclass(frozen=True, kw_only=True)
class _Scored:
    """What a teacher gives for a shard of rows."""

    outputs: ModelOutputs | TopPlaces
    tokens: TokenLabels | None = None
    vectors_NSK: npt.NDArray[np.float32] | None = None
    written: WrittenAnswers | None = None


def _scored(evaluator: Evaluator, teacher: ScoringTeacher, rows: Rows, start: int, *, keeps_vectors: bool) -> _Scored:
    if teacher.start is None or teacher.untrained is None:
        scored = _read_and_scored(evaluator, rows, start, keeps_vectors=keeps_vectors)
    else:
        vectors = teacher.start.vectors(rows)
        scored = _Scored(
            outputs=teacher.start.outputs_of(vectors), vectors_NSK=vectors.by_row() if keeps_vectors else None
        )
    if teacher.held_out is None or isinstance(scored.outputs, TopPlaces):
        return scored
    return replace(scored, outputs=teacher.held_out.put_into(scored.outputs, uids=rows.uids))


def _read_and_scored(evaluator: Evaluator, rows: Rows, start: int, *, keeps_vectors: bool) -> _Scored:
    """Run the teacher over rows, of which `start` others came before; of one that writes, its tokens too."""
    job, model = evaluator.job, evaluator.classifier.model
    encoded = encode_rows(
        rows=rows,
        task_type=evaluator.task_type,
        tokenizer=evaluator.classifier.tokenizer,
        max_length=job.spec.training.max_length,
        pooling=model.pooling,
        frame=evaluator.classifier.frame,
    )
    done = [0]

    def count(num_rows: int) -> None:
        # A passage may be several windows.
        done[0] += num_rows
        job.progress.step(start + done[0] * len(rows) // len(encoded))

    options: dict[str, Any] = {"rows": encoded, "compute": evaluator.compute, "stop": job.stop, "on_rows": count}
    if isinstance(model, TextToText) and evaluator.task_type.is_written:
        writing = Writer(model=model, num_top=_num_top(evaluator), plan=_writing(job), first_row=start)
        found = write_answers(writer=writing, **options)
        return _Scored(outputs=found.outputs, tokens=found.tokens, written=found.written)
    if isinstance(model, TextToText):
        generated = generate_answers(model=model, decoding=Decoding(num_top=_num_top(evaluator)), **options)
        return _Scored(outputs=generated.outputs, tokens=generated.tokens)
    if evaluator.task_type.unit == TOKEN:
        return _Scored(outputs=TopPlaces.of(predict_places(model=model, **options)))
    if not keeps_vectors:
        return _Scored(outputs=predict_logits(model=model, **options))
    both = predict_logits(model=LogitsAndVectors(model), **options)
    logits_NC, vectors_NF = np.split(both.values_UC, [model.head.out_features], axis=1)
    return _Scored(
        outputs=ModelOutputs.one_per_row(np.ascontiguousarray(logits_NC)),
        vectors_NSK=vectors_NF.reshape(len(rows), -1, model.width),
    )


def _num_top(evaluator: Evaluator) -> int:
    model = evaluator.classifier.model
    if not isinstance(model, TextToText):
        return 0
    # At least one token is left, for all others together.
    return min(evaluator.job.spec.training.top_tokens, model.codec.vocab_size - 1)
