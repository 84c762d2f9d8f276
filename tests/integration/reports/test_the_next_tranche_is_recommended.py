import json
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from unittest.mock import patch

import pytest
from django.core.management import call_command
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.append_only import AppendOnlyViolation
from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.limits import set_cap, set_limit, stop_everything
from budgets.models import Path
from budgets.prices import create_price_book, set_price
from labeling.publishing import quote_labels
from reports.advice import NextTranche, OfferRecord, next_tranche, recommend, situation_of
from reports.advice.offers import offers_of
from reports.advice.recommending import decide
from reports.models import ForecastOutcome, Recommendation
from reports.tasks import recommend as recommend_task
from runs.execution import request_recommendation
from runs.models import Run, RunKind, RunState
from runs.requests import RunPlan, RunRequest, chain_of, count_inputs, device_price, estimate_runs
from studies.models import Split, Study
from studies.snapshots import take_snapshot
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


def texts(name: str, how_many: int) -> list[str]:
    return [f"{name} {number}" for number in range(how_many)]


def labelled(study: Study, how_many: int, *, name: str = "row", split: Split = Split.POOL) -> None:
    labels = [("good", "bad")[number % 2] for number in range(how_many)]
    factories.examples(study, texts(name, how_many), labels=labels, split=split)


@pytest.fixture
def study() -> Study:
    """Forty labels, 200 further texts of the pool, dev and test."""
    made = factories.study()
    labelled(made, 40)
    labelled(made, 20, name="test", split=Split.TEST)
    labelled(made, 20, name="dev", split=Split.DEV)
    factories.examples(made, texts("new", 200))
    return made


def label_price(study: Study, amount: str) -> None:
    book, starts_at = study.budget.price_book, factories.LONG_AGO.replace(year=2021)
    set_price(actor=factories.person(Role.ADMIN), book=book, kind=CostKind.LABEL, amount=amount, starts_at=starts_at)


def advised(study: Study) -> NextTranche:
    study.refresh_from_db()
    recommend(study=study)
    found = next_tranche(study)
    assert found.is_current
    return found


def words(study: Study) -> str:
    found = advised(study).recommendation
    assert found is not None
    return found.words


def test_without_a_point_the_cheapest_look_is_named(study: Study) -> None:
    found = advised(study)
    assert found.recommendation is not None and found.best is not None
    assert found.recommendation.words.startswith("Cannot tell yet: nothing is measured. $")
    assert found.best.price == min(offer.price for offer in found.offers)
    assert found.best.band_90 is None


def test_one_point_names_a_look_and_prices_every_offer(study: Study) -> None:
    ground.annotated(study, num_labels=40)
    found = advised(study)
    assert found.recommendation is not None and found.best is not None
    assert found.recommendation.words.startswith("Cannot tell yet: ")
    assert (40, 0) not in {(one.labels, one.pseudo_labels) for one in found.offers}
    assert {one.path for one in found.offers} == {Path.ANNOTATE, Path.DISTIL}
    assert all(one.band_90 is not None for one in found.offers)
    assert found.recommendation.price == found.best.price


def test_labels_cost_what_the_publish_page_quotes() -> None:
    study = factories.study(annotations_per_example=2)
    labelled(study, 10)
    labelled(study, 10, name="test", split=Split.TEST)
    factories.examples(study, texts("new", 30))
    ground.annotated(study, num_labels=10)
    further = [one for one in advised(study).offers if one.num_new]
    assert further
    for one in further:
        quote = quote_labels(study=study, num_examples=one.num_new)
        assert one.label_cost == quote.estimate.expected == Decimal("0.20") * one.num_new


def test_compute_costs_what_the_start_page_quotes(study: Study) -> None:
    ground.annotated(study, num_labels=40, seconds=[600])
    ground.distilled(study, teacher=ground.teacher(study, num_labels=40))
    Run.objects.filter(study=study).update(model=factories.PACKAGE_MODEL)
    (offer,) = [one for one in advised(study).offers if (one.labels, one.pseudo_labels) == (20, 0)]
    request = RunRequest(study=study, path=Path.ANNOTATE, plan=RunPlan(), num_labels=20)
    chain = chain_of(request=request, inputs=count_inputs(request))
    whole = estimate_runs(chain=chain, price=device_price(study)).whole
    assert whole is not None
    assert (offer.compute_cost, offer.basis) == (whole.expected, whole.basis)


