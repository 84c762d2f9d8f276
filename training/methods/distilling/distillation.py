"""Train a student on a teacher's soft labels, and on gold labels too if asked."""

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

from training.answers import Rows
from training.compute import Compute
from training.contract import SPEC_FILE
from training.data import read_labelled, report_leaks
from training.distil import (
    METADATA_FILE,
    Selection,
    SoftLabels,
    read_metadata,
    read_soft_labels,
    select,
)
from training.evaluation import EncodedSplit, read_splits
from training.fewshot import TransitionsChoice
from training.job import Job
from training.learners import TagTransitions, is_artifact
from training.methods.distilling.objectives import learns_token_distributions, soft_objective
from training.methods.distilling.student_answers import own_answers
from training.methods.distilling.student_vectors import vector_target
from training.methods.preparing import check_answers_alike, prepare
from training.methods.result import Extra, finish
from training.methods.student_start import StudentStart, start_student
from training.models import can_write, tokenizer_hash
from training.recipes import (
    HeadRows,
    few_label_baselines,
    head_rows,
    learned_transitions,
    with_transitions,
    with_transitions_by_dev,
)
from training.runtime import PermanentFailure, file_hash
from training.spec import AUTO
from training.tasks import BI_ENCODER, TaskType
from training.train import (
    GoldStage,
    MarkLoss,
    ModelLoader,
    SearchResult,
    TokenLoss,
    TrainingSetup,
    check_variety,
    gold_objective,
    report_unreadable,
    search_and_train,
)


class TeacherAnsweredNothing(PermanentFailure):
    """A teacher gave no answer to any of the rows that a student is to learn from."""


@dataclass(frozen=True, kw_only=True)
class _Taught:
    """What the soft labels of one teacher make of a run: its job, and what its trainings and its result take."""

    job: Job
    setup: TrainingSetup
    loader: ModelLoader
    start: StudentStart
    gold: Rows | None
    selection: Selection
    baseline_rows: HeadRows | None
    leaks: dict[str, int]
    num_pseudo_labels: int
    of_tokens: bool
    tokenizer_hash: str
    transitions: TagTransitions | None


def distil(job: Job) -> dict[str, Any]:
    """Distil a student from a soft-label set, or of each seed from its own, and score it; returns what result.json has.

    `aligned` says whether tags were compared over different tokenizers, `distillation` which rows were kept and whether
    tokens were compared, both of the first seed; `num_teachers` how many there are. Raises: TeacherAnsweredNothing,
    other PermanentFailure, StopRequested (a checkpoint was saved).
    """
    compute, task_type = prepare(job)
    jobs = {one.spec.seed: one for one in _jobs_by_teacher(job)}
    first, *further = jobs
    taught = _taught(jobs[first], task_type, compute)
    own_setups = {seed: partial(_own_setup, jobs[seed], task_type, compute) for seed in further}
    trained = search_and_train(job=taught.job, setup=taught.setup, loader=taught.loader, of_seeds=own_setups)
    trained = _with_transitions(taught, trained)
    baselines = _baselines(taught, compute)
    spec, setup, gold = taught.job.spec, taught.setup, taught.gold
    result = finish(
        job=taught.job,
        trained=trained,
        train=gold,
        num_train=len(gold) if gold and (spec.training.gold_weight or setup.gold) else 0,
        num_pseudo_labels=taught.num_pseudo_labels,
        extra=Extra(baselines=baselines, choice=taught.start.choice, num_teachers=len(jobs)),
    )
    return {
        **result,
        "aligned": setup.task_type.unit == "word" and taught.tokenizer_hash != tokenizer_hash(taught.loader.tokenizer),
        "leaks": taught.leaks,
        "distillation": {
            **asdict(spec.distillation),
            **taught.selection.payload(),
            "of_tokens": taught.of_tokens,
        },
    }


def _jobs_by_teacher(job: Job) -> list[Job]:
    """The run for each of its teachers, as if that one's soft labels were for all; as it is where there is one."""
    spec = job.spec
    return [
        replace(
            job,
            spec=replace(
                spec,
                seed=one.seed,
                data=replace(spec.data, soft_labels=one.soft_labels),
                teacher_artifact=one.artifact,
            ),
        )
        for one in spec.teachers
    ] or [job]


def _own_setup(job: Job, task_type: TaskType, compute: Compute) -> tuple[TrainingSetup, ModelLoader]:
    job.progress.log(f"the student of seed {job.spec.seed} learns from a teacher of its own")
    taught = _taught(job, task_type, compute)
    return taught.setup, taught.loader


