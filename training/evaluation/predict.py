"""Label a file of examples with an artifact."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tables.whole_files import write_whole
from training.answers import Rows
from training.compute import Compute, has_fast_bf16
from training.contract import EXPORT_FILE, ONNX_FILE
from training.data import (
    EncodedRows,
    FileCheck,
    FileInvalid,
    InputLine,
    LineAnswer,
    ModelOutputs,
    answer_rows,
    check_lines,
    is_csv,
    read_lines,
)
from training.evaluation.outputs import EncodedSplit, predict_answers, predict_logits
from training.learners import LabelMap, TagTransitions, encode_rows, learner_of, load_classifier, read_label_map
from training.models import EncoderClassifier, OnnxModel, TextToText, load_tokenizer
from training.runtime import StopFlag
from training.spec import ModelSource
from training.tasks import TASK_TYPES, TaskType, WrittenAnswerType

LINES_PER_BLOCK = 1024
# What the probability of an answer is called that is none of a study's labels.
WRITTEN = "answer"


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Called with notes on a file, before anything is labelled, and then with the number of lines done."""

    on_note: Callable[[str], None]
    on_rows: Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """A loaded artifact, or an export of one, that answers examples."""

    task_type: TaskType
    label_map: LabelMap
    model: EncoderClassifier | TextToText | OnnxModel
    tokenizer: Any
    compute: Compute
    stop: StopFlag
    transitions: TagTransitions | None = None

    def encoded(self, rows: Rows) -> EncodedRows:
        return encode_rows(
            rows=rows,
            task_type=self.task_type,
            tokenizer=self.tokenizer,
            max_length=self.label_map.max_length,
            pooling=self.model.pooling,
            frame=self.model.codec.frame if isinstance(self.model, TextToText) else None,
        )

    def outputs(self, rows: EncodedRows) -> ModelOutputs:
        return predict_logits(model=self.model, rows=rows, compute=self.compute, stop=self.stop)

    def answers(self, lines: Sequence[InputLine]) -> list[LineAnswer]:
        good = iter(self._answers([line for line in lines if not line.problem]))
        return [next(good) if not line.problem else _unanswered(line) for line in lines]

    def _answers(self, lines: Sequence[InputLine]) -> Iterator[LineAnswer]:
        if not lines:
            return
        fields, labels = self.task_type.input_fields, self.label_map.labels
        columns = {name: [line.texts[name] for line in lines] for name in fields}
        rows = Rows(uids=[line.uid for line in lines], columns=columns, gold=None)
        learner = learner_of(self.task_type, self.transitions)
        found = predict_answers(
            model=self.model,
            learner=learner,
            labels=labels,
            split=EncodedSplit(rows=rows, encoded=self.encoded(rows)),
            compute=self.compute,
            stop=self.stop,
        )
        shares_NC = learner.probabilities(outputs=found.outputs, labels=labels)
        for uid, answer, shares in zip(rows.uids, found.predicted, shares_NC, strict=True):
            numbers = [round(float(share), 6) if np.isfinite(share) else None for share in shares]
            yield LineAnswer(uid=uid, predicted=answer, probabilities=dict(zip(self.names, numbers, strict=True)))

    @property
    def names(self) -> Sequence[str]:
        """What its probabilities are of: the labels, or the answer that was written."""
        return self.label_map.labels if self.task_type.has_labels else (WRITTEN,)


def _unanswered(line: InputLine) -> LineAnswer:
    return LineAnswer(uid=line.uid, predicted=None, probabilities={}, problem=line.problem)