def test_without_a_run_like_it_compute_is_priced_by_the_published_tasks_within_its_limit(study: Study) -> None:
    distil = [one for one in advised(study).offers if one.pseudo_labels]
    assert all("published tasks" in one.basis for one in distil)
    # The teacher at its limit of an hour; scoring and student by pseudo-label, at most an hour each.
    assert all(Decimal("0.60") < one.compute_cost <= Decimal("1.80") for one in distil)


def test_without_a_run_students_of_both_paths_are_priced_alike(study: Study) -> None:
    offers = advised(study).offers
    plain = {one.compute_cost for one in offers if one.path == Path.ANNOTATE and one.labels == 40}
    looks = {one.labels: one.compute_cost for one in offers if one.is_teacher}
    taught = [one for one in offers if one.pseudo_labels and one.labels == 40]
    # The teacher stands at its time limit, the students at what their steps take.
    assert len(plain) == 1 and 0 < plain.pop() < looks[40] == Decimal("0.60")
    assert len({one.basis for one in offers}) == 1
    assert sorted(one.compute_cost for one in taught) == [one.compute_cost for one in sorted(taught, key=num_pseudo)]


def num_pseudo(one: OfferRecord) -> int:
    return one.pseudo_labels or 0


def test_a_run_of_the_same_checkpoint_prices_those_of_other_kinds(study: Study) -> None:
    ground.annotated(study, num_labels=40, seconds=[600])
    Run.objects.filter(study=study).update(model=factories.PACKAGE_MODEL)
    taught = [one for one in advised(study).offers if one.pseudo_labels]
    assert taught and all("this model, of another kind" in one.basis for one in taught)


def test_a_price_has_an_interval_up_to_what_is_held(study: Study) -> None:
    offers = advised(study).offers
    for one in offers:
        assert one.price_low is not None and one.price_high is not None
        assert one.price_low < one.price < one.price_high or one.is_teacher
        assert one.compute_cost <= one.price_high <= one.label_cost + Decimal("0.60") * 3
    (look,) = [one for one in offers if one.is_teacher and one.labels == 40]
    # Held is the hour of its time limit, which is expected too.
    assert look.price_high == look.price == Decimal("0.60")


def test_runs_that_came_out_as_expected_narrow_the_interval(study: Study) -> None:
    ground.annotated(study, num_labels=40, seconds=[60])
    Run.objects.filter(study=study).update(model=factories.PACKAGE_MODEL)
    before = width(study)
    for _ in range(12):
        ground.annotated(study, num_labels=40, seconds=[60])
    estimate = {**dict.fromkeys(("low", "expected", "high"), "0.01"), "basis": ""}
    seconds = dict.fromkeys(("low_seconds", "expected_seconds", "high_seconds"), 60)
    Run.objects.filter(study=study).update(model=factories.PACKAGE_MODEL, estimate={**estimate, **seconds})
    assert width(study) < before / Decimal("1.5")


def width(study: Study) -> Decimal:
    """Of the price of a student of 20 labels."""
    (one,) = [one for one in advised(study).offers if (one.labels, one.pseudo_labels) == (20, 0)]
    assert one.price_low is not None and one.price_high is not None
    return (one.price_high - one.price_low) / one.price


def test_the_same_state_gets_the_same_row(study: Study) -> None:
    ground.annotated(study, num_labels=40)
    first, again = recommend(study=study), recommend(study=study)
    recommend_task(study_id=study.pk)
    assert first == again
    assert Recommendation.objects.count() == 1


