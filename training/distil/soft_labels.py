"""The soft-label store: a teacher's outputs over unlabelled examples, written once, read by every student."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any, Self

import datasets
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from training.answers import Rows
from training.data import (
    MOST_WHOLE_OUTPUTS,
    NUM_TOP_OUTPUTS,
    TAIL_TEMPERATURES,
    DataInvalid,
    ModelOutputs,
    StoredVectors,
    TokenLabels,
    TopOutputs,
    from_lists,
    to_lists,
    token_labels_in,
    vector_column,
)
from training.distil.confidence import DevConfidence
from training.distil.places import NUM_TOP_PLACES, TopPlaces
from training.learners import TagTransitions, learner_of
from training.runtime import removed_on_failure, write_json
from training.tasks import TOKEN, TaskType

METADATA_FILE = "soft_labels.json"
PLAN_FILE = "plan.json"
CONFIDENCE_FILE = "surety.json"
VECTORS = "vectors"
WRITTEN, CUT = "written", "is_cut"
TOP_COLUMNS = ("class_ids", "class_log_probs", "class_tails")


def num_top_outputs(*, task_type: TaskType, labels: Sequence[str]) -> int:
    """How many of a row's likeliest classes or places are kept; 0 keeps all, of few or where several may apply."""
    if task_type.unit == TOKEN:
        return NUM_TOP_PLACES
    is_one_choice = task_type.unit == "row" and learner_of(task_type).is_one_choice
    is_many = len(task_type.output_names(labels)) > MOST_WHOLE_OUTPUTS
    return NUM_TOP_OUTPUTS if is_one_choice and is_many else 0


