from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from budgets.ledger import charge, release
from budgets.limits import exhaust, set_cap, set_limit, stop_everything
from budgets.models import Cap, Path
from runs.models import RunKind, RunState
from studies.models import Study
from tests import factories
from tests.factories import place_hold
from tests.integration.budgets.ledger_ground import cost, label_price
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


def post(client: Client, study: Study, name: str, values: dict[str, Any] | None = None) -> Any:
    page = client.post(reverse(name, args=[study.pk]), values or {}, follow=True)
    study.budget.refresh_from_db()
    return page


def frozen(study: Study) -> None:
    stop_everything(actor=study.created_by, budget=study.budget, reason="Guidelines are wrong")
    study.budget.refresh_from_db()


def test_a_top_up_adds_once_however_often_it_is_sent(manager: Client, study: Study) -> None:
    form = {"amount": "5", "expected_limit": "10.000000"}
    post(manager, study, "top-up", form)
    page = post(manager, study, "top-up", form)
    assert study.budget.limit == 15
    assert "this form was already submitted" in str(page.context["top_up_form"].errors)


def test_after_looking_again_the_same_form_adds(manager: Client, study: Study) -> None:
    page = post(manager, study, "top-up", {"amount": "5", "expected_limit": "9"})
    seen = page.context["top_up_form"]["expected_limit"].value()
    post(manager, study, "top-up", {"amount": "5", "expected_limit": seen})
    assert study.budget.limit == 15


def test_the_second_of_two_who_set_the_limit_is_told(manager: Client, study: Study) -> None:
    set_limit(actor=factories.person(), budget=study.budget, limit="20")
    page = post(manager, study, "budget", {"limit": "8", "expected_limit": "10"})
    assert "It was changed in the meantime" in page.context["limit_form"].errors["limit"][0]
    assert study.budget.limit == 20


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "1e30", "0.1234567"])
def test_a_bad_top_up_is_said_beside_it(manager: Client, study: Study, amount: str) -> None:
    page = post(manager, study, "top-up", {"amount": amount})
    assert page.context["top_up_form"].errors["amount"]
    assert study.budget.limit == 10


def test_a_cap_is_set_changed_and_lifted(manager: Client, study: Study) -> None:
    post(manager, study, "set-cap", {"what": "path:distil", "limit": "4"})
    cap = Cap.objects.get()
    page = manager.get(reverse("budget", args=[study.pk]), {"cap": cap.pk})
    assert page.context["cap_form"]["expected_limit"].value() == cap.limit
    post(manager, study, "set-cap", {"what": "path:distil", "limit": "5", "expected_limit": "4"})
    assert Cap.objects.get().limit == 5
    manager.post(reverse("remove-cap", args=[study.pk, cap.pk]))
    assert not Cap.objects.exists()


def test_a_cap_below_what_it_has_taken_is_refused(manager: Client, study: Study) -> None:
    charge(budget=study.budget, cost=cost("2"), price=label_price(study.budget), path=Path.ANNOTATE)
    page = post(manager, study, "set-cap", {"what": "path:annotate", "limit": "1"})
    assert "already spent and held under this cap" in page.context["cap_form"].errors["limit"][0]


def test_a_cap_that_was_changed_meanwhile_is_shown_as_it_is(manager: Client, study: Study) -> None:
    set_cap(actor=factories.person(), budget=study.budget, limit="6", path=Path.DISTIL)
    page = post(manager, study, "set-cap", {"what": "path:distil", "limit": "5", "expected_limit": "4"})
    assert page.context["cap_form"].errors["limit"]
    assert Decimal(page.context["cap_form"]["expected_limit"].value()) == 6


def test_a_cap_of_another_study_is_not_lifted(manager: Client, study: Study) -> None:
    cap = set_cap(actor=factories.person(), budget=factories.budget(), limit="6", path=Path.DISTIL)
    manager.post(reverse("remove-cap", args=[study.pk, cap.pk]))
    assert Cap.objects.exists()


