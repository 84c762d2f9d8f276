"""A trained student or teacher as a folder: an ordinary checkpoint with its head and label map beside it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from training.contract import LABEL_MAP_FILE
from training.data import PromptFrame
from training.learners.registry import learner_of
from training.models import (
    AnswerCodec,
    AnswerMarker,
    DecoderOnly,
    EncoderClassifier,
    Pretrained,
    PretrainedUnusable,
    TextToText,
    check_segments,
    load_pretrained,
    question_answerer,
    state_in_fp32,
)
from training.runtime import write_json
from training.spec import ModelSource
from training.tasks import PAIR_POOLINGS, TaskType

HEAD_FILE = "head.safetensors"


@dataclass(frozen=True, kw_only=True)
class LabelMap:
    """What an artifact answers, with labels in the order of its outputs, and how a text becomes its units.

    `answer_length` are the most tokens of a written or marked answer, 0 where there are none. A `frame` is kept as it
    was in training: some chat templates write the day's date.
    """

    task_type: str
    labels: tuple[str, ...]
    max_length: int
    pooling: str = "mean"
    segmentation: str = "word"
    answer_length: int = 0
    frame: PromptFrame | None = None


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """A model with its tokenizer, ready to train or to score."""

    model: EncoderClassifier | TextToText
    tokenizer: Any

    @property
    def codec(self) -> AnswerCodec | None:
        return self.model.codec if isinstance(self.model, TextToText) else None

    @property
    def frame(self) -> PromptFrame | None:
        """What stands around a text in its prompts, as `encode_rows` is to be told."""
        return self.codec.frame if self.codec else None


def load_classifier(
    *,
    source: ModelSource,
    task_type: TaskType,
    labels: Sequence[str],
    max_length: int,
    pooling: str = "mean",
    answer_length: int = 0,
) -> Classifier:
    """Load a checkpoint with a head on the CPU, fp32: an artifact's own head, else a fresh one with this `pooling`.

    A text-to-text model has no head; an artifact of which only some layers are kept gets a fresh one. Answers that are
    written or marked have at most `answer_length` tokens. Raises: PretrainedMissing, PretrainedUnusable (also an
    artifact of other labels), LabelUnwritable.
    """
    pretrained = load_pretrained(source=source, max_length=max_length, is_to_write=task_type.is_written)
    if len(task_type.input_fields) > 1 and not task_type.is_written:
        check_segments(pretrained=pretrained, source=source)
    folder, frame = Path(source.name), None
    if is_artifact(source):
        check_label_map(folder=folder, task_type=task_type, labels=labels)
        label_map = read_label_map(folder)
        pooling, frame = label_map.pooling, label_map.frame
    if pretrained.writes:
        codec = AnswerCodec(
            task_type=task_type,
            tokenizer=pretrained.tokenizer,
            labels=tuple(labels),
            max_length=max_length,
            vocab_size=pretrained.model.config.vocab_size,  # type: ignore[union-attr, arg-type]
            answer_length=answer_length,
            frame=(frame or PromptFrame.of(pretrained.tokenizer)) if pretrained.is_decoder_only else None,
        )
        _check_room(pretrained, codec, source)
        kind = DecoderOnly if pretrained.is_decoder_only else TextToText
        return Classifier(model=kind(language_model=pretrained.model, codec=codec), tokenizer=pretrained.tokenizer)
    model = learner_of(task_type).build(encoder=pretrained.model, labels=labels, pooling=pooling)
    if isinstance(model, AnswerMarker):
        model.answer_length = answer_length
    if is_artifact(source):
        try:
            model.load_head(load_file(folder / HEAD_FILE))
        except (OSError, RuntimeError, SafetensorError) as error:
            raise PretrainedUnusable(f"The head in {folder} cannot be loaded ({error}). Train it again.") from error
    return Classifier(model=model, tokenizer=pretrained.tokenizer)


def _check_room(pretrained: Pretrained, codec: AnswerCodec, source: ModelSource) -> None:
    """Raise PretrainedUnusable unless prompt and answer fit behind each other into a decoder's positions."""
    positions = getattr(pretrained.model.config, "max_position_embeddings", None)
    if codec.frame is None or positions is None:
        return
    needed = codec.max_length + len(codec.frame) + codec.max_tokens
    if needed > positions:
        raise PretrainedUnusable(
            f"Model {source} has {positions} positions; training.max_length {codec.max_length}, {len(codec.frame)} of "
            f"its prompt and training.answer_length {codec.max_tokens} come to {needed}. Lower one of them."
        )


