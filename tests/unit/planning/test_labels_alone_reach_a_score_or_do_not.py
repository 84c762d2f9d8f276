from planning.policy import LabelsNeeded, labels_needed
from planning.posterior import vague_prior
from tests.unit.planning.grounds import point

RISING = [point(labels, 0, 1.0, score, sd=0.5) for labels, score in ((50, 45.0), (100, 60.0), (200, 70.0), (400, 77.0))]


def needed(score: float, *, most: int) -> LabelsNeeded:
    found = labels_needed(points=RISING, prior=vague_prior(), score=score, most=most)
    assert found is not None
    return found


def test_a_score_within_the_curve_is_reached_between_the_points_around_it() -> None:
    found = needed(65, most=1_000)
    assert found.low is not None and found.middle is not None and found.high is not None
    assert 100 <= found.low <= found.middle <= found.high <= 220
    assert (found.most, found.is_bounded) == (1_000, False)


def test_a_higher_score_needs_more_labels() -> None:
    middles = [needed(score, most=3_000).middle or 10_000 for score in (50, 65, 76, 85)]
    assert middles == sorted(middles) and middles[0] < middles[-1]


def test_a_score_beyond_the_pool_is_reached_by_none() -> None:
    assert needed(76, most=120).low is None


def test_nothing_is_forecast_beyond_eight_times_what_was_measured() -> None:
    found = needed(99.9, most=100_000)
    assert (found.most, found.is_bounded, found.middle) == (3_200, True, None)


def test_the_same_question_gets_the_same_answer() -> None:
    assert needed(70, most=900) == needed(70, most=900)


def test_without_a_measured_label_nothing_is_said() -> None:
    assert labels_needed(points=[], prior=vague_prior(), score=50, most=100) is None
    assert labels_needed(points=[point(0, 0, 0.0, 40.0)], prior=vague_prior(), score=50, most=100) is None