@pytest.mark.parametrize("text", ["a few", "0", "50, 120", "12.5"])
def test_bad_thresholds_are_said_beside_them(manager: Client, study: Study, text: str) -> None:
    page = post(manager, study, "set-thresholds", {"thresholds": text})
    assert page.context["thresholds_form"].errors["thresholds"]


def test_thresholds_are_set(manager: Client, study: Study) -> None:
    post(manager, study, "set-thresholds", {"thresholds": "90 %, 25"})
    assert study.budget.thresholds == [25, 90]


def test_a_stop_needs_a_reason(manager: Client, study: Study) -> None:
    page = post(manager, study, "stop-everything", {"reason": " "})
    assert page.context["form"].errors["reason"]
    assert not study.budget.is_stopped


def test_every_page_of_a_stopped_study_says_why_and_how_to_go_on(manager: Client, study: Study) -> None:
    post(manager, study, "stop-everything", {"reason": "Guidelines are wrong"})
    for name in ("study", "study-data", "labelling", "runs", "report", "ledger", "budget", "publish"):
        page = manager.get(reverse(name, args=[study.pk])).content.decode()
        assert "Guidelines are wrong" in page
        assert reverse("resume", args=[study.pk]) in page


def test_the_banner_counts_what_was_withdrawn(manager: Client, study: Study) -> None:
    hold = place_hold(budget=study.budget, source_key="a:1", amount=Decimal(1), price=label_price(study.budget))
    frozen(study)
    release(hold=hold, reason="withdrawn: Guidelines are wrong")
    assert "1 annotation withdrawn" in manager.get(reverse("study", args=[study.pk])).content.decode()


def test_a_frozen_study_is_resumed_with_one_button(manager: Client, study: Study) -> None:
    frozen(study)
    post(manager, study, "resume")
    assert not study.budget.is_stopped


def test_a_study_with_nothing_left_asks_for_a_top_up(manager: Client, study: Study) -> None:
    charge(budget=study.budget, cost=cost("10"), price=label_price(study.budget))
    page = post(manager, study, "resume").content.decode()
    assert "Top it up" in page and "its budget is spent" in page
    assert "Top up the budget to resume it; until then nothing starts" in page
    assert reverse("resume", args=[study.pk]) not in page
    post(manager, study, "top-up", {"amount": "1", "expected_limit": "10"})
    assert not study.budget.is_stopped


def test_a_study_that_needs_more_than_is_left_can_be_resumed_with_it(manager: Client, study: Study) -> None:
    exhaust(budget=study.budget, reason="run 1 needs more")
    page = manager.get(reverse("study", args=[study.pk])).content.decode()
    assert "not enough budget is left" in page and "or resume it with what is left" in page
    assert "its budget is spent" not in page


def test_publishing_on_a_stopped_study_is_refused_in_words(manager: Client, study: Study) -> None:
    factories.examples(study, ["one"])
    frozen(study)
    page = post(manager, study, "publish", {"num_examples": 1, "split": "pool"})
    assert page.context["form"].errors


def test_holds_say_what_they_are_for(manager: Client, study: Study) -> None:
    ground.run(study, RunKind.SCORE, path=Path.DISTIL, state=RunState.QUEUED, seconds=[])
    (what,) = manager.get(reverse("budget", args=[study.pk])).context["held_for"].values()
    assert what.url.startswith("/runs/")


def test_a_budgets_own_address_leads_to_its_study(manager: Client, study: Study) -> None:
    page = manager.get(reverse("budget-by-id", args=[study.budget_id]))
    assert page.headers["Location"] == reverse("budget", args=[study.pk])
    assert manager.get(reverse("budget-by-id", args=[10**9])).status_code == 404


def test_home_marks_stopped_studies_and_sums_each_currency_apart(manager: Client, study: Study) -> None:
    euros = factories.study(prices=factories.price_book(currency="EUR"), limit="7")
    frozen(study)
    page = manager.get(reverse("home"))
    totals = [(one.currency, one.limit, one.num_stopped) for one in page.context["totals"]]
    assert totals == [("EUR", euros.budget.limit, 0), ("USD", study.budget.limit, 1)]
    assert page.content.decode().count('class="mark bad"') == 1