def test_the_same_state_is_decided_alike_each_time(study: Study) -> None:
    ground.annotated(study, num_labels=40)
    situation = situation_of(study)
    first, again = (decide(situation, offers_of(situation)) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("what", ["point", "money", "label", "price", "licence"])
def test_another_state_gets_another_row(study: Study, what: str) -> None:
    recommend(study=study)
    changes: dict[str, Callable[[], object]] = {
        "point": lambda: ground.annotated(study, num_labels=40),
        "money": lambda: set_cap(actor=study.created_by, budget=study.budget, path=Path.DISTIL, limit="1"),
        "label": lambda: labelled(study, 1, name="later"),
        "price": lambda: label_price(study, "0.30"),
        "licence": lambda: factories.free_model(study, study.teacher_model),
    }
    changes[what]()
    study.refresh_from_db()
    assert not next_tranche(study).is_current
    recommend(study=study)
    assert next_tranche(study).is_current
    assert Recommendation.objects.count() == 2


def test_what_was_said_is_never_changed(study: Study) -> None:
    found = recommend(study=study)
    found.words = "Buy everything."
    with pytest.raises(AppendOnlyViolation):
        found.save()


def test_a_stopped_study_buys_nothing(study: Study) -> None:
    stop_everything(actor=study.created_by, budget=study.budget, reason="Enough")
    assert words(study) == "The study is stopped: nothing is bought until it is resumed."


def test_without_a_labelled_test_example_nothing_can_be_measured() -> None:
    study = factories.study()
    labelled(study, 10)
    assert "no example of the test split is labelled" in words(study)


def test_money_that_holds_nothing_names_the_cheapest() -> None:
    study = factories.study(limit="0.005")
    labelled(study, 10)
    labelled(study, 10, name="test", split=Split.TEST)
    found = words(study)
    assert found.startswith("Nothing can be bought: the cheapest purchase, ")
    assert found.endswith("$0.005 is left.")


def test_without_a_price_of_a_device_hour_it_is_asked_for() -> None:
    admin = factories.person(Role.ADMIN)
    study = factories.study(prices=create_price_book(actor=admin, name="Bare", currency="EUR"))
    labelled(study, 10)
    labelled(study, 10, name="test", split=Split.TEST)
    assert words(study) == "Nothing is on offer. No price of a device hour is set, so no student can be priced."


def test_without_a_price_of_a_label_only_what_is_there_is_on_offer() -> None:
    admin, since = factories.person(Role.ADMIN), factories.LONG_AGO
    book = create_price_book(actor=admin, name="Compute", currency="EUR")
    set_price(actor=admin, book=book, kind=CostKind.DEVICE_HOUR, scope=factories.CPU, amount="0.60", starts_at=since)
    study = factories.study(prices=book)
    labelled(study, 10)
    labelled(study, 10, name="test", split=Split.TEST)
    factories.examples(study, texts("new", 20))
    found = advised(study)
    assert found.recommendation is not None
    assert {one.num_new for one in found.offers} == {0}
    assert "€" in found.recommendation.words
    assert "No price of a label is set, so no further labels can be priced." in found.recommendation.notes


def test_a_cap_takes_a_path_off_the_offers(study: Study) -> None:
    set_cap(actor=study.created_by, budget=study.budget, path=Path.DISTIL, limit="0.01")
    assert {one.path for one in advised(study).offers} == {Path.ANNOTATE}


def test_where_money_is_short_the_time_limit_is_what_it_can_hold(study: Study) -> None:
    ground.annotated(study, num_labels=40)
    Run.objects.filter(study=study).update(model=factories.PACKAGE_MODEL)
    set_limit(actor=study.created_by, budget=study.budget, limit="0.40")
    found = advised(study)
    (offer,) = [one for one in found.offers if (one.labels, one.pseudo_labels) == (20, 0)]
    # A minute is a cent, and one is spent. Nothing is known of teachers, so that they need their whole limit.
    assert offer.minutes == 39
    assert {one.path for one in found.offers} == {Path.ANNOTATE}


def test_zero_prices_are_offered_without_a_gain_per_dollar() -> None:
    study = factories.study(prices=factories.price_book(label="0", cpu_hour="0"))
    labelled(study, 20)
    labelled(study, 10, name="test", split=Split.TEST)
    factories.examples(study, texts("new", 40))
    ground.annotated(study, num_labels=20)
    found = advised(study)
    assert found.best is not None and found.recommendation is not None
    assert {one.gain_per_dollar for one in found.offers} == {None}
    assert found.recommendation.flips == []


def test_falling_curves_are_called_disagreeing_runs(study: Study) -> None:
    ground.annotated(study, num_labels=10, utility=0.8)
    ground.annotated(study, num_labels=40, utility=0.6)
    assert "Runs disagree by 20 points" in words(study)


def test_a_metric_that_never_moves_is_doubted(study: Study) -> None:
    for num_labels in (10, 20, 40):
        ground.annotated(study, num_labels=num_labels, utility=0.5)
    assert "check that the metric can tell them apart" in words(study)


def test_a_repeated_cell_counts_as_one_point(study: Study) -> None:
    ground.annotated(study, num_labels=40, utility=0.70)
    once = words(study)
    ground.annotated(study, num_labels=40, utility=0.70)
    assert words(study).split(" for ")[0][:15] == once.split(" for ")[0][:15] == "Cannot tell yet"


def test_a_run_in_progress_is_not_bought_twice(study: Study) -> None:
    snapshot = take_snapshot(study=study, num_labels=40)
    kind = RunKind.FINETUNE_STUDENT
    ground.run(study, kind, path=Path.ANNOTATE, snapshot=snapshot, state=RunState.RUNNING, seconds=[])
    found = advised(study)
    assert (40, 0) not in {(one.labels, one.pseudo_labels) for one in found.offers}
    assert found.recommendation is not None
    assert any("in progress" in note for note in found.recommendation.notes)


def test_a_teacher_that_is_there_costs_nothing_again_and_is_a_measured_limit(study: Study) -> None:
    teacher = ground.teacher(study, num_labels=40)
    Run.objects.filter(pk=teacher.pk).update(model=study.teacher_model)
    ground.evaluate(teacher, 0.9)
    teacher.artifact.path.mkdir(parents=True, exist_ok=True)
    ground.annotated(study, num_labels=40)
    offers = advised(study).offers
    ours = [one for one in offers if one.pseudo_labels and one.labels == 40]
    others = [one for one in offers if one.pseudo_labels and one.labels == 20]
    assert {one.teacher_run for one in ours} == {teacher.pk}
    assert {one.teacher_run for one in others} == {None}


def test_a_teacher_alone_is_on_offer_until_it_is_measured(study: Study) -> None:
    ground.annotated(study, num_labels=40)
    looks = {one.labels: one for one in advised(study).offers if one.is_teacher}
    assert looks[40].name == "the teacher of 40 labels"
    assert looks[40].band_90 is not None and looks[40].chance_of_being_best == 0
    ground.evaluate(ground.teacher(study, num_labels=40), 0.9)
    assert 40 not in {one.labels for one in advised(study).offers if one.is_teacher}


def test_a_student_of_an_untrained_teacher_counts_as_it_was_measured(study: Study) -> None:
    ground.annotated(study, num_labels=40, utility=0.6)
    without = ground.run(study, RunKind.DISTIL, path=Path.DISTIL)
    without.artifact.num_pseudo_labels = 100
    without.artifact.save()
    ground.evaluate(without, 0.95)
    found = advised(study)
    assert [(one.name, one.own_gain) for one in found.offers if one.own_gain is None or one.own_gain >= 3] == []


def test_what_came_is_held_against_what_was_said_before(study: Study) -> None:
    ground.annotated(study, num_labels=40, utility=0.70)
    said = advised(study)
    (offer,) = [one for one in said.offers if (one.labels, one.pseudo_labels) == (20, 0)]
    assert offer.band_90 is not None
    ground.annotated(study, num_labels=20, utility=offer.band_90[0] / 100 + 0.001)
    ground.annotated(study, num_labels=10, utility=0.999)
    found = advised(study)
    by_labels = {one.labels: one for one in found.outcomes}
    assert set(by_labels) == {10, 20}
    assert by_labels[20].recommendation == said.recommendation
    assert by_labels[20].is_inside_90 and not by_labels[20].is_inside_80
    assert not by_labels[10].is_inside_90
    assert (found.coverage.inside_80, found.coverage.inside_90, found.coverage.total) == (0, 1, 2)
    recommend(study=study)
    assert ForecastOutcome.objects.count() == 2


def test_a_student_that_was_there_before_proves_nothing(study: Study) -> None:
    ground.annotated(study, num_labels=20)
    recommend(study=study)
    assert not ForecastOutcome.objects.exists()


def test_the_command_prints_what_the_page_says(study: Study) -> None:
    ground.annotated(study, num_labels=40)
    printed, as_json = StringIO(), StringIO()
    call_command("advise", str(study.pk), stdout=printed)
    call_command("advise", study.name, "--json", stdout=as_json)
    said = Recommendation.objects.get().words
    assert said in printed.getvalue()
    assert json.loads(as_json.getvalue())["words"] == said


def test_a_worker_is_asked_once_the_transaction_is_in(
    study: Study, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with patch("runs.execution.endings.current_app.send_task") as sent:
        with django_capture_on_commit_callbacks(execute=True):
            request_recommendation(study.pk)
            sent.assert_not_called()
        sent.assert_called_once()
    assert sent.call_args.kwargs["kwargs"] == {"study_id": study.pk}
