from decimal import Decimal

import pytest

from budgets.ledger import extend_hold
from budgets.models import Budget, Path
from reports.verify import verify
from runs.models import Attempt, Run, RunKind, RunState
from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return factories.study()


def found(study: Study) -> list[str]:
    return [str(one) for one in verify(budgets=[Budget.objects.get(pk=study.budget_id)])]


def run_beyond_its_hold(study: Study) -> Run:
    """A run whose first attempt used 10 seconds more than the hour that is held."""
    run = ground.run(study, RunKind.SCORE, path=Path.DISTIL, state=RunState.PAUSED, seconds=[])
    attempt = ground.attempt(run, 1, 3610, is_last=False)
    Attempt.objects.filter(pk=attempt.pk).update(max_seconds=3600)
    return run


def test_an_attempt_that_was_billed_up_to_a_hold_that_grew_later_is_no_difference(study: Study) -> None:
    run = run_beyond_its_hold(study)
    assert run.hold is not None
    extend_hold(hold=run.hold, amount=Decimal("0.1"))
    Run.objects.update(max_seconds=3600 + 600)
    ground.attempt(run, 2, 60, is_last=False)
    assert found(study) == []


def test_an_attempt_that_was_billed_less_than_its_hold_had_is_found(study: Study) -> None:
    run_beyond_its_hold(study)
    Attempt.objects.update(max_seconds=3605)
    assert ": stored 0.600000, rebuilt 0.601667" in found(study)[0]
