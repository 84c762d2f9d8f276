import json

import pytest

from runs.results import ModelAnswer
from studies.models import Study
from studies.task_types import LabelledSpan
from web.presenters import shown

TEXT = "Add 5 ml of water"
SPANS = [{"start": 4, "end": 8, "label": "Amount"}, {"start": 12, "end": 17, "label": "Reagent"}]


def answer(predicted: str | None, **shares: float | None) -> ModelAnswer:
    return ModelAnswer(predicted=predicted, probabilities=shares, seconds=1.0)


def test_a_label_comes_with_the_likeliest_first() -> None:
    found = shown(study=Study(task_type="text_classification"), texts={}, answer=answer("b", a=0.2, b=0.8))
    assert (found.labels, [label for label, _ in found.shares]) == (["b"], ["b", "a"])


@pytest.mark.parametrize(("said", "labels"), [('["a", "b"]', ["a", "b"]), ("[]", [])])
def test_many_labels_are_listed(said: str, labels: list[str]) -> None:
    found = shown(study=Study(task_type="multi_label_classification"), texts={}, answer=answer(said))
    assert (found.labels, found.is_answer) == (labels, True)


def test_entities_are_pieces_of_the_text() -> None:
    study = Study(task_type="entity_extraction")
    found = shown(study=study, texts={"text": TEXT}, answer=answer(json.dumps(SPANS)))
    assert "".join(piece.text for piece in found.pieces) == TEXT
    assert [piece for piece in found.pieces if piece.label] == [
        LabelledSpan(text="5 ml", label="Amount"),
        LabelledSpan(text="water", label="Reagent"),
    ]


def test_no_answer_is_no_label() -> None:
    found = shown(study=Study(task_type="text_classification"), texts={}, answer=answer(None, a=None))
    assert (found.is_answer, found.labels, found.shares) == (False, [], [])


def test_of_many_labels_the_likeliest_ten_are_shown() -> None:
    shares = {f"l{number}": number / 100 for number in range(25)}
    found = shown(study=Study(task_type="text_classification"), texts={}, answer=answer("l24", **shares))
    assert (len(found.shares), found.num_more) == (10, 15)