def _taught(job: Job, task_type: TaskType, compute: Compute) -> _Taught:
    job, task_type = _as_its_teacher(job, task_type)
    spec = job.spec
    assert spec.model is not None and spec.data.soft_labels is not None
    gold = _gold_rows(job, task_type)
    soft, selection = _kept_rows(job, task_type, gold)
    if task_type.is_written:
        soft = _with_an_answer(job, soft)
    outputs = task_type.output_names(spec.labels)
    transitions = TagTransitions.read(spec.data.soft_labels, outputs=outputs) if task_type.unit == "word" else None
    job.progress.stage("model", message=f"loading {spec.model}")
    loader = ModelLoader(spec=spec, task_type=task_type, compute=compute)
    job.progress.stage("data", message="preparing data")
    splits = read_splits(
        spec=spec, task_type=task_type, tokenizer=loader.tokenizer, pooling=loader.pooling, frame=loader.frame
    )
    if gold and (spec.training.gold_weight or spec.distillation.gold_epochs):
        report_unreadable(job, gold, loader)
    start = start_student(job=job, loader=loader, compute=compute, soft=soft)
    vectors = vector_target(job=job, loader=loader, soft=soft, start=start)
    baseline_rows = _baseline_rows(job, task_type, soft, gold, splits) if task_type.has_labels else None
    if loader.has_head:
        # It is not new any more and learns at the rate of the rest.
        job = job.with_settings(replace(spec.training, head_learning_rate_factor=1.0))
    rows, loss = soft_objective(job, task_type, soft, gold if spec.training.gold_weight else None, loader)
    _check_taught(soft, loss.answered_W if isinstance(loss, MarkLoss) else loss.answered_U)
    is_of_tokens = not task_type.is_written or learns_token_distributions(job, loader, soft)
    setup = TrainingSetup(
        task_type=task_type,
        rows=loader.prepared(rows),
        loss=loss.on(compute.device),
        compute=compute,
        splits=splits,
        fingerprint=file_hash(job.folder / SPEC_FILE) + file_hash(spec.data.soft_labels / METADATA_FILE),
        gold=_gold_stage(job, task_type, gold, loader, compute),
        vectors=vectors,
        own_answers=own_answers(job, soft, rows, gold if spec.training.gold_weight else None, loader, compute),
    )
    what = "texts with answers" if task_type.is_written else "soft labels"
    job.progress.log(f"distilling {spec.model} from {soft.num_texts} {what} at T {spec.training.temperature:g}")
    # The set itself is left behind: a million rows are not kept as texts while the student learns from their tokens.
    return _Taught(
        job=job,
        setup=setup,
        loader=loader,
        start=start,
        gold=gold,
        selection=selection,
        baseline_rows=baseline_rows,
        leaks=report_leaks(job, {"pseudo": soft.rows, **({"train": gold} if gold else {}), **setup.held_out()}),
        num_pseudo_labels=soft.num_texts,
        of_tokens=isinstance(loss, TokenLoss) and is_of_tokens,
        tokenizer_hash=soft.tokenizer_hash,
        transitions=transitions,
    )


def _as_its_teacher(job: Job, task_type: TaskType) -> tuple[Job, TaskType]:
    """Cut texts into its teacher's units, or outputs could not be aligned; by `auto`, read pairs as it reads them."""
    spec = job.spec
    assert spec.model is not None and spec.data.soft_labels is not None
    metadata = read_metadata(spec.data.soft_labels)
    segmentation = metadata.get("segmentation", "word")
    check_answers_alike(task_type, segmentation)
    takes_either = spec.training.recipe == AUTO and not is_artifact(spec.model) and not can_write(spec.model)
    if takes_either and metadata.get("reads_apart"):
        job.progress.log("each text of a pair is read separately, as the teacher reads it")
        job = job.with_settings(replace(spec.training, pooling=BI_ENCODER))
    return job, task_type.segmented(segmentation)


