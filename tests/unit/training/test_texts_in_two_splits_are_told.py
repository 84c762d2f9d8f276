from pathlib import Path

import numpy as np
import pytest

from tests.tiny_runs import RunFolder, carry_out, rows_with, sentences, write_dataset
from training.answers import Rows
from training.data.leaks import find_leaks


def texts(*shown: str) -> Rows:
    return rows_with(["a"] * len(shown), texts=shown)


def count_leaks(rows: dict[str, Rows]) -> dict[str, int]:
    return {name: leak.count for name, leak in find_leaks(rows).items()}


def test_rows_alike_but_for_case_and_white_space_are_counted() -> None:
    rows = {"train": texts("Good  movie", "sad", "good movie "), "test": texts("good movie", "fine")}
    assert count_leaks(rows) == {"train_in_test": 2}


def test_each_pair_of_splits_is_told_apart() -> None:
    rows = {"train": texts("a"), "pseudo": texts("b"), "dev": texts("c", "b"), "test": texts("a", "c")}
    found = count_leaks(rows)
    assert found == {"train_in_dev": 0, "pseudo_in_dev": 1, "train_in_test": 1, "pseudo_in_test": 0, "dev_in_test": 1}


def pair(first: str, second: str) -> Rows:
    return Rows(uids=["u"], columns={"text_a": [first], "text_b": [second]}, gold=None)


def test_a_pair_leaks_as_a_whole_in_either_order() -> None:
    assert count_leaks({"train": pair("a", "b"), "test": pair("A", "b")}) == {"train_in_test": 1}
    assert count_leaks({"train": pair("a", "b"), "test": pair("b", "a")}) == {"train_in_test": 1}
    assert count_leaks({"train": pair("a", "b"), "test": pair("a", "c")}) == {"train_in_test": 0}


LONG = " ".join(f"word{number}" for number in range(30))


@pytest.mark.parametrize(
    ("other", "is_near"),
    [
        (LONG.replace("word7", "another"), True),
        (LONG.replace("word7", "another").replace("word20", "word"), False),
        (f"Forwarded: {LONG.title()}!", True),
        (" ".join(reversed(LONG.split())), False),
        (" ".join(LONG.split()[:15]), False),
        ("", False),
    ],
)
def test_a_text_with_a_few_words_changed_leaks(other: str, is_near: bool) -> None:
    (leak,) = find_leaks({"train": texts("something else", other), "test": texts("fine", LONG)}).values()
    assert (leak.same, leak.near) == (0, int(is_near))


def test_a_script_without_spaces_has_near_duplicates_too() -> None:
    text = "今日は天気がとてもいいので公園まで散歩に行きました"
    (leak,) = find_leaks({"train": texts(text.replace("公", "庭")), "test": texts(text)}).values()
    assert leak.near == 1


def test_a_pair_is_near_only_where_both_its_texts_are() -> None:
    changed = LONG.replace("word7", "another")
    near = find_leaks({"train": pair("so it is", changed), "test": pair(LONG, "So it is.")})["train_in_test"]
    claims = find_leaks({"train": pair("it is so", LONG), "test": pair("it was not", LONG)})["train_in_test"]
    assert (near.near, claims.near) == (1, 0), "evidence that many claims share is no leak"


def test_every_near_duplicate_among_many_rows_is_found() -> None:
    rng = np.random.default_rng(0)
    rows = [" ".join(f"w{number}" for number in rng.integers(0, 5000, 40)) for _ in range(3000)]
    changed = [" ".join([*text.split()[:20], "changed", *text.split()[21:]]) for text in rows[:200]]
    (leak,) = find_leaks({"train": texts(*rows[1000:], *changed), "test": texts(*rows[:1000])}).values()
    assert (leak.same, leak.near) == (0, 200)


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
