from decimal import Decimal

import pytest

from accounts.models import AuditRecord
from budgets.ledger import BudgetStopped
from budgets.limits import exhaust, resume, top_up
from budgets.limits.stops import BudgetArchived
from studies.editing import StudyInvalid, archive_study, duplicate_study, unarchive_study
from studies.imports import undo_import
from studies.models import Study
from tests import factories
from tests.factories import place_hold
from tests.labelling import hold_examples

pytestmark = pytest.mark.django_db

ROWS = "text,label,split\none,good,pool\ntwo,,pool\nthree,bad,dev\nfour,good,test\n"


@pytest.fixture
def study() -> Study:
    made = factories.study(labels=("good", "bad"), instructions="Read twice.", seed=7, annotations_per_example=2)
    factories.import_csv(made, ROWS)
    return made


def archived(study: Study) -> Study:
    return archive_study(actor=study.created_by, study=study)


def test_an_archived_study_spends_nothing(study: Study) -> None:
    archived(study)
    with pytest.raises(BudgetStopped, match="Unarchive its study first"):
        hold_examples(study)
    with pytest.raises(BudgetStopped):
        price = study.budget.price_book.prices.get(kind="device_hour")
        place_hold(budget=study.budget, source_key="run:1", amount=Decimal("0.5"), price=price)


def test_neither_a_resume_nor_a_top_up_lets_it_spend(study: Study) -> None:
    budget = archived(study).budget
    with pytest.raises(BudgetArchived, match="Unarchive it first"):
        resume(actor=study.created_by, budget=budget)
    assert top_up(actor=study.created_by, budget=budget, amount="5").is_stopped


def test_one_that_had_stopped_for_want_of_money_stays_stopped_when_topped_up(study: Study) -> None:
    exhaust(budget=study.budget, reason="All of it is spent")
    archived(study)
    assert top_up(actor=study.created_by, budget=study.budget, amount="5").is_stopped


def test_unarchived_it_goes_on_once_somebody_resumes_it(study: Study) -> None:
    archived(study)
    back = unarchive_study(actor=study.created_by, study=study)
    assert back.archived_at is None and back.budget.is_stopped
    assert not resume(actor=study.created_by, budget=back.budget).is_stopped
    hold_examples(study)


def test_both_are_recorded_once(study: Study) -> None:
    archived(archived(study))
    unarchive_study(actor=study.created_by, study=study)
    changes = AuditRecord.objects.filter(action="study.archive").order_by("pk").values_list("after", flat=True)
    assert list(changes) == [{"archived": True}, {"archived": False}]


def test_a_duplicate_has_the_settings_and_money_of_its_own(study: Study) -> None:
    made = duplicate_study(actor=study.created_by, study=study, name="Again", limit="3")
    same = ("task_type", "labels", "instructions", "seed", "annotations_per_example", "student_model", "metric")
    assert [getattr(made, name) for name in same] == [getattr(study, name) for name in same]
    assert (made.budget.limit, made.budget.spent, made.budget.price_book) == (3, 0, study.budget.price_book)
    assert not made.examples.exists()


def test_its_data_come_along_when_asked_for(study: Study) -> None:
    made = duplicate_study(actor=study.created_by, study=study, name="Again", limit="3", with_data=True)
    columns = ("fields", "split", "rank", "label__value", "label__source")
    assert list(made.examples.order_by("rank").values_list(*columns)) == list(
        study.examples.order_by("rank").values_list(*columns)
    )
    undo_import(actor=made.created_by, batch=made.import_batches.get())


def test_a_duplicate_needs_a_name_of_its_own(study: Study) -> None:
    with pytest.raises(StudyInvalid, match="there is a study"):
        duplicate_study(actor=study.created_by, study=study, name=study.name, limit="3")
