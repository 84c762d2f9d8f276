"""Datasets in: Arrow folders to checked rows, rows to token ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import numpy.typing as npt

from training.failures import PermanentFailure
from training.gold import GoldInvalid
from training.hidden import HiddenStates
from training.rows import Rows as Rows
from training.sides import joined_sides, parted_sides
from training.spans import NO_TOKEN, WORD_TOKENS
from training.task_types.base import Encoded, TaskType
from training.units import Units


class DataInvalid(PermanentFailure):
    """A dataset cannot be trained on or scored as it is."""


@dataclass(frozen=True, kw_only=True)
class EncodedRows:
    """Token ids of N rows, with their lengths and units; `pad_values` fills each input up to a batch's longest.

    `columns` are the texts themselves, which a model that writes is read against; `frozen` are the states behind the
    layers that a training leaves as they are, where they are kept.
    """

    inputs: list[Encoded]
    lengths: npt.NDArray[np.int64]
    units: Units
    pad_values: dict[str, int]
    columns: dict[str, list[str]]
    frozen: HiddenStates | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.inputs)


def open_dataset(*, folder: Path, name: str, columns: Sequence[str]) -> datasets.Dataset:
    """Open a dataset folder, memory-mapped, and make sure of its columns.

    Parameters
    ----------
    folder
        written by `datasets.Dataset.save_to_disk`.
    name
        what the spec calls it, for messages.
    columns
        the columns that must be there.

    Returns
    -------
    The dataset, at least one row.

    Raises
    ------
    DataInvalid: no dataset there, no rows, or a column is missing.
    """
    try:
        dataset = datasets.load_from_disk(str(folder))
    except IndexError as error:
        # datasets saves an empty dataset without any file, and then cannot open it.
        raise _no_rows(name, folder) from error
    except (OSError, ValueError, KeyError) as error:
        raise DataInvalid(
            f"data.{name}: no dataset can be read at {folder} ({error}). Write it with save_to_disk."
        ) from error
    if not isinstance(dataset, datasets.Dataset):
        raise DataInvalid(f"data.{name}: {folder} holds several datasets. Save the one split by itself.")
    absent = [column for column in columns if column not in dataset.column_names]
    if absent:
        raise DataInvalid(f"data.{name}: no column {', '.join(absent)} in {folder}. It has {dataset.column_names}.")
    if len(dataset) == 0:
        raise _no_rows(name, folder)
    return dataset


def _no_rows(name: str, folder: Path) -> DataInvalid:
    return DataInvalid(f"data.{name}: {folder} has no rows. Put at least one example in it.")


def read_labelled(*, folder: Path, name: str, task_type: TaskType, labels: Sequence[str]) -> Rows:
    """Read and check a labelled split.

    Parameters
    ----------
    folder
        the dataset folder.
    name
        train, dev or test, for messages.
    task_type
        says which input fields there are, and what an answer is.
    labels
        the study's labels; every gold answer must be made of them.

    Returns
    -------
    The rows, each with its gold answer.

    Raises
    ------
    DataInvalid: as open_dataset, or an empty text, a double uid or a gold label that is no answer, naming the uid.
    """
    columns = ("uid", *task_type.input_fields, "label")
    dataset = open_dataset(folder=folder, name=name, columns=columns)
    rows = checked_rows(batch=dataset[:], name=name, task_type=task_type)
    _check_uids(rows.uids, name)
    try:
        gold = task_type.read_gold(gold=list(dataset["label"]), columns=rows.columns, labels=labels)
    except GoldInvalid as error:
        raise DataInvalid(f"data.{name}: example {rows.uids[error.row]} {error}") from error
    return replace(rows, gold=list(gold))


def checked_rows(*, batch: Mapping[str, Any], name: str, task_type: TaskType) -> Rows:
    """Make checked rows of a slice of a dataset.

    Parameters
    ----------
    batch
        columns as lists, as slicing a dataset gives them.
    name
        what the spec calls the dataset, for messages.
    task_type
        says which input fields there are.

    Returns
    -------
    The rows.

    Raises
    ------
    DataInvalid: a text is empty or no text, naming the example's uid.
    """
    uids = [str(uid) for uid in batch["uid"]]
    columns = {field: list(batch[field]) for field in task_type.input_fields}
    for field, texts in columns.items():
        for uid, text in zip(uids, texts, strict=True):
            if not isinstance(text, str) or not text.strip():
                raise DataInvalid(f"data.{name}: example {uid} has an empty {field}. Remove the example or fill it.")
    return Rows(uids=uids, columns=columns, gold=None)


def _check_uids(uids: list[str], name: str) -> None:
    seen: set[str] = set()
    for uid in uids:
        if uid in seen:
            raise DataInvalid(f"data.{name}: duplicate example {uid}. Keep each example once.")
        seen.add(uid)


def encode_rows(
    *, rows: Rows, task_type: TaskType, tokenizer: Any, max_length: int, pooling: str | None = None
) -> EncodedRows:
    """Tokenise rows once, unpadded, so that every epoch and every batch shape reuses the ids.

    Parameters
    ----------
    rows
        checked rows.
    task_type
        knows how its input fields become one sequence.
    tokenizer
        the model's own tokenizer.
    max_length
        tokens at most.
    pooling
        of the model; None of one that writes.

    Returns
    -------
    The encodings, in the order of the rows.
    """
    inputs = task_type.encode(
        tokenizer=tokenizer, columns=rows.columns, max_length=max_length, pooling=pooling or "mean"
    )
    lengths = np.array([sum(len(side.get("input_ids", ())) for side in parted_sides(row)) for row in inputs])
    pad_values = {
        "attention_mask": 0,
        "input_ids": tokenizer.pad_token_id,
        "token_type_ids": getattr(tokenizer, "pad_token_type_id", 0),
        WORD_TOKENS: NO_TOKEN,
    }
    of_words = task_type.unit == "word"
    units = Units.of_words([row[WORD_TOKENS] for row in inputs]) if of_words else Units.one_per_row(len(inputs))
    return EncodedRows(
        inputs=inputs,
        lengths=lengths,
        units=units,
        pad_values=joined_sides(pad_values, pad_values),
        columns=rows.columns,
    )
