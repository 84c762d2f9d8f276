"""Examples are ordered by the margin of their answer, whatever the form of an answer."""

from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pytest
from pytest_django import Settings

from runs.models import Artifact, Run
from runs.results import KeptScores, least_sure_first
from studies.models import Study

LABELS = ["a", "b", "c"]


def order_of(folder: Path, *, task_type: str, columns: dict[str, list[list[float]]]) -> list[int]:
    """The numbers of the rows of a set with these columns, the least sure first."""
    num_rows = len(next(iter(columns.values())))
    lists = {name: pa.array(values, pa.list_(pa.float32())) for name, values in columns.items()}
    table = pa.table({"uid": [str(UUID(int=number)) for number in range(num_rows)], **lists})
    folder.mkdir(parents=True)
    with pa.OSFile(str(folder / "shard-000000.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    run = Run(study=Study(task_type=task_type, labels=LABELS))
    scores = KeptScores(artifact=Artifact(run=run, folder=folder.name), model_run=run)
    return [uid.int for uid in least_sure_first(scores)]


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.RUNS_DIR = tmp_path
    return tmp_path / "set"


def test_of_one_label_by_the_two_likeliest(folder: Path) -> None:
    logits = [[9.0, 5.0, 0.0], [1.0, 0.5, -8.0], [0.0, 3.0, 2.0], [float("nan"), 0.0, 0.0]]
    assert order_of(folder, task_type="text_classification", columns={"logits": logits}) == [1, 2, 0]


def test_of_many_labels_by_the_likeliest_that_are_kept(folder: Path) -> None:
    columns = {"class_ids": [[0.0, 1.0], [1.0, 0.0]], "class_log_probs": [[-0.1, -3.0], [-0.6, -0.9]]}
    assert order_of(folder, task_type="text_classification", columns=columns) == [1, 0]


def test_where_several_labels_may_apply_by_the_nearest_to_the_line(folder: Path) -> None:
    logits = [[4.0, -4.0, 3.0], [5.0, 0.2, -5.0]]
    assert order_of(folder, task_type="multi_label_classification", columns={"logits": logits}) == [1, 0]


def test_of_entities_by_the_least_sure_word_and_a_row_without_words_never(folder: Path) -> None:
    num_tags = len(Study(task_type="entity_extraction", labels=LABELS).definition.output_names(LABELS))
    sure, unsure = [8.0, *[0.0] * (num_tags - 1)], [1.0, 0.9, *[0.0] * (num_tags - 2)]
    logits = [[*sure, *sure], [], [*sure, *unsure, *sure]]
    assert order_of(folder, task_type="entity_extraction", columns={"logits": logits}) == [2, 0]


def test_of_marked_answers_by_the_less_sure_of_start_and_end(folder: Path) -> None:
    sure, unsure, none = [-9.0, -0.1, -3.0], [-0.6, -8.0, -0.8], [float("nan")] * 3
    columns = {"place_log_probs": [[*sure, *sure], [*none, *none], [*sure, *unsure]]}
    assert order_of(folder, task_type="question_answering", columns=columns) == [2, 0]
