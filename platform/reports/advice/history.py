"""How runs of this installation came out beside what was expected of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from planning.likely import RatioBelief, believe
from planning.published_hours import published_hours
from planning.run_estimates import Work
from runs.models import RunKind
from runs.money import SECONDS_PER_HOUR
from runs.requests import PastRun, RunHistory, past_runs

MOST_RUNS = 200
START_SECONDS = 20.0
"""What loading a small checkpoint takes, which the published bills do not tell apart."""
# Standard deviations of ln(actual / expected) before any run ended, and the runs that each mean counts as.
OF_ESTIMATES = {"sd": 0.3, "weight": 4.0}
OF_KIN = {"sd": 0.6, "weight": 4.0}
OF_PUBLISHED = {"sd": 1.2, "weight": 1.0}


@dataclass(frozen=True, kw_only=True)
class PriceHistory:
    """What is believed of the next run beside its estimate: from runs like it, from other kinds, or as published.

    `num_published` is how many runs of this device stand beside what they would take by the published tasks; `runs` are
    what estimates rest on.
    """

    of_estimates: RatioBelief
    of_kin: RatioBelief
    of_published: RatioBelief
    num_published: int
    runs: RunHistory = field(default_factory=RunHistory)


def price_history() -> PriceHistory:
    """Read how the latest runs came out that succeeded on the device that runs are carried out on."""
    past = past_runs(device=settings.RUN_DEVICE, most=MOST_RUNS)
    of_published = list(_beside_published(past))
    return PriceHistory(
        of_estimates=believe(list(_beside_estimates(past)), **OF_ESTIMATES),
        of_kin=believe([], **OF_KIN),
        of_published=believe(of_published, **OF_PUBLISHED),
        num_published=len(of_published),
    )


def published_seconds(*, kind: RunKind, work: Work, num_labels: int, num_unlabelled: int) -> float:
    """What a run takes by the published tasks, on their device, its start included."""
    published = published_hours()
    if kind == RunKind.FINETUNE_TEACHER:
        hours = published.teacher(num_labels)
    elif kind == RunKind.SCORE:
        hours = published.scoring(num_unlabelled)
    else:
        hours = published.student(work.rows)
    return START_SECONDS + hours * SECONDS_PER_HOUR


def _beside_estimates(past: Sequence[PastRun]) -> Iterator[float]:
    return (one.seconds / one.expected_seconds for one in past if one.expected_seconds)


def _beside_published(past: Sequence[PastRun]) -> Iterator[float]:
    for one in past:
        yield one.seconds / published_seconds(
            kind=one.kind, work=one.work, num_labels=one.num_labels, num_unlabelled=one.num_unlabelled
        )