class SoftLabelsUnusable(DataInvalid):
    """A soft-label set is missing, incomplete, or made for other labels."""


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How a teacher wrote: `num_answers` to each text, behind each other, of at most so many tokens.

    One is the likeliest; several are drawn by the `seed`.
    """

    num_answers: int
    answer_length: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class WrittenAnswers:
    """What a teacher wrote to N rows, None where it is empty, and which answers had no room for their end."""

    texts: list[str | None]
    is_cut_N: npt.NDArray[np.bool_]

    def of(self, kept_N: npt.NDArray[np.bool_]) -> Self:
        return replace(self, texts=list(compress(self.texts, kept_N)), is_cut_N=self.is_cut_N[kept_N])

    def counts(self) -> dict[str, int]:
        """Count, for a result and for people, what is not as it should be."""
        num_empty = sum(text is None for text in self.texts)
        return {"num_written": len(self.texts), "num_cut": int(self.is_cut_N.sum()), "num_empty": num_empty}


@dataclass(frozen=True, kw_only=True)
class StorePlan:
    """What a set is made of; two sets with the same plan have the same numbers.

    `outputs` names the numbers of each unit; `top_tokens` are kept at each place of a text-to-text teacher's answers.
    Of many classes only the `top_outputs` likeliest of each row are kept; 0 keeps all. `vector_shape` is that of a
    row's vectors, see StoredVectors; None keeps none. `writing` is how written answers came about; None where a set has
    none. `reads_apart`: the teacher reads each text of a pair by itself.
    """

    task_type: str
    labels: tuple[str, ...]
    unit: str
    outputs: tuple[str, ...]
    teacher_hash: str
    tokenizer_hash: str
    data_hash: str
    max_length: int
    precision: str
    rows_per_shard: int
    num_rows: int
    top_tokens: int = 0
    top_outputs: int = 0
    segmentation: str = "word"
    vector_shape: tuple[int, int] | None = None
    writing: Writing | None = None
    reads_apart: bool = False

    def payload(self) -> dict[str, Any]:
        payload = {**asdict(self), "labels": list(self.labels), "outputs": list(self.outputs)}
        if self.segmentation == "word":
            del payload["segmentation"]
        if not self.top_outputs:
            del payload["top_outputs"]
        if self.writing is None:
            del payload["writing"]
        if not self.reads_apart:
            del payload["reads_apart"]
        del payload["vector_shape"]
        if self.vector_shape:
            payload["vector_shape"] = list(self.vector_shape)
        if self.top_tokens or self.top_outputs:
            # Shards of an earlier version do not have the tails: they are not mixed with those that do.
            payload["tail_temperatures"] = list(TAIL_TEMPERATURES)
        return payload


@dataclass(frozen=True, kw_only=True)
class SoftLabels:
    """A finished set: a teacher's logits, its confidence on dev if calibrated, its tokens if text-to-text.

    Its `vectors`, if it keeps them, stay in their files; all else is in memory.
    """

    rows: Rows
    outputs: ModelOutputs | TopOutputs | TopPlaces
    tokenizer_hash: str
    dev: DevConfidence | None = None
    tokens: TokenLabels | None = None
    vectors: StoredVectors | None = None
    written: WrittenAnswers | None = None

    @property
    def num_texts(self) -> int:
        """How many texts it is about, to each of which there may be several written answers."""
        return len(self.rows) if self.written is None else len(set(self.rows.uids))

    def of(self, kept_N: npt.NDArray[np.bool_]) -> Self:
        rows = Rows(
            uids=list(compress(self.rows.uids, kept_N)),
            columns={name: list(compress(texts, kept_N)) for name, texts in self.rows.columns.items()},
            gold=None,
        )
        tokens = self.tokens.take(np.flatnonzero(kept_N).tolist()) if self.tokens else None
        outputs = self.outputs
        kept = outputs.of(kept_N) if isinstance(outputs, ModelOutputs) else outputs.of_rows(kept_N)
        vectors = self.vectors.of(kept_N) if self.vectors else None
        written = self.written.of(kept_N) if self.written else None
        return replace(self, rows=rows, outputs=kept, tokens=tokens, vectors=vectors, written=written)


class PartialStore:
    """A set being written, one shard file per slice of rows; a shard is there complete or not at all."""

    def __init__(self, folder: Path, plan: StorePlan) -> None:
        self._folder = folder
        self._plan = plan

    def is_published(self, target: Path) -> bool:
        """Say whether an earlier attempt finished this very set."""
        return self._is_of_plan(target)

    def open(self) -> None:
        """Keep the shards of an earlier attempt if they were made by the same plan, else start empty."""
        if not self._is_of_plan(self._folder):
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
            write_json(path=self._folder / PLAN_FILE, payload=self._plan.payload())

    def has(self, shard: int) -> bool:
        return self._shard_path(shard).is_file()

    def write(
        self,
        shard: int,
        *,
        rows: Rows,
        outputs: ModelOutputs | TopPlaces,
        tokens: TokenLabels | None = None,
        vectors_NSK: npt.NDArray[np.float32] | None = None,
        written: WrittenAnswers | None = None,
    ) -> None:
        """Write one shard of rows with their outputs, tokens and vectors, those of a row in one flat list."""
        columns = {"uid": pa.array(rows.uids), **{name: pa.array(texts) for name, texts in rows.columns.items()}}
        columns |= {**self._output_columns(outputs), **(tokens.columns() if tokens else {})}
        if vectors_NSK is not None:
            columns[VECTORS] = vector_column(vectors_NSK)
        if written is not None:
            columns |= {WRITTEN: pa.array(written.texts, type=pa.string()), CUT: pa.array(written.is_cut_N)}
        table = pa.table(columns)
        path = self._shard_path(shard)
        temporary = path.with_suffix(".tmp")
        with removed_on_failure(temporary):
            with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
            temporary.replace(path)

    def _output_columns(self, outputs: ModelOutputs | TopPlaces) -> dict[str, pa.Array]:
        if isinstance(outputs, TopPlaces):
            return outputs.columns()
        if not self._plan.top_outputs:
            return {"logits": to_lists(outputs.values_UC, outputs.bounds)}
        top = TopOutputs.of(outputs.values_UC, num_top=self._plan.top_outputs)
        found = (top.top_ids_NK, top.top_log_probs_NK, top.tails_NG)
        return {name: to_lists(values, outputs.bounds) for name, values in zip(TOP_COLUMNS, found, strict=True)}

    def publish(
        self,
        target: Path,
        *,
        calibration: Mapping[str, Any] | None,
        confidence: DevConfidence | None,
        transitions: TagTransitions | None = None,
    ) -> None:
        """Rename the complete shards to a finished set; calibration and confidence are None without a labelled dev.

        A teacher's transitions are kept beside its outputs, which stay those of single words.
        """
        if transitions is not None:
            transitions.save(self._folder, outputs=self._plan.outputs)
        if confidence is not None:
            write_json(path=self._folder / CONFIDENCE_FILE, payload=confidence.payload(), indent=None)
        # The plan stays: a set that is killed while it is renamed is then still known for what it is.
        payload = {**self._plan.payload(), "calibration": calibration}
        if self._plan.writing is not None:
            payload["written"] = _written_in(_shards(self._folder)).counts()
        write_json(path=self._folder / METADATA_FILE, payload=payload)
        shutil.rmtree(target, ignore_errors=True)
        self._folder.rename(target)

    def _is_of_plan(self, folder: Path) -> bool:
        try:
            found = json.loads((folder / PLAN_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return bool(found == self._plan.payload())

    def _shard_path(self, shard: int) -> Path:
        return self._folder / f"shard-{shard:06d}.arrow"


def read_soft_labels(*, folder: Path, task_type: str, input_fields: Sequence[str], labels: Sequence[str]) -> SoftLabels:
    """Read a finished set with the texts of some input fields. Raises: SoftLabelsUnusable."""
    metadata = read_metadata(folder)
    if metadata["task_type"] != task_type or metadata["labels"] != list(labels):
        raise SoftLabelsUnusable(
            f"data.soft_labels: {folder} is a {metadata['task_type']} over {metadata['labels']}, the spec asks for "
            f"{task_type} over {list(labels)}. Score again with a teacher of these labels."
        )
    shards = _shards(folder)
    num_rows = sum(len(shard) for shard in shards)
    if not shards or num_rows != metadata["num_rows"]:
        raise SoftLabelsUnusable(
            f"data.soft_labels: {folder} holds {num_rows} of {metadata['num_rows']} rows. Score again."
        )
    table = datasets.concatenate_datasets(shards)
    rows = Rows(uids=list(table["uid"]), columns={name: list(table[name]) for name in input_fields}, gold=None)
    return SoftLabels(
        rows=rows,
        outputs=_outputs_in(table.data, metadata),
        tokenizer_hash=metadata["tokenizer_hash"],
        dev=_dev_confidence(folder, metadata),
        tokens=token_labels_in(table.data) if metadata["top_tokens"] else None,
        vectors=_vectors_in(table.data, metadata, folder),
        written=_written_in(shards) if metadata.get("writing") else None,
    )


def _shards(folder: Path) -> list[datasets.Dataset]:
    return [datasets.Dataset.from_file(str(path)) for path in sorted(folder.glob("shard-*.arrow"))]


def _written_in(shards: Sequence[datasets.Dataset]) -> WrittenAnswers:
    return WrittenAnswers(
        texts=[text for shard in shards for text in shard[WRITTEN]],
        is_cut_N=np.concatenate([np.array(shard[CUT], dtype=np.bool_) for shard in shards]),
    )


def _outputs_in(table: pa.Table, metadata: Mapping[str, Any]) -> ModelOutputs | TopOutputs | TopPlaces:
    if metadata["unit"] == TOKEN:
        return TopPlaces.in_table(table)
    if metadata.get("top_outputs"):
        ids, log_probs, tails = (from_lists(table.column(name))[0].reshape(len(table), -1) for name in TOP_COLUMNS)
        return TopOutputs(top_ids_NK=ids, top_log_probs_NK=log_probs, tails_NG=tails)
    width = len(metadata["outputs"])
    values, bounds = from_lists(table.column("logits"))
    return ModelOutputs(values_UC=values.reshape(-1, width), bounds=bounds // width)


def _vectors_in(table: pa.Table, metadata: Mapping[str, Any], folder: Path) -> StoredVectors | None:
    shape = metadata.get("vector_shape")
    if shape is None:
        return None
    try:
        return StoredVectors.of_column(table.column(VECTORS), shape=tuple(shape))
    except (KeyError, TypeError, ValueError) as error:
        raise SoftLabelsUnusable(
            f"data.soft_labels: the vectors in {folder} cannot be read ({error}). Score again."
        ) from error


def _dev_confidence(folder: Path, metadata: Mapping[str, Any]) -> DevConfidence | None:
    if metadata.get("calibration") is None:
        return None
    try:
        return DevConfidence.from_payload(json.loads((folder / CONFIDENCE_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SoftLabelsUnusable(
            f"data.soft_labels: {folder / CONFIDENCE_FILE} cannot be read ({error}). Score again."
        ) from error


def read_metadata(folder: Path) -> dict[str, Any]:
    """Return a finished set's metadata. Raises: SoftLabelsUnusable."""
    try:
        metadata: dict[str, Any] = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SoftLabelsUnusable(
            f"data.soft_labels: {folder} is no finished soft-label set ({error}). Run a scoring first."
        ) from error
    return metadata
