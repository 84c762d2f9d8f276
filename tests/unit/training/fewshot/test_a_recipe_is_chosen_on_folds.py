from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.unit.training.fewshot.evidence import make
from training.fewshot import Choice, LinearHead, Prior, choose, fit_logistic, recipes


def test_every_candidate_has_its_score_and_the_choice_its_reason() -> None:
    made = make()
    choice = choose(evidence=made.evidence, judge=made.judge)
    recipes = {one.recipe for one in choice.candidates}
    assert recipes == {"names_and_pool", "names", "class_means", "average", "logistic"}
    assert all(one.score is not None and one.error is not None for one in choice.candidates)
    assert choice.judged_on == "folds"
    assert choice.chosen.recipe in choice.why


def test_recipes_that_hold_a_logistic_regression_fit_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fits: Counter[float] = Counter()

    def counted(*, prior: Prior, **more: Any) -> LinearHead:
        fits[prior.strength] += 1
        return fit_logistic(prior=prior, **more)

    monkeypatch.setattr(recipes, "fit_logistic", counted)
    made = make()
    choose(evidence=made.evidence, judge=made.judge, only=["average", "logistic", "names"])
    # On each fold one of each strength, though two recipes are tried at some.
    assert set(fits) == set(recipes.STRENGTHS)
    assert max(fits.values()) - min(fits.values()) <= 1


@pytest.mark.parametrize(("outside", "is_drawn"), [(None, True), (0, False)], ids=["texts", "words"])
def test_names_draw_the_logistic_regression_of_texts_and_not_of_words(outside: int | None, is_drawn: bool) -> None:
    evidence = replace(make().evidence, outside=outside)
    assert (np.abs(recipes.logistic(evidence, 1e6).weights_CF).max() > 0.01) == is_drawn


def test_the_simplest_within_one_standard_error_is_taken() -> None:
    made = make()
    choice = choose(evidence=made.evidence, judge=made.judge)
    best = max(one.score or 0.0 for one in choice.candidates)
    near = [one for one in choice.candidates if (one.score or 0.0) >= best - (one.error or 0.0)]
    assert choice.chosen == near[0]


def test_a_teacher_is_the_mean_of_all_within_one_standard_error_where_labels_are_likelier_by_it() -> None:
    chosen = set()
    for noise in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0):
        made = make(noise=noise)
        simplest, teacher = (choose(evidence=made.evidence, judge=made.judge, is_mean=one) for one in (False, True))
        losses = [unlikely(one, made.evidence.targets_NC) for one in (simplest, teacher)]
        assert losses[1] <= losses[0] + 0.01
        assert teacher.chosen in teacher.candidates
        chosen.add(teacher.chosen.recipe == "mean_of_heads")
    assert chosen == {True, False}


def unlikely(choice: Choice, targets_NC: np.ndarray) -> float:  # type: ignore[type-arg]
    """Return the mean loss of held-out answers, in nats."""
    assert choice.held_out_NC is not None
    return float(-np.log((choice.held_out_NC * targets_NC).sum(axis=1)).mean())


def test_one_head_alone_is_its_own_mean() -> None:
    made = make()
    simplest, mean = (
        choose(evidence=made.evidence, judge=made.judge, only=["names"], is_mean=one) for one in (False, True)
    )
    assert mean.chosen == simplest.chosen
    np.testing.assert_array_equal(mean.linear.weights_CF, simplest.linear.weights_CF)


def test_names_that_mislead_lose_to_labelled_rows() -> None:
    made = make(noise=0.5)
    turned = replace(made.evidence, names_CF=np.roll(made.evidence.names_CF, 1, axis=0))
    choice = choose(evidence=turned, judge=made.judge)
    assert choice.chosen.recipe not in ("names", "names_and_pool")
    assert made.accuracy(choice.linear.logits(made.test_NF)) > 0.9


def test_held_out_probabilities_are_not_those_of_fitted_rows() -> None:
    # Texts that say nothing of their labels: a head that saw them knows them by heart, another one guesses.
    made = make(gold=[n % 2 for n in range(60)], num_labels=2, names=0, noise=1000.0)
    choice = choose(evidence=made.evidence, judge=made.judge, only=["logistic"])
    assert choice.held_out_NC is not None
    targets_NC = made.evidence.targets_NC
    np.testing.assert_allclose(choice.held_out_NC.sum(axis=1), 1.0)
    held_out = (choice.held_out_NC.argmax(axis=1) == targets_NC.argmax(axis=1)).mean()
    fitted = (choice.linear.logits(made.evidence.features_NF).argmax(axis=1) == targets_NC.argmax(axis=1)).mean()
    assert fitted > held_out + 0.15
