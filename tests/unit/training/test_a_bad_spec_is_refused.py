import json
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_runs import spec_payload
from training.spec import RunSpec, SpecInvalid

BAD = {
    "version": {"version": 2},
    "kind": {"kind": "guess"},
    "labels": {"labels": ["only"]},
    "labels, twice": {"labels": ["a", "a"]},
    "model.source": {"model": {"source": "post", "name": "x"}},
    "model.layers": {"model": {"source": "hub", "name": "x", "layers": [2, 1]}},
    "model.layers, none": {"model": {"source": "hub", "name": "x", "layers": []}},
    "training.pooling": {"training": {"pooling": "last"}},
    "training.batch_size": {"training": {"batch_size": 0}},
    "training.learning_rate": {"training": {"learning_rate": "fast"}},
    "training.epochs": {"training": {"epochs": 2}},
    "training.precision": {"training": {"precision": "fp8"}},
    "evaluation.confidence": {"evaluation": {"confidence": 95}},
    "data.train": {"data": {}},
    "data.train, for a head": {"data": {"pool": "pool"}, "training": {"recipe": "frozen"}},
    "data.pool": {"data": {}, "training": {"recipe": "auto"}},
    "training.recipe": {"training": {"recipe": "magic"}},
    "training.recipe, for scoring": {"kind": "score", "training": {"recipe": "probe"}},
    "training.recipe, for pairs": {"task_type": "pair_classification", "training": {"recipe": "contrast"}},
    "training.recipe, for entities": {"task_type": "entity_extraction", "training": {"recipe": "contrast"}},
    "label_texts": {"label_texts": ["good"]},
    "label_texts, of no label": {"label_texts": {"fair": ["so so"]}},
    "label_texts, one text": {"label_texts": {"pos": "good"}},
    "label_texts, no text": {"label_texts": {"pos": []}},
    "label_texts, empty": {"label_texts": {"pos": [" "]}},
    "label_texts, a book": {"label_texts": {"pos": ["a" * 10_001]}},
    "data.soft_labels": {"kind": "distil"},
    "teachers": {"kind": "distil", "data": {}, "teachers": {"3": "soft_labels"}},
    "teachers, beside soft labels for all": {
        "kind": "distil",
        "data": {"soft_labels": "soft_labels"},
        "teachers": [{"seed": 3, "soft_labels": "soft_labels"}],
    },
    "teachers, fewer than seeds": {
        "kind": "distil",
        "data": {},
        "teachers": [{"seed": 3, "soft_labels": "soft_labels"}],
        "search": {"num_seeds": 2},
    },
    "teachers, of one seed": {
        "kind": "distil",
        "data": {},
        "teachers": [{"seed": 3, "soft_labels": "one"}, {"seed": 3, "soft_labels": "other"}],
        "search": {"num_seeds": 2},
    },
    "teachers.soft_labels": {"kind": "distil", "data": {}, "teachers": [{"seed": 3}]},
    "teachers.seed": {"kind": "distil", "data": {}, "teachers": [{"seed": "3", "soft_labels": "soft_labels"}]},
    "data.train, for the gold stage": {
        "kind": "distil",
        "data": {"soft_labels": "soft_labels"},
        "distillation": {"gold_epochs": 1},
    },
    "distillation.filter": {"distillation": {"filter": "best"}},
    "distillation.keep": {"distillation": {"filter": "confidence", "keep": 1.5}},
    "distillation.keep, without a filter": {"distillation": {"keep": 0.5}},
    "distillation.gold_epochs": {"distillation": {"gold_epochs": -1}},
    "data.unlabelled": {"kind": "score"},
    "num_threads": {"num_threads": True},
    "the top level": {"colour": "red"},
    "training": {"training": {"warmup": 0.1}},
}


@pytest.mark.parametrize("name", BAD)
def test_the_message_names_the_field_and_what_to_give(name: str, tmp_path: Path) -> None:
    payload = spec_payload(tmp_path, **json.loads(json.dumps(BAD[name])))
    with pytest.raises(SpecInvalid, match=name.partition(",")[0]) as refusal:
        RunSpec.from_payload(payload, folder=tmp_path)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"version": 1}'])
def test_a_file_that_is_no_spec_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(text)
    with pytest.raises(SpecInvalid):
        RunSpec.from_json(tmp_path / "spec.json")


def test_labels_say_what_they_are_and_no_label_is_needed_then(tmp_path: Path) -> None:
    asked = {"data": {"pool": "pool"}, "training": {"recipe": "names"}, "label_texts": {"pos": ["good", "I like it"]}}
    spec = RunSpec.from_payload(spec_payload(tmp_path, **asked), folder=tmp_path)
    assert spec.label_texts == {"pos": ("good", "I like it")}
    assert (spec.data.train, spec.data.pool) == (None, tmp_path / "pool")


def test_a_spec_without_a_recipe_is_one_of_before_and_fine_tunes(tmp_path: Path) -> None:
    assert RunSpec.from_payload(spec_payload(tmp_path), folder=tmp_path).training.recipe == "finetune"


def test_relative_paths_start_at_the_run_folder_and_absolute_ones_stay(tmp_path: Path) -> None:
    data: dict[str, Any] = {"train": "data/train", "test": "/elsewhere/test", "dev": None}
    spec = RunSpec.from_payload(spec_payload(tmp_path, data=data), folder=tmp_path)
    assert spec.data.train == tmp_path / "data" / "train"
    assert spec.data.test == Path("/elsewhere/test")
    assert spec.data.dev is None
