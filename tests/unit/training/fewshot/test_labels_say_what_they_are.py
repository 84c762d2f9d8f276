from collections.abc import Sequence

import numpy as np
import pytest

from training.fewshot import LabelText
from training.fewshot.features import Vectors
from training.fewshot.names import NameVectors, name_vectors


def letters(texts: Sequence[str]) -> Vectors:
    """Stands for a checkpoint: how often each letter is there."""
    return np.array([[text.count(letter) + 0.1 for letter in "abcdefghij"] for text in texts], dtype=np.float32)


def vectors(*labels: LabelText, template: str = "{name}") -> NameVectors:
    return name_vectors(labels=labels, centre_H=np.zeros(10), vectors_of=letters, template=template)


@pytest.mark.parametrize("name", ["1", "2", "B", "-", "3b"])
def test_a_bare_sign_says_nothing(name: str) -> None:
    found = vectors(LabelText(name=name), LabelText(name="bad"))
    assert found.says_C == [False, True]
    assert repr(name) in found.notes[0]


def test_a_single_sign_of_chinese_is_a_word() -> None:
    assert LabelText(name="馬").texts() == ["馬"]


def test_a_description_or_an_example_speaks_for_a_bare_name() -> None:
    found = vectors(LabelText(name="1", description="bad bead"), LabelText(name="2", examples=("head", "each")))
    assert found.says_C == [True, True]
    assert not found.notes


def test_equal_descriptions_tell_nothing_apart() -> None:
    found = vectors(LabelText(name="1", description="Bad"), LabelText(name="2", description="bad"))
    assert found.says_C == [False, False]
    assert "the same words" in found.notes[0]


def test_a_name_goes_through_the_template() -> None:
    assert LabelText(name="cars {0}").texts("about {name}") == ["about cars {0}"]


def test_a_label_is_the_mean_of_what_is_said_of_it() -> None:
    found = vectors(LabelText(name="aa", examples=("bb",)), LabelText(name="cc"))
    assert found.units_CH[0, 0] == pytest.approx(found.units_CH[0, 1])
    np.testing.assert_allclose(np.linalg.norm(found.units_CH, axis=1), 1.0)