def _with_transitions(taught: _Taught, trained: SearchResult) -> SearchResult:
    """Find tags by transitions of the gold labels, else by the teacher's; without dev at the teacher's strength.

    What the teacher says of further texts is left out: measured, transitions learned from it too were worse.
    """
    job, task_type, teacher = taught.job, taught.setup.task_type, taught.transitions
    gold = learned_transitions(task_type=task_type, labels=job.spec.labels, rows=taught.gold)
    learned = gold or teacher
    found = with_transitions_by_dev(job=job, trained=trained, learned=learned)
    if found.transitions_choice is not None or teacher is None or taught.loader.codec is not None:
        return found
    why = f"Tag transitions: strength {teacher.strength:g}, as its teacher's; there is no dev to choose on."
    job.progress.log(why)
    choice = TransitionsChoice(strength=teacher.strength, judged_on="teacher", scores={}, why=why)
    return with_transitions(found, choice=choice, learned=learned)


def _baseline_rows(
    job: Job, task_type: TaskType, soft: SoftLabels, gold: Rows | None, splits: dict[str, EncodedSplit]
) -> HeadRows:
    dev = splits["dev"].rows if "dev" in splits else None
    return head_rows(job=job, task_type=task_type, labelled=gold, texts=soft.rows, dev=dev)


def _baselines(taught: _Taught, compute: Compute) -> dict[str, dict[str, Any]]:
    """Measure the baselines, last: whoever stops a run stops it after its training was saved."""
    job, loader, splits = taught.job, taught.loader, taught.setup.splits
    if "test" not in splits or taught.baseline_rows is None:
        return {}
    # Training changed the checkpoint, which the baselines read as it was.
    fresh = (
        loader if loader.codec is not None else ModelLoader(spec=job.spec, task_type=loader.task_type, compute=compute)
    )
    test = splits["test"].rows
    return few_label_baselines(job=job, loader=fresh, compute=compute, rows=taught.baseline_rows, test=test, start=None)


def _gold_rows(job: Job, task_type: TaskType) -> Rows | None:
    folder = job.spec.data.train
    if folder is None:
        return None
    return read_labelled(folder=folder, name="train", task_type=task_type, labels=job.spec.labels)


def _kept_rows(job: Job, task_type: TaskType, gold: Rows | None) -> tuple[SoftLabels, Selection]:
    """Read the soft-label set and drop the rows that the filter rejects; a row with a gold label stays."""
    spec = job.spec
    assert spec.data.soft_labels is not None
    soft = read_soft_labels(
        folder=spec.data.soft_labels,
        task_type=spec.task_type,
        input_fields=task_type.input_fields,
        labels=spec.labels,
    )
    with_gold = set(gold.uids) if gold and spec.training.gold_weight else set()
    selection = select(
        settings=spec.distillation,
        soft=soft,
        task_type=task_type,
        is_gold_N=np.array([uid in with_gold for uid in soft.rows.uids], dtype=np.bool_),
        seed=spec.seed,
    )
    if spec.distillation.filter != "none":
        job.progress.log(
            f"filter {spec.distillation.filter}: {selection.num_passed} of {selection.num_asked} pseudo-labels kept"
        )
        soft = soft.of(selection.kept_N)
    return soft, selection


def _gold_stage(
    job: Job, task_type: TaskType, gold: Rows | None, loader: ModelLoader, compute: Compute
) -> GoldStage | None:
    epochs = job.spec.distillation.gold_epochs
    if not gold or not epochs:
        return None
    check_variety(gold=gold.labelled(), task_type=task_type)
    rows, loss = gold_objective(rows=gold, loader=loader, task_type=task_type, spec=job.spec)
    return GoldStage(rows=rows, loss=loss.on(compute.device), epochs=epochs)


def _with_an_answer(job: Job, soft: SoftLabels) -> SoftLabels:
    """Leave out answers that are empty: one that an epoch drew would teach nothing."""
    assert soft.written is not None
    has_answer_N = np.array([text is not None for text in soft.written.texts], dtype=np.bool_)
    if not has_answer_N.any():
        raise _nothing_answered(len(soft.rows))
    if num_empty := int((~has_answer_N).sum()):
        job.progress.log(f"{num_empty} of {len(soft.rows)} answers of the teacher are empty and are left out")
    return soft.of(has_answer_N)


def _check_taught(soft: SoftLabels, is_answered: Tensor) -> None:
    """A student that learns nothing would stay as it was initialised, and yet be paid for, registered and compared."""
    if not bool(is_answered.any()):
        raise _nothing_answered(len(soft.rows))


def _nothing_answered(num_rows: int) -> TeacherAnsweredNothing:
    return TeacherAnsweredNothing(
        f"data.soft_labels: the teacher gave no answer to any of {num_rows} rows, so that nothing can be "
        "learned from it. Train it longer or on more labels, or take another teacher."
    )
