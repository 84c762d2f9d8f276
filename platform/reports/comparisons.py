"""Which of two students is better, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.points import Point
from runs.results import Comparison

# As certain as the 95 % intervals beside it.
SURE = 0.05
ALL_SEEDS = "It compares both trainings over all their seeds, so that it holds for other seeds too."
TWO_MODELS = (
    "It compares these two models, each the seed with the best dev score: trained from other seeds, the same two might "
    "come out otherwise. Train both from several seeds to know."
)


@dataclass(frozen=True, kw_only=True)
class ComparisonSummary:
    """A comparison as a person reads it: `sentence` says who is better, `chance` how sure that is, `scope` of what."""

    comparison: Comparison
    is_sure: bool
    sentence: str
    chance: str
    scope: str


def finding_of(comparison: Comparison) -> ComparisonSummary:
    test = comparison.test
    is_sure = test.p_value < SURE
    better, other = (comparison.first, comparison.second)[:: 1 if test.difference >= 0 else -1]
    points = f"{abs(test.difference) * 100:.1f} percentage points"
    if is_sure:
        sentence = f"{better} is better than {other}, by {points}."
    elif test.difference == 0:
        sentence = f"{better} and {other} do equally well."
    else:
        sentence = f"{better} did better than {other} by {points}, but that may be chance."
    return ComparisonSummary(
        comparison=comparison,
        is_sure=is_sure,
        sentence=sentence,
        chance=_chance(test.p_value),
        scope=ALL_SEEDS if test.is_over_seeds else TWO_MODELS,
    )


def default_pair(points: Sequence[Point]) -> tuple[int, int] | None:
    """The best student of either path, or else the two best: their ids, the better first; None with fewer than two."""
    ranked = sorted(points, key=lambda point: (-point.utility, point.dollars, point.artifact_id))
    if len(ranked) < 2:
        return None
    best = ranked[0]
    other = next((point for point in ranked if point.path != best.path), ranked[1])
    return best.artifact_id, other.artifact_id


def _chance(p_value: float) -> str:
    """How often chance alone would make such a difference."""
    figure = "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
    if p_value < 0.001:
        often = "in fewer than 1 of 1,000 such tests"
    elif p_value < 0.1:
        often = f"in about {p_value * 1000:.0f} of 1,000 such tests"
    else:
        often = f"in about {p_value * 100:.0f} of 100 such tests"
    return f"If both were equally good, a difference this large would occur by chance {often} ({figure})."
