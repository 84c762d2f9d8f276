from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditRecord, Role
from budgets.cost_kinds import CostKind
from budgets.ledger import release
from budgets.models import Budget, Hold
from budgets.prices import set_price
from labeling.models import Annotation, Batch, LabelingProject, Publication
from labeling.payment import pay_skip
from labeling.publishing import hold_batch, quote_labels
from reports.advice import next_tranche, recommend
from reports.autopilot import status_of, step
from reports.autopilot.spending import spending_of
from reports.models import Autopilot, AutopilotStep
from reports.verify import verify
from runs.models import Run
from studies.models import Study
from tests import factories
from tests.integration.reports.autopilots import outside, ready_study, recommended, switched_on

__all__ = ["outside"]

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def study(db: None) -> Study:
    return ready_study()


def steps(study: Study) -> list[AutopilotStep]:
    return list(AutopilotStep.objects.filter(autopilot__study=study).order_by("pk"))


def held(study: Study) -> Decimal:
    budget = Budget.objects.get(pk=study.budget_id)
    assert verify(budgets=[budget]) == []
    return budget.held


def reason(study: Study) -> str:
    return Autopilot.objects.get(study=study).reason


def take(study: Study, *, times: int = 1) -> None:
    for _ in range(times):
        step(study_id=study.pk)


def test_labels_are_bought_once_however_often_it_is_told(study: Study, outside: list[LabelingProject]) -> None:
    switched_on(study)
    recommended(study, num_new=20)
    quote = quote_labels(study=study, num_examples=20)
    take(study, times=3)
    (bought,) = steps(study)
    assert held(study) == quote.held == Decimal(bought.figures["held"]) == 2
    assert bought.examples.count() == Publication.objects.filter(example__study=study).count() == 20
    assert outside == [LabelingProject.objects.get(study=study)]
    assert reason(study) == "20 published examples wait for annotators; their labels come first."


def test_runs_are_bought_once_however_often_it_is_told(study: Study) -> None:
    before = study.runs.count()
    switched_on(study)
    recommended(study, layers=(0, 1), of_layers=3)
    take(study, times=3)
    (bought,) = steps(study)
    (run,) = bought.runs.all()
    assert (study.runs.count() - before, run.num_labels, run.created_by) == (1, 40, study.created_by)
    assert run.model == {**study.student_model, "layers": [0, 1]}
    assert held(study) == Decimal("0.60")
    assert reason(study) == f"{run} is queued; what it measures comes first."


def test_the_audit_trail_has_the_figures_that_it_saw_and_whom_it_acted_for(study: Study) -> None:
    autopilot = switched_on(study)
    kept = recommended(study)
    take(study)
    record = AuditRecord.objects.get(action="autopilot.buy")
    assert (record.actor, record.subject_id) == (study.created_by, autopilot.pk)
    assert record.after == {
        "recommendation": kept.pk,
        "price": "0.1",
        "held": "0.6",
        "gain": 10.0,
        "gain_of_it_alone": 9.0,
        "gain_90": [6.0, 14.0],
        "chance_of_being_best": 0.7,
        "money_left": "99.99",
        "spent_today": "0",
        "cap_a_day": "100",
        "spent_in_all": "0",
        "cap_in_all": "50",
        "by": "autopilot",
    }
    start = AuditRecord.objects.get(action="run.start")
    assert (start.actor, start.after["by"]) == (study.created_by, "autopilot")


def test_what_publishes_is_marked_too(study: Study) -> None:
    switched_on(study)
    recommended(study, num_new=20)
    take(study)
    record = AuditRecord.objects.get(action="labelling.publish")
    assert (record.actor, record.after["by"]) == (study.created_by, "autopilot")


