"""Halves and quarters of the labels tell how much others would move a score, and the interval with it covers."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.training.fewshot.evidence import make
from training.answers import Interval, LabelSpread, SeedScores, mean_interval, over_labels
from training.fewshot import Candidate, Choice, Evidence, FrozenFit, FrozenHead, heads_of_parts, label_parts
from training.fewshot.features import Floats, unit_rows
from training.fewshot.recipes import class_means, logistic

NUM_CLASSES, WIDTH, NUM_LABELS, NUM_TEST = 5, 24, 40, 400
NUM_WORLDS, NUM_RESAMPLES = 150, 100
RECIPES = {"class_means": class_means, "logistic": logistic}


def fit_of(evidence: Evidence, *, recipe: str = "class_means", strength: float = 1.0) -> FrozenFit:
    """A fit whose recipe was chosen already."""
    linear = RECIPES[recipe](evidence, strength)
    chosen = Candidate(recipe=recipe, strength=strength)
    choice = Choice(
        linear=linear,
        temperature=1.0,
        chosen=chosen,
        candidates=(chosen,),
        judged_on="folds",
        why="",
        held_out_NC=None,
    )
    head = FrozenHead(linear=linear, centre_H=np.zeros(WIDTH))
    return FrozenFit(head=head, choice=choice, evidence=evidence, notes=())


class World:
    """Texts around the directions of their classes, of which labelled and test rows are drawn."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.directions = unit_rows(np.random.default_rng(0).normal(size=(NUM_CLASSES, WIDTH)))

    def drawn(self, count: int) -> tuple[Floats, np.ndarray]:  # type: ignore[type-arg]
        gold_N = self.rng.integers(NUM_CLASSES, size=count)
        noise_NH = self.rng.normal(size=(count, WIDTH)) / np.sqrt(WIDTH)
        return unit_rows(self.directions[gold_N] + 1.6 * noise_NH), gold_N

    def evidence(self) -> Evidence:
        features_NF, gold_N = self.drawn(NUM_LABELS)
        return Evidence(
            features_NF=features_NF,
            targets_NC=np.eye(NUM_CLASSES)[gold_N],
            names_CF=np.zeros((NUM_CLASSES, WIDTH)),
            pool_PF=np.zeros((0, WIDTH)),
        )


def scores(rng: np.random.Generator, right_SN: np.ndarray) -> SeedScores:  # type: ignore[type-arg]
    num_rows = right_SN.shape[1]
    weights_RN = rng.multinomial(num_rows, np.full(num_rows, 1 / num_rows), size=NUM_RESAMPLES)
    draws_RS = weights_RN @ right_SN.T / num_rows
    return SeedScores(values_S=right_SN.mean(axis=1), draws_RS=draws_RS, num_examples=num_rows)


def measured(world: World) -> tuple[Interval, LabelSpread]:
    """The interval over examples of one draw of labels, and the wider one."""
    fit = fit_of(world.evidence())
    test_NF, gold_N = world.drawn(NUM_TEST)

    def scored(heads: list[FrozenHead]) -> SeedScores:
        return scores(world.rng, np.array([head.linear.logits(test_NF).argmax(axis=1) == gold_N for head in heads]))

    heads = heads_of_parts(fit, seed=0)
    assert heads is not None
    interval = mean_interval(scored([fit.head]), confidence=0.95)
    return interval, over_labels(
        interval, halves=scored(heads.halves), quarters=scored(heads.quarters), confidence=0.95
    )


def test_the_interval_over_labels_covers_what_other_labels_come_to() -> None:
    """And the one over examples alone does not; the spread is about that of whole draws."""
    world = World(1)
    test_NF, gold_N = world.drawn(20_000)
    accuracies = [
        float((class_means(world.evidence()).logits(test_NF).argmax(axis=1) == gold_N).mean()) for _ in range(200)
    ]
    truth = float(np.mean(accuracies))
    found = [measured(world) for _ in range(NUM_WORLDS)]
    with_labels = np.mean([spread.low <= truth <= spread.high for _, spread in found])
    over_examples = np.mean([interval.low <= truth <= interval.high for interval, _ in found])
    assert 0.92 <= with_labels <= 0.99
    assert over_examples < 0.88
    told = np.sqrt(np.mean([spread.sd**2 for _, spread in found]))
    # Near the best head the variance falls faster than that of a mean: too much is told.
    assert 1.0 <= told / np.std(accuracies) <= 1.9


@pytest.mark.parametrize("recipe", ["class_means", "logistic"])
def test_heads_are_of_the_chosen_recipe_on_parts_without_rows_in_common(recipe: str) -> None:
    made = make(num_labels=2, gold=[0, 1] * 30)
    fit = fit_of(made.evidence, recipe=recipe, strength=0.3)
    heads = heads_of_parts(fit, seed=0)
    assert heads is not None
    for of_parts, count in ((heads.halves, 2), (heads.quarters, 4)):
        assert len(of_parts) == count * label_parts.NUM_SPLITS
        part_N = np.random.default_rng(0).permutation(60) % count
        for part, head in enumerate(of_parts[:count]):
            expected = RECIPES[recipe](made.evidence.of(np.flatnonzero(part_N == part)), 0.3)
            assert head.linear.weights_CF == pytest.approx(expected.weights_CF)


def test_nothing_is_said_of_too_little_or_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    few = make(num_labels=2, gold=[0, 1] * 9)
    assert heads_of_parts(fit_of(few.evidence), seed=0) is None
    # One half of each split lacks the second label.
    lonely = make(num_labels=2, gold=[0] * 19 + [1])
    assert heads_of_parts(fit_of(lonely.evidence), seed=0) is None
    # Of eight rows, some quarter often has none.
    rare = heads_of_parts(fit_of(make(num_labels=2, gold=[0] * 40 + [1] * 8).evidence), seed=0)
    assert rare is not None and rare.halves and not rare.quarters
    enough = fit_of(make(num_labels=2, gold=[0, 1] * 10).evidence)
    assert heads_of_parts(enough, seed=0) is not None
    words = replace(enough, evidence=replace(enough.evidence, outside=0))
    assert heads_of_parts(words, seed=0) is None
    monkeypatch.setattr(label_parts, "MOST_TARGETS", 39)
    assert heads_of_parts(enough, seed=0) is None


def scores_of(*groups: list[float]) -> SeedScores:
    """Groups of models on so many examples that chance has no part in it."""
    values_S = np.array([value for group in groups for value in group])
    return SeedScores(values_S=values_S, draws_RS=np.tile(values_S, (3, 1)), num_examples=10**9)


@pytest.mark.parametrize(
    ("sd_of_quarters", "fall"),
    [(0.01, 1.0), (0.017, 1.445), (0.05, 2.0)],
    ids=["it grows", "it falls", "it falls faster than that of a mean"],
)
def test_the_variance_falls_on_as_it_fell_from_quarters_to_halves(sd_of_quarters: float, fall: float) -> None:
    halves = scores_of([0.5, 0.52], [0.52, 0.5])
    step = sd_of_quarters / float(np.std(range(4), ddof=1))
    quarters = scores_of(*[[0.5 + step * number for number in range(4)]] * 2)
    sure = Interval(value=0.5, low=0.5, high=0.5)
    found = over_labels(sure, halves=halves, quarters=quarters, confidence=0.95)
    assert found.sd == pytest.approx((0.0002 / fall) ** 0.5)
    assert over_labels(sure, halves=halves, quarters=None, confidence=0.95).sd == pytest.approx(0.0002**0.5)
