import numpy as np
import pytest

from tests.unit.training.fewshot.evidence import Made, make
from training.fewshot import Choice, choose


def chosen(made: Made) -> Choice:
    choice = choose(evidence=made.evidence, judge=made.judge)
    assert np.isfinite(choice.linear.logits(made.test_NF)).all()
    assert choice.why
    return choice


@pytest.mark.parametrize("names", [0.0, 1.0])
@pytest.mark.parametrize(
    "gold",
    [
        pytest.param([0], id="one row"),
        pytest.param([0, 1, 2], id="fewer rows than folds need"),
        pytest.param([0, 1, 2, 3], id="one example of each label"),
        pytest.param([0, 0, 0, 1, 1, 1, 2], id="a single example, and a label without any"),
        pytest.param([2] * 12, id="one label only"),
    ],
)
def test_few_and_lopsided_rows(gold: list[int], names: float) -> None:
    chosen(make(gold=gold, names=names))


def test_names_alone_answer_without_a_label() -> None:
    made = make(gold=[])
    choice = chosen(made)
    assert choice.judged_on == "nothing"
    assert choice.chosen.recipe == "names_and_pool"
    assert made.accuracy(choice.linear.logits(made.test_NF)) > 0.7


def test_without_names_and_labels_every_answer_is_as_likely() -> None:
    choice = chosen(make(gold=[], names=0))
    assert choice.chosen.recipe == "none"
    assert "Label some rows, or describe the labels" in choice.why
    assert all(one.lacks for one in choice.candidates if one.recipe != "none")


def test_names_that_say_nothing_leave_the_rows_to_decide() -> None:
    choice = chosen(make(names=0))
    assert choice.chosen.recipe not in ("names", "names_and_pool")
    lacking = {one.recipe: one.lacks for one in choice.candidates if one.lacks}
    assert lacking == dict.fromkeys(("names", "names_and_pool"), "0 of the names say something")


def test_a_label_of_which_nothing_is_known_is_never_answered() -> None:
    made = make(gold=[n % 3 for n in range(30)], names=0)
    choice = choose(evidence=made.evidence, judge=made.judge, only=["class_means"])
    assert 3 not in choice.linear.logits(made.test_NF).argmax(axis=1)


def test_a_thousand_labels() -> None:
    made = make(num_labels=1_000, gold=[7 * n % 1_000 for n in range(40)])
    choice = chosen(made)
    assert choice.linear.weights_CF.shape == (1_000, made.test_NF.shape[1])