@pytest.mark.parametrize("num_new", [0, 20])
def test_killed_between_hold_and_mark_it_leaves_neither_and_buys_once_later(
    study: Study, num_new: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched_on(study)
    recommended(study, num_new=num_new)
    with monkeypatch.context() as patch:

        def die(**_: Any) -> None:
            assert Hold.objects.filter(budget=study.budget, closed_at__isnull=True).exists()
            raise Killed

        patch.setattr(AutopilotStep.objects, "create", die)
        with pytest.raises(Killed):
            take(study)
    assert (held(study), steps(study), Batch.objects.count()) == (0, [], 0)
    take(study, times=2)
    assert len(steps(study)) == 1
    assert held(study) == (2 if num_new else Decimal("0.60"))


def test_killed_before_they_are_sent_labels_are_not_bought_again(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    switched_on(study)
    recommended(study, num_new=20)

    def die(**_: Any) -> None:
        raise Killed

    monkeypatch.setattr("reports.autopilot.stepping.resume_batches", die)
    with pytest.raises(Killed):
        take(study)
    take(study)
    assert (len(steps(study)), held(study)) == (1, 2)
    # The next sync sends it.
    assert Batch.objects.get().state == Batch.State.PENDING


def dearer(study: Study) -> None:
    at = timezone.now() - timedelta(seconds=1)
    admin, book = factories.person(Role.ADMIN), study.budget.price_book
    set_price(actor=admin, book=book, kind=CostKind.LABEL, amount="0.30", starts_at=at)


def bought_by_another(study: Study) -> None:
    price = study.budget.price_book.prices.get(kind=CostKind.LABEL)
    factories.place_hold(budget=study.budget, source_key="other:1", amount=Decimal(1), price=price)


@pytest.mark.parametrize("change", [dearer, bought_by_another])
def test_what_changes_between_quote_and_hold_undoes_the_purchase(
    study: Study, change: Callable[[Study], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    switched_on(study)
    recommended(study, num_new=20)

    def change_and_hold(wanted: Any) -> Any:
        change(study)
        return hold_batch(wanted)

    monkeypatch.setattr("reports.autopilot.buying.hold_batch", change_and_hold)
    take(study)
    assert (steps(study), held(study), Batch.objects.count()) == ([], 0, 0)
    assert "changed while it was about to buy" in reason(study)


def test_a_changed_state_has_a_worker_recommend_and_buys_nothing(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("reports.autopilot.stepping.request_recommendation", asked.append)
    switched_on(study)
    recommended(study, num_new=20)
    dearer(study)
    take(study)
    assert (steps(study), held(study), asked) == ([], 0, [study.pk])
    assert "a worker is at it" in reason(study)


def test_more_than_is_left_of_a_day_waits_for_another_one(study: Study) -> None:
    switched_on(study, share_a_day="0.01")
    recommended(study)
    take(study)
    run = Run.objects.latest("pk")
    assert run.hold
    Run.objects.filter(pk=run.pk).update(state="succeeded")
    recommended(study, num_labels=30)
    take(study)
    assert len(steps(study)) == 1
    assert reason(study).endswith("holds $0.60, and $0.40 of today's $1.00 is left.")
    # What the run did not use is released, and is there again on the same day.
    release(hold=run.hold, reason="the run ended")
    recommended(study, num_labels=30)
    take(study)
    assert (len(steps(study)), held(study)) == (2, Decimal("0.60"))


def test_more_than_a_whole_day_may_take_waits_for_a_person(study: Study) -> None:
    switched_on(study, share_a_day="0.005")
    recommended(study)
    take(study)
    assert (steps(study), held(study)) == ([], 0)
    assert reason(study).startswith("The next purchase is more than a day's share, $0.50: ")


def test_what_its_cap_does_not_take_ends_it(study: Study) -> None:
    switched_on(study, cap="1.99")
    recommended(study, num_new=20)
    take(study)
    assert (steps(study), held(study)) == ([], 0)
    assert reason(study).endswith("holds $2.00, and $1.99 of $1.99 is left.")
    assert not Autopilot.objects.get(study=study).is_on


def test_a_cap_that_is_just_enough_is_used_to_the_last_cent(study: Study) -> None:
    switched_on(study, cap="2")
    recommended(study, num_new=20)
    take(study)
    assert (len(steps(study)), held(study)) == (1, 2)


def test_skips_are_paid_beside_the_holds_and_count(study: Study) -> None:
    admin, book = factories.person(Role.ADMIN), study.budget.price_book
    set_price(actor=admin, book=book, kind=CostKind.SKIP, amount="0.05", starts_at=factories.LONG_AGO)
    autopilot = switched_on(study)
    recommended(study, num_new=20)
    take(study)
    publication = Publication.objects.filter(example__study=study).first()
    assert publication is not None
    now = timezone.now()
    skip = Annotation(
        unique_id=publication.example.uid,
        example=publication.example,
        annotator=factories.person(Role.ANNOTATOR),
        state=Annotation.State.SKIPPED,
        origin="person",
        result=[],
        label_studio_id=1,
        created_at=now,
        updated_at=now,
    )
    pay_skip(publication=publication, annotation=skip)
    skip.save()
    assert spending_of(autopilot).in_all == Decimal("2.05")


def made_at(autopilot: Autopilot, at: datetime, *, num_labels: int) -> None:
    """A purchase of that moment that holds 0.60."""
    kept = recommended(autopilot.study, num_labels=num_labels)
    run = Run.objects.create(
        study=autopilot.study,
        kind="finetune_student",
        path="annotate",
        state="queued",
        request_key=str(num_labels),
        training={},
        device="cpu",
        max_seconds=3600,
        created_by=autopilot.acts_for,
    )
    price = autopilot.study.budget.price_book.prices.get(kind=CostKind.DEVICE_HOUR)
    key, amount = run.source_key, Decimal("0.60")
    run.hold = factories.place_hold(budget=autopilot.study.budget, source_key=key, amount=amount, price=price)
    run.save()
    made = AutopilotStep.objects.create(
        autopilot=autopilot, recommendation=kept, acted_for=autopilot.acts_for, purchase="", figures={}, made_at=at
    )
    made.runs.set([run])


@pytest.mark.parametrize(("zone", "on_the_second"), [("UTC", "0.60"), ("America/New_York", "0")])
def test_a_day_begins_at_midnight_of_the_time_zone_that_is_set(study: Study, zone: str, on_the_second: str) -> None:
    autopilot = switched_on(study)
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    made_at(autopilot, midnight - timedelta(microseconds=1), num_labels=20)
    made_at(autopilot, midnight, num_labels=30)
    with timezone.override(ZoneInfo(zone)):
        found = spending_of(autopilot, today=date(2026, 3, 2))
    assert (found.today, found.in_all) == (Decimal(on_the_second), Decimal("1.20"))


def test_the_pilot_is_bought_as_its_button_does() -> None:
    study = ready_study(is_measured=False)
    switched_on(study)
    recommend(study=study)
    found = next_tranche(study)
    take(study)
    (bought,) = steps(study)
    assert bought.runs.count() == 5
    assert held(study) == found.pilot_holds
    assert [one.cost.held for one in status_of(Autopilot.objects.get(study=study)).steps] == [found.pilot_holds]


def test_a_teacher_whose_licence_nobody_has_confirmed_waits_for_a_person(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.preflight.licences.PACKAGE_LICENCES", {})
    switched_on(study)
    recommended(study, pseudo_labels=50)
    take(study)
    assert (steps(study), held(study)) == ([], 0)
    assert "No one has confirmed" in reason(study)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("num_new", [0, 20])
def test_of_many_workers_at_once_one_buys(num_new: int) -> None:
    study = ready_study()
    switched_on(study, cap="3")
    recommended(study, num_new=num_new)

    def work(_: int) -> None:
        try:
            take(study)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
    assert len(steps(study)) == 1
    assert held(study) == (2 if num_new else Decimal("0.60"))
