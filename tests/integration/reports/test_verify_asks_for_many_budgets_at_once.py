import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest import MonkeyPatch

from budgets.models import Budget
from budgets.queries import Difference
from reports.verify import verify
from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


def busy_study(num_labels: int = 2) -> Study:
    study = factories.study()
    ground.buy_labels(study, num_labels)
    ground.annotated(study, num_labels=2)
    return study


def num_queries(studies: list[Study]) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert verify(budgets=[study.budget for study in studies]) == []
    return len(asked)


def test_another_study_adds_one_question_and_another_label_none() -> None:
    """What an annotator was promised in a study is asked once for each study; all else for all of them together."""
    alone = num_queries([busy_study()])
    assert num_queries([busy_study() for _ in range(6)]) == alone + 5
    assert num_queries([busy_study(12)]) == alone


def test_no_study_hides_anothers_difference(monkeypatch: MonkeyPatch) -> None:
    studies = [busy_study() for _ in range(5)]
    Budget.objects.filter(pk__in=[studies[1].budget_id, studies[4].budget_id]).update(spent="0.5")
    budgets = [study.budget for study in studies]
    together = {str(one) for one in verify(budgets=budgets)}
    for name in ("MOST_AT_ONCE", "MOST_ENTRIES_AT_ONCE"):
        with monkeypatch.context() as patch:
            patch.setattr(f"reports.verify.{name}", 2)
            assert {str(one) for one in verify(budgets=budgets)} == together
    apart: list[Difference] = [one for budget in budgets for one in verify(budgets=[budget])]
    assert {str(one) for one in apart} == together
    assert all(any(f"{studies[i].budget}: spent" in one for one in together) for i in (1, 4))


def test_a_budget_is_compared_as_it_is_at_the_moment_of_the_check() -> None:
    study = busy_study()
    seen_before = Budget.objects.get(pk=study.budget_id)
    ground.buy_labels(study, 1)
    assert verify(budgets=[seen_before]) == []
