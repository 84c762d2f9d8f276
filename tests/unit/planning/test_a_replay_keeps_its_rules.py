import math

import numpy as np
import pytest

from planning.policy import FIXED_POLICIES, State
from planning.posterior import vague_prior
from planning.replay import Game, prior_without, replay
from planning.replay.play import NUM_BUDGETS
from planning.surfaces import TEACHER, Surface, published_surfaces
from tests.unit.planning.grounds import ROWS, place, point, tiny


def test_starts_are_nothing_and_each_rung_of_labels() -> None:
    starts = {start.labels: start.budgets for start in Game.of(tiny()).starts()}
    ends = {labels: (budgets[0], budgets[-1]) for labels, budgets in starts.items()}
    assert ends == {0: pytest.approx((10, 60)), 10: pytest.approx((10, 50)), 20: pytest.approx((20, 40))}
    assert {len(budgets) for budgets in starts.values()} == {NUM_BUDGETS}
    ratios = np.diff(np.log(starts[0]))
    assert ratios == pytest.approx([math.log(6) / 11] * 11)


@pytest.mark.parametrize(
    ("labels", "budget", "best"), [(0, 10, 20), (0, 35, 50), (0, 40, 60), (10, 20, 50), (10, 30, 60), (20, 40, 80)]
)
def test_the_oracle_is_the_best_cell_that_fits(labels: float, budget: float, best: float) -> None:
    assert Game.of(tiny()).oracle(labels=labels, budget=budget) == best


@pytest.mark.parametrize(
    ("policy", "labels", "budget", "result"),
    [
        ("always_annotate", 0, 60, 50),
        ("always_annotate", 0, 15, 20),
        ("always_distil", 0, 60, 60),
        ("always_distil", 0, 25, 50),
        ("always_distil", 20, 30, 70),
        ("always_distil", 20, 25, 50),
        ("half_half", 0, 40, 50),
        ("half_half", 0, 60, 80),
        ("half_half", 0, 30, 40),
    ],
)
def test_fixed_policies_end_where_a_hand_puts_them(policy: str, labels: float, budget: float, result: float) -> None:
    assert Game.of(tiny()).play(FIXED_POLICIES[policy], labels=labels, budget=budget).score == result


def test_free_cells_are_seen_and_nothing_else() -> None:
    surface, seen = tiny(), []

    def look(state: State) -> None:
        seen.append(dict(zip((each.cell for each in surface.points), state.scores.tolist(), strict=True)))

    Game.of(surface).play(look, labels=10, budget=100)
    assert [cell for cell, score in seen[0].items() if not math.isnan(score)] == [surface.points[0].cell]


def test_a_cell_bought_shows_the_annotate_cells_that_its_labels_make_free() -> None:
    surface, states = tiny(), []

    def buy_once(state: State) -> int | None:
        states.append(state.scores.copy())
        return place(surface, 20, 100) if len(states) == 1 else None

    Game.of(surface).play(buy_once, labels=0, budget=70)
    assert np.isfinite(states[1]).sum() == 3


def test_a_policy_that_buys_what_it_cannot_pay_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be bought"):
        Game.of(tiny()).play(lambda _: place(tiny(), 20, 200), labels=0, budget=30)


def test_the_result_is_the_true_score_of_what_looked_best() -> None:
    game = Game.of(tiny())
    shown = game.shown.copy()
    shown[place(game.surface, 10, 0)] = 99.0
    played = Game(surface=game.surface, prices=game.prices, shown=shown).play(
        FIXED_POLICIES["always_annotate"], labels=0, budget=25
    )
    assert (played.score, played.dollars) == (pytest.approx(20.0), pytest.approx(20.0))


def test_a_teacher_is_never_the_result() -> None:
    surface = Surface(name="a", points=tuple(point(*row) for row in (*ROWS, (20, TEACHER, 40.0, 95.0))))
    assert Game.of(surface).oracle(labels=0, budget=100) == 80
    assert Game.of(surface).play(lambda _: place(surface, 20, TEACHER), labels=20, budget=20).score == 50


def test_mean_regret_is_the_mean_over_starts_of_the_mean_over_budgets() -> None:
    """Of always annotate: 10 + 20 + 30 lost from nothing, 10 + 10 + 20 + 30 from 10 labels, 4 x 20 + 30 from 20."""
    result = replay(surface=tiny(), prior=vague_prior(), policies=["always_annotate"])
    assert result.regrets == {"always_annotate": pytest.approx((60 + 70 + 110) / 12 / 3)}


def test_a_prior_is_learned_without_the_task_that_is_played() -> None:
    wlp, *others = published_surfaces()
    disguised = Surface(name="another name", points=wlp.points)
    priors = [prior_without(surface=surface, others=[wlp, *others, *others]) for surface in (wlp, disguised)]
    expected = prior_without(surface=wlp, others=others)
    assert all(np.array_equal(prior.parts[0].mean, expected.parts[0].mean) for prior in priors)


def test_the_planner_loses_less_than_fixed_policies_and_says_the_same_again() -> None:
    """A reduced replay: every other rung of one published task, once more with noise."""
    whole, *others = published_surfaces()
    rungs = (100, 1_000, 10_000)
    surface = Surface(name="WLP", points=tuple(each for each in whole.points if each.cell.labels in rungs))
    prior = prior_without(surface=surface, others=others)
    one, again = (replay(surface=surface, prior=prior, noise=1.0, num_seeds=1) for _ in range(2))
    assert one == again
    assert one.regrets["planner"] < min(value for name, value in one.regrets.items() if name != "planner")
    assert one.regrets["planner"] < 1.0
    assert one.num_bands > 20
    assert one.coverage[0.9] > 0.7
