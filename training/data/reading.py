"""From a dataset folder to checked rows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets

from tables.table import repeated
from training.answers import GoldInvalid, Rows
from training.runtime import PermanentFailure
from training.tasks import TaskType


class DataInvalid(PermanentFailure):
    """A dataset cannot be trained on or scored as it is."""


def open_dataset(*, folder: Path, name: str, columns: Sequence[str]) -> datasets.Dataset:
    """Open a dataset folder, memory-mapped. Raises: DataInvalid (no dataset, no rows, or a column is missing)."""
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
    """Read and check a labelled split; `name` is train, dev or test. Raises: DataInvalid, naming the example's uid."""
    columns = ("uid", *task_type.input_fields, "label")
    dataset = open_dataset(folder=folder, name=name, columns=columns)
    rows = checked_rows(batch=dataset[:], name=name, task_type=task_type)
    if twice := repeated(rows.uids):
        raise DataInvalid(f"data.{name}: duplicate example {twice[0]}. Keep each example once.")
    try:
        gold = task_type.read_gold(gold=list(dataset["label"]), columns=rows.columns, labels=labels)
    except GoldInvalid as error:
        raise DataInvalid(f"data.{name}: example {rows.uids[error.row]} {error}") from error
    return replace(rows, gold=list(gold))


def checked_rows(*, batch: Mapping[str, Any], name: str, task_type: TaskType) -> Rows:
    """Make checked rows, without labels, of a slice of a dataset. Raises: DataInvalid, naming the example's uid."""
    uids = [str(uid) for uid in batch["uid"]]
    columns = {field: list(batch[field]) for field in task_type.input_fields}
    for field, texts in columns.items():
        is_optional = field in task_type.optional_fields
        for uid, text in zip(uids, texts, strict=True):
            if not isinstance(text, str) or not (text.strip() or is_optional):
                raise DataInvalid(f"data.{name}: example {uid} has an empty {field}. Remove the example or fill it.")
    return Rows(uids=uids, columns=columns, gold=None)
