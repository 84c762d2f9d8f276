"""What labels say of themselves may be nothing, wrong or too much: `auto` makes a model all the same, and says why."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_runs import LABELS, RunFolder, carry_out, examples, write_dataset

DATA = {"train": "data/train", "pool": "data/unlabelled"}


def chosen(folder: Path) -> dict[str, Any]:
    choice: dict[str, Any] = carry_out(folder)["choice"]
    assert choice["why"].endswith(".")
    return choice


def with_labels(folder: Path, names: dict[str, str], *, further: tuple[str, ...] = ()) -> Path:
    """Call a run's labels something else, and give it further ones that have no example."""
    rows = examples("text_classification", 60)
    write_dataset(folder / "data" / "named", {**rows, "label": [names[label] for label in rows["label"]]})
    payload = json.loads((folder / "spec.json").read_text())
    data = {**DATA, "train": "data/named"}
    labels = [*names.values(), *further]
    (folder / "spec.json").write_text(json.dumps({**payload, "labels": labels, "data": data}))
    return folder


@pytest.fixture
def folder(run_folder: RunFolder) -> Path:
    return run_folder(training={"recipe": "auto"}, data=DATA)


def test_names_that_say_nothing(folder: Path) -> None:
    choice = chosen(with_labels(folder, {"neg": "1", "pos": "2"}))
    assert choice["notes"] == ["Label '1', '2': the name says nothing. Add a description or example phrases."]
    assert choice["chosen"] not in ("names", "names_and_pool", "none")


def test_names_in_signs_that_the_checkpoint_does_not_know(folder: Path) -> None:
    choice = chosen(with_labels(folder, {"neg": "плохой", "pos": "хороший"}))
    assert "the checkpoint reads the same in them" in choice["notes"][0]
    assert choice["chosen"] not in ("names", "names_and_pool", "none")


def test_names_that_mislead(folder: Path) -> None:
    choice = chosen(with_labels(folder, {"neg": "good great happy", "pos": "bad awful sad"}))
    assert any("Label names mislead" in note and "language, of the texts" in note for note in choice["notes"])
    assert choice["chosen"] not in ("names", "names_and_pool", "none")


def test_a_thousand_labels_most_of_them_without_an_example(folder: Path) -> None:
    further = tuple(f"kind {number} of movie" for number in range(998))
    choice = chosen(with_labels(folder, {"neg": "bad", "pos": "good"}, further=further))
    assert any("and 993 more: no labelled example" in note for note in choice["notes"])


def test_equal_descriptions(run_folder: RunFolder) -> None:
    said = {label: ["an opinion"] for label in LABELS}
    choice = chosen(run_folder(training={"recipe": "auto"}, data=DATA, label_texts=said))
    assert choice["notes"] == ["Label 'neg', 'pos': described in the same words. Tell them apart."]


def test_a_label_without_an_example(folder: Path) -> None:
    choice = chosen(with_labels(folder, {"neg": "bad", "pos": "good"}, further=("the sea", "3")))
    notes = " ".join(choice["notes"])
    assert "Label 'the sea': no labelled example; only what it says of itself is known." in notes
    assert "Label '3': no labelled example, and nothing else is known. Label some." in notes


def test_a_description_that_is_longer_than_the_checkpoint_reads(run_folder: RunFolder) -> None:
    said = {"neg": ["bad awful " * 40], "pos": ["good"]}
    choice = chosen(run_folder(training={"recipe": "auto"}, data=DATA, label_texts=said))
    note = "Label 'neg': a text is longer than the 32 tokens that are read, and is cut. Say it shorter."
    assert note in choice["notes"]
