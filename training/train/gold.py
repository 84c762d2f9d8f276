"""Labelled rows as a model is trained on them, with the loss against their answers."""

import numpy as np
import numpy.typing as npt
import torch

from training.answers import Rows, shown
from training.data import DataInvalid, EncodedRows
from training.job import Job
from training.learners import (
    encode_rows,
    gold_spans,
    learner_of,
    num_cut,
    num_places,
    window_targets,
    with_gold_tokens,
)
from training.losses import IGNORED
from training.spec import RunSpec
from training.tasks import TOKEN, TaskType
from training.train.objectives import GoldLoss, MarkLoss, TokenLoss
from training.train.setup import ModelLoader


def gold_objective(
    *, rows: Rows, loader: ModelLoader, task_type: TaskType, spec: RunSpec
) -> tuple[EncodedRows, GoldLoss | TokenLoss | MarkLoss]:
    """Encode labelled rows, and make the loss against their gold answers, on the CPU.

    Raises: DataInvalid, where answers are to be marked and none is in its passage.
    """
    if task_type.unit == TOKEN:
        return _marked_objective(rows=rows, loader=loader, task_type=task_type, spec=spec)
    encoded = encode_rows(
        rows=rows,
        task_type=task_type,
        tokenizer=loader.tokenizer,
        max_length=spec.training.max_length,
        pooling=loader.pooling,
        frame=loader.frame,
    )
    if loader.codec is None:
        learner = learner_of(task_type)
        target = learner.targets(rows=rows, units=encoded.units, labels=spec.labels)
        return loader.prepared(encoded), GoldLoss(learner=learner, units=encoded.units, target=target)
    taught = with_gold_tokens(encoded=encoded, rows=rows, codec=loader.codec, all_references=True)
    return taught, TokenLoss.of_gold(taught)


def _marked_objective(
    *, rows: Rows, loader: ModelLoader, task_type: TaskType, spec: RunSpec
) -> tuple[EncodedRows, MarkLoss]:
    """Take the rows whose answer is in their passage; `report_unreadable` counts the others."""
    spans = gold_spans(rows=rows, task_type=task_type)
    taught = [row for row, span in enumerate(spans) if span is not None]
    if not taught:
        raise DataInvalid(
            f"data.train: none of {len(rows)} answers is in its passage word for word, so that no model can learn to "
            "mark one. Give passages with their answers, or take a model that writes."
        )
    encoded = encode_rows(
        rows=rows.of(taught), task_type=task_type, tokenizer=loader.tokenizer, max_length=spec.training.max_length
    )
    target_W2 = window_targets(encoded=encoded, spans=[spans[row] for row in taught], missing=IGNORED)
    _report_split(encoded, target_W2)
    loss = MarkLoss.of_gold(count_W=num_places(encoded), target_W2=torch.from_numpy(target_W2))
    return loader.prepared(encoded), loss


def check_variety(*, gold: list[str], task_type: TaskType) -> None:
    """Raise DataInvalid if gold answers leave nothing to tell apart."""
    if not task_type.is_varied(gold):
        raise DataInvalid(
            f"data.train: all {len(gold)} examples are labelled {shown(gold[0])}. Label examples of another kind too."
        )


def report_unreadable(job: Job, train: Rows, loader: ModelLoader) -> None:
    """Count the answers that a model could not write, or mark, however well it learned them."""
    codec = loader.codec
    if loader.task_type.unit == TOKEN:
        _report_unmarked(job, train, loader.task_type)
    if codec is None:
        return
    if codec.task_type.is_written:
        if cut := num_cut(rows=train, codec=codec):
            told = f"{cut} of {len(train)} gold texts are longer than {codec.max_tokens} tokens and are cut"
            job.progress.log(f"{told}. Raise training.answer_length.")
        return
    texts, answers = train.columns[codec.task_type.input_fields[0]], train.labelled()
    tokens = codec.tokens(answers=answers, texts=texts)
    read = [codec.read(tokens=ids, text=text) for ids, text in zip(tokens, texts, strict=True)]
    lost = sum(found != answer for found, answer in zip(read, answers, strict=True))
    if lost:
        job.progress.log(f"{lost} of {len(train)} gold answers read otherwise once the tokenizer has written them")


def _report_split(encoded: EncodedRows, target_W2: npt.NDArray[np.int64]) -> None:
    """Count the answers that no window of their passage has whole: each of these teaches that there is none."""
    assert encoded.windows is not None
    num_split = int((np.maximum.reduceat(target_W2[:, 0], encoded.windows.bounds[:-1]) == 0).sum())
    if num_split:
        print(
            f"{num_split} of {len(encoded.windows.bounds) - 1} gold answers are whole in no window of their passage, "
            "and teach that it has none. Raise training.max_length.",
            flush=True,
        )


def _report_unmarked(job: Job, train: Rows, task_type: TaskType) -> None:
    missing = sum(span is None for span in gold_spans(rows=train, task_type=task_type))
    if missing:
        job.progress.log(
            f"{missing} of {len(train)} gold answers are not in their passage word for word and are left out: nothing "
            "there can be marked"
        )