def is_artifact(source: ModelSource) -> bool:
    """Say whether a source is a folder that a run of ours made, head included, with all its layers."""
    of_folder = source.source == "folder" and source.layers is None
    return of_folder and (Path(source.name) / LABEL_MAP_FILE).is_file()


def read_label_map(folder: Path) -> LabelMap:
    """Read an artifact's label map. Raises: PretrainedUnusable."""
    try:
        payload = json.loads((folder / LABEL_MAP_FILE).read_text(encoding="utf-8"))
        return LabelMap(
            task_type=payload["task_type"],
            labels=tuple(payload["labels"]),
            max_length=payload["max_length"],
            # Artifacts of a time with one pooling only name it in other words.
            pooling=payload["pooling"] if payload.get("pooling") in PAIR_POOLINGS else "mean",
            segmentation=str(payload.get("segmentation") or "word"),
            answer_length=int(payload.get("answer_length") or 0),
            frame=_frame_in(payload),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PretrainedUnusable(f"{folder / LABEL_MAP_FILE} cannot be read ({error}). Train it again.") from error


def _frame_in(payload: dict[str, Any]) -> PromptFrame | None:
    frame = payload.get("frame")
    return PromptFrame(before=tuple(frame["before"]), after=tuple(frame["after"])) if frame else None


def check_label_map(*, folder: Path, task_type: TaskType, labels: Sequence[str]) -> None:
    """Raise PretrainedUnusable unless an artifact is of this task type and answers these labels in this order."""
    found = read_label_map(folder)
    if found.task_type != task_type.name or found.labels != tuple(labels):
        raise PretrainedUnusable(
            f"{folder} is a {found.task_type} over {len(found.labels)} labels ({', '.join(found.labels)}), the spec "
            f"asks for {task_type.name} over {len(labels)} ({', '.join(labels)}). Name the labels in the same order."
        )


def save_classifier(*, classifier: Classifier, label_map: LabelMap, folder: Path) -> None:
    """Write encoder, tokenizer, head and label map into an existing folder, weights in fp32, with adapters merged."""
    model = classifier.model
    checkpoint: Any = model.language_model if isinstance(model, TextToText) else model.encoder
    if isinstance(model, TextToText) and model.has_adapters:
        model.merge()
    if isinstance(model, AnswerMarker):
        checkpoint = question_answerer(model) or checkpoint
    checkpoint.save_pretrained(folder, state_dict=state_in_fp32(checkpoint))
    # It writes down how it was called last, which is as it reads texts and not what else was asked of it.
    classifier.tokenizer("", truncation=True, max_length=label_map.max_length)
    classifier.tokenizer.save_pretrained(folder)
    if isinstance(model, EncoderClassifier):
        save_file(model.head_state(), folder / HEAD_FILE)
    write_json(
        path=folder / LABEL_MAP_FILE,
        payload={
            "task_type": label_map.task_type,
            "labels": list(label_map.labels),
            "max_length": label_map.max_length,
            "pooling": classifier.model.pooling,
            **({"segmentation": label_map.segmentation} if label_map.segmentation != "word" else {}),
            **({"answer_length": label_map.answer_length} if label_map.answer_length else {}),
            **({"frame": asdict(classifier.frame)} if classifier.frame else {}),
        },
    )
