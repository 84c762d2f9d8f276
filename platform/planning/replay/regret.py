"""Mean regret of policies on recorded surfaces, and how often the planner's bands held what came."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planning.policy import FIXED_POLICIES
from planning.posterior import Bank, Prior, prior_from
from planning.replay.play import Game, Policy
from planning.replay.player import LEVELS, PlannerPlayer
from planning.surfaces import BadSurface, Surface, distinct_surfaces

PLANNER = "planner"
POLICIES = (PLANNER, *FIXED_POLICIES)


@dataclass(frozen=True, kw_only=True)
class ReplayResult:
    """`regrets`: mean regret in points per policy, not a number of one that buys no student with some budget.

    `coverage`: share of `num_bands` forecasts inside, per level.
    """

    task: str
    regrets: dict[str, float]
    coverage: dict[float, float]
    num_bands: int


def replay(
    *, surface: Surface, prior: Prior, policies: Sequence[str] = POLICIES, noise: float = 0.0, num_seeds: int = 1
) -> ReplayResult:
    """Play policies from every start with every budget.

    Parameters: `prior`, what the planner believes beforehand: learned without this surface; `noise`, the sd in points
        of what is added to every score shown, drawn anew for each seed and start; `num_seeds`, 1 without noise.
    Raises: BadSurface where no student costs anything.
    """
    num_starts = len(Game.of(surface).starts())
    if not num_starts:
        raise BadSurface(
            f"{surface.name}: no student costs anything, so there is nothing to decide. Record students, and what each "
            "cost."
        )
    bank = Bank(prior=prior, cells=surface.cells) if PLANNER in policies else None
    regrets: dict[str, list[float]] = {name: [] for name in policies}
    held: list[tuple[bool, ...]] = []
    for seed in range(num_seeds if noise > 0 else 1):
        for number in range(num_starts):
            game = Game.of(surface, noise=noise, random=np.random.default_rng((seed, number)))
            player = PlannerPlayer(bank=bank) if bank else None
            for name in policies:
                policy = player if name == PLANNER and player else FIXED_POLICIES[name]
                regrets[name].append(_regret(game, policy, number))
            if player:
                held += player.held(game.shown)
    shares = np.mean(held, axis=0) if held else np.full(len(LEVELS), np.nan)
    return ReplayResult(
        task=surface.name,
        regrets={name: float(np.mean(values)) for name, values in regrets.items() if values},
        coverage=dict(zip(LEVELS, map(float, shares), strict=True)),
        num_bands=len(held),
    )


def prior_without(*, surface: Surface, others: Sequence[Surface]) -> Prior:
    """The prior that other surfaces teach, each once; one of the same name or with the same points is not another."""
    return prior_from(distinct_surfaces(others, besides=[surface]))


def _regret(game: Game, policy: Policy, start: int) -> float:
    begin = game.starts()[start]
    lost = [
        game.oracle(labels=begin.labels, budget=budget) - game.play(policy, labels=begin.labels, budget=budget).score
        for budget in begin.budgets
    ]
    return float(np.mean(lost))
