import pytest

from tests.tiny_runs import RunFolder, carry_out, sentences, write_dataset
from training.data import DataInvalid
from training.distil.soft_labels import SoftLabelsUnusable


def refusal(run_folder: RunFolder, rows: dict[str, list[str]]) -> str:
    folder = run_folder()
    write_dataset(folder / "data" / "bad", rows)
    spec = folder / "spec.json"
    spec.write_text(spec.read_text().replace("data/train", "data/bad"))
    with pytest.raises(DataInvalid) as refused:
        carry_out(folder)
    assert not (folder / "artifact").exists()
    return str(refused.value)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_is_named_by_its_example(run_folder: RunFolder, text: str) -> None:
    rows = sentences(6)
    rows["text"][3] = text
    assert "example u3 has an empty text" in refusal(run_folder, rows)


def test_an_unknown_label_is_named_with_its_example(run_folder: RunFolder) -> None:
    rows = sentences(6)
    rows["label"][2] = "maybe"
    assert "example u2 has label 'maybe'" in refusal(run_folder, rows)


def test_an_example_that_stands_twice_is_named(run_folder: RunFolder) -> None:
    rows = sentences(6)
    rows["uid"][5] = "u1"
    assert "duplicate example u1" in refusal(run_folder, rows)


def test_one_class_only_is_nothing_to_learn(run_folder: RunFolder) -> None:
    rows = sentences(6)
    rows["label"] = ["pos"] * 6
    assert "all 6 examples are labelled 'pos'" in refusal(run_folder, rows)


def test_a_missing_column_is_named(run_folder: RunFolder) -> None:
    rows = sentences(6)
    del rows["text"]
    assert "no column text" in refusal(run_folder, rows)


def test_no_rows_are_refused(run_folder: RunFolder) -> None:
    assert "no rows" in refusal(run_folder, {"uid": [], "text": [], "label": []})


def test_a_soft_label_set_that_is_not_there_is_refused(run_folder: RunFolder) -> None:
    with pytest.raises(SoftLabelsUnusable, match="no finished soft-label set"):
        carry_out(run_folder(kind="distil", data={"soft_labels": "data/none"}))