def load_predictor(folder: Path, *, stop: StopFlag) -> Predictor:
    """Load a trained student or teacher, or an export of one, on the CPU. Raises: PermanentFailure."""
    label_map = read_label_map(folder)
    task_type = TASK_TYPES[label_map.task_type].segmented(label_map.segmentation)
    source = ModelSource(source="folder", name=str(folder))
    model: EncoderClassifier | TextToText | OnnxModel
    if (folder / EXPORT_FILE).is_file():
        path, length = folder / ONNX_FILE, label_map.answer_length
        model = OnnxModel(path=path, pooling=label_map.pooling, answer_length=length)
        tokenizer = load_tokenizer(str(folder), source)
    else:
        classifier = load_classifier(
            source=source,
            task_type=task_type,
            labels=label_map.labels,
            max_length=label_map.max_length,
            answer_length=label_map.answer_length,
        )
        model, tokenizer = classifier.model, classifier.tokenizer
    device = torch.device("cpu")
    return Predictor(
        task_type=task_type,
        label_map=label_map,
        model=model,
        tokenizer=tokenizer,
        compute=Compute(device=device, bf16=has_fast_bf16(device) and not isinstance(model, OnnxModel)),
        stop=stop,
        transitions=TagTransitions.read(folder, outputs=task_type.output_names(label_map.labels)),
    )


def predict_file(
    *,
    artifact: Path,
    source: Path,
    target: Path,
    keep_going: bool = False,
    stop: StopFlag | None = None,
    listener: Listener | None = None,
) -> int:
    """Label each line of a CSV or JSON-lines file and return their number; memory does not grow with it.

    The target is replaced as a whole; `keep_going` writes a bad line's error into it, instead of refusing the file.
    Raises: FileInvalid (nothing was loaded or written), PermanentFailure, StopRequested (nothing was written).
    """
    task_type = TASK_TYPES[read_label_map(artifact).task_type]
    fields, optional = task_type.input_fields, task_type.optional_fields
    is_csv(target)
    if target.exists() and source.exists() and target.samefile(source):
        raise FileInvalid(f"{source.name}: is both the input and the output. Name another file to write to.")
    check = check_lines(path=source, fields=fields, optional=optional)
    if check.num_bad and not keep_going:
        raise FileInvalid(_complaint(source, check))
    if listener is not None:
        for note in _notes(check):
            listener.on_note(note)
    predictor = load_predictor(artifact, stop=stop or StopFlag())
    lines = read_lines(path=source, fields=fields, optional=optional)
    answers = _answers(predictor, lines, listener)
    rows = answer_rows(path=target, answers=answers, labels=predictor.names)
    write_whole({target: (row.encode() for row in rows)})
    return check.num_lines


def _answers(predictor: Predictor, lines: Iterator[InputLine], listener: Listener | None) -> Iterator[LineAnswer]:
    count = 0
    while block := list(islice(lines, LINES_PER_BLOCK)):
        yield from (_for_people(answer, predictor.task_type) for answer in predictor.answers(block))
        count += len(block)
        if listener is not None:
            listener.on_rows(count)


def _for_people(answer: LineAnswer, task_type: TaskType) -> LineAnswer:
    """A text that was written stands in a file as it is."""
    if answer.predicted is None or not isinstance(task_type, WrittenAnswerType):
        return answer
    return replace(answer, predicted=task_type.prediction_as_json(answer.predicted))


def _notes(check: FileCheck) -> list[str]:
    named = ", ".join(str(line.number) for line in check.bad) + (" …" if check.num_bad > len(check.bad) else "")
    bad = f"{check.num_bad:,} of {check.num_lines:,} lines cannot be labelled and get an error: {named}."
    return [*check.notes, bad] if check.num_bad else list(check.notes)


def _complaint(source: Path, check: FileCheck) -> str:
    named = "\n".join(f"line {line.number}: {line.problem}" for line in check.bad)
    more = f"\n(and {check.num_bad - len(check.bad):,} more)" if check.num_bad > len(check.bad) else ""
    what = f"{check.num_bad:,} of {check.num_lines:,} lines cannot be labelled"
    return f"{source.name}: {what}. Correct or remove them, or keep going without them.\n{named}{more}"
