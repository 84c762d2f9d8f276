from pathlib import Path

import pytest

from tests.tiny_runs import RunFolder, carry_out, rows_with, sentences, write_dataset
from training.answers import Rows
from training.data.leaks import count_leaks


def texts(*shown: str) -> Rows:
    return rows_with(["a"] * len(shown), texts=shown)


def test_rows_alike_but_for_case_and_white_space_are_counted() -> None:
    rows = {"train": texts("Good  movie", "sad", "good movie "), "test": texts("good movie", "fine")}
    assert count_leaks(rows) == {"train_in_test": 2}


def test_each_pair_of_splits_is_told_apart() -> None:
    rows = {"train": texts("a"), "pseudo": texts("b"), "dev": texts("c", "b"), "test": texts("a", "c")}
    found = count_leaks(rows)
    assert found == {"train_in_dev": 0, "pseudo_in_dev": 1, "train_in_test": 1, "pseudo_in_test": 0, "dev_in_test": 1}


def test_a_pair_leaks_only_as_a_whole() -> None:
    def pair(first: str, second: str) -> Rows:
        return Rows(uids=["u"], columns={"text_a": [first], "text_b": [second]}, gold=None)

    assert count_leaks({"train": pair("a", "b"), "test": pair("b", "a")}) == {"train_in_test": 0}
    assert count_leaks({"train": pair("a", "b"), "test": pair("A", "b")}) == {"train_in_test": 1}


def test_a_run_says_so_and_goes_on(run_folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    folder = run_folder("leaky")
    shared = write_dataset(folder / "data" / "shared", sentences(10))
    spec = (folder / "spec.json").read_text().replace('"data/test"', f'"{shared}"')
    (folder / "spec.json").write_text(spec)
    assert carry_out(folder)["leaks"]["train_in_test"] == 10
    assert "10 of 24 rows of train are in test too" in capsys.readouterr().out


def test_a_clean_run_is_silent(run_folder: RunFolder, teacher: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = {"unlabelled": "data/unlabelled"}
    scoring = run_folder("scoring", kind="score", teacher_artifact=str(teacher), data=data)
    carry_out(scoring)
    given = {"soft_labels": str(scoring / "soft_labels"), "train": "data/train", "test": "data/test"}
    leaks = carry_out(run_folder("student", kind="distil", data=given))["leaks"]
    assert set(leaks) == {"train_in_test", "pseudo_in_test"}
    assert ("warning" in capsys.readouterr().out) == any(leaks.values())
