from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from budgets.models import PriceBook
from studies.models import Study
from tests import factories
from tests.factories import place_hold
from tests.integration.reports import ground
from tests.integration.web.pages import signed_in_as
from web.presenters import label_price

pytestmark = pytest.mark.django_db


def filled_study(book: PriceBook, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Mail",
        "task_type": "text_classification",
        "labels": "urgent\nnormal",
        "metric": "accuracy",
        "student": "package:paraphrase-MiniLM-L3-v2",
        "teacher": "hub",
        "teacher_name": "bert-base-uncased",
        "limit": "20",
        "price_book": book.pk,
        "annotations_per_example": 1,
        "pay_basis": "per_label",
        "max_paid_seconds": 300,
        "dev_fraction": 0.1,
        "test_fraction": 0.2,
        "seed": 0,
        **changes,
    }


def test_a_filled_in_form_makes_a_study(manager: Client) -> None:
    manager.post(reverse("create-study"), filled_study(factories.price_book()))
    study = Study.objects.get(name="Mail")
    assert study.teacher_model == {"source": "hub", "name": "bert-base-uncased", "revision": None}


def test_a_taken_name_is_said_beside_the_name_and_the_input_stays(manager: Client, study: Study) -> None:
    form = filled_study(study.budget.price_book, name=study.name, instructions="Read twice.")
    page = manager.post(reverse("create-study"), form)
    assert page.context["form"].errors["name"] == [f"There is a study “{study.name}” already."]
    assert "Read twice." in page.content.decode()


def test_one_label_is_too_few_and_nothing_is_made(manager: Client) -> None:
    page = manager.post(reverse("create-study"), filled_study(factories.price_book(), labels="only"))
    assert "labels" in page.context["form"].errors
    assert not Study.objects.exists()


def test_a_hub_model_needs_its_name(manager: Client) -> None:
    page = manager.post(reverse("create-study"), filled_study(factories.price_book(), teacher_name=""))
    assert "teacher_name" in page.context["form"].errors


@pytest.mark.parametrize("limit", ["-1", "NaN", "1e30", "0.1234567", "lots"])
def test_a_bad_limit_is_said_beside_the_limit(manager: Client, study: Study, limit: str) -> None:
    page = manager.post(reverse("budget", args=[study.pk]), {"limit": limit})
    assert page.context["limit_form"].errors["limit"]
    assert page.context["limit_form"]["limit"].value() == limit


def test_a_limit_below_what_is_held_is_refused(manager: Client, study: Study) -> None:
    price = label_price(study)
    assert price is not None
    place_hold(budget=study.budget, source_key="assignment:1", amount=price.rate, price=price)
    page = manager.post(reverse("budget", args=[study.pk]), {"limit": "0.05"})
    assert "already spent and held" in page.context["limit_form"].errors["limit"][0]


def test_a_run_without_test_labels_says_what_to_do(manager: Client, study: Study) -> None:
    url = reverse("start-run", args=[study.pk])
    defaults = {name: field.initial for name, field in manager.get(url).context["form"].fields.items()}
    page = manager.post(url, {name: value for name, value in defaults.items() if value is not None})
    assert "Import labelled test rows" in page.context["form"].non_field_errors()[0]


def test_publishing_without_label_studio_says_so_and_holds_nothing(manager: Client, study: Study) -> None:
    factories.examples(study, ["one", "two"])
    page = manager.post(reverse("publish", args=[study.pk]), {"num_examples": 2, "split": "pool"})
    assert "Label Studio" in page.context["form"].non_field_errors()[0]
    assert page.context["form"]["num_examples"].value() == "2"
    assert not study.budget.holds.exists()


def test_the_way_into_an_absent_label_studio_leads_home_with_a_reason(manager: Client, study: Study) -> None:
    page = manager.post(reverse("enter-label-studio", args=[study.pk]), follow=True)
    assert page.redirect_chain[-1][0] == reverse("home")
    assert "Couldn't do that." in page.content.decode()


def test_the_last_admin_cannot_switch_themselves_off() -> None:
    person = factories.person(Role.ADMIN)
    page = signed_in_as(person).post(reverse("person", args=[person.pk]), {"role": "admin"})
    assert "last active admin" in page.context["form"].non_field_errors()[0]


def test_a_taken_e_mail_is_said_beside_it_whatever_its_case(admin: Client) -> None:
    factories.person(Role.ANNOTATOR, email="ann@example.com")
    form = {"name": "Ann", "email": "ANN@example.com", "role": "annotator", "password": factories.PASSWORD}
    page = admin.post(reverse("people"), form)
    assert page.context["form"].errors["email"]


def test_a_weak_password_is_refused(admin: Client) -> None:
    form = {"name": "Ann", "email": "ann@example.com", "role": "annotator", "password": "password"}
    page = admin.post(reverse("people"), form)
    assert page.context["form"].errors["password"]


def test_a_device_price_needs_a_device(admin: Client) -> None:
    book = factories.price_book()
    form = {"book": book.pk, "kind": "device_hour", "amount": "1", "starts_at": "2026-01-01T00:00"}
    page = admin.post(reverse("add-price"), form)
    assert page.context["form"].errors["device"]
    assert page.context["form"]["amount"].value() == "1"


def test_a_price_book_makes_a_study_possible(admin: Client) -> None:
    admin.post(reverse("add-price-book"), {"name": "Standard", "currency": "eur"})
    assert PriceBook.objects.get(name="Standard").currency == "EUR"


@pytest.mark.parametrize("currency", ["€€€", "12a"])
def test_a_currency_is_three_letters(admin: Client, currency: str) -> None:
    page = admin.post(reverse("add-price-book"), {"name": "Standard", "currency": currency})
    assert page.context["form"].errors["currency"]


def test_a_reversal_needs_a_reason(admin: Client, study: Study) -> None:
    entry = ground.buy_labels(study, 1)[0].entry
    assert entry is not None
    page = admin.post(reverse("reverse-entry", args=[entry.pk]), {"reason": "  "})
    assert page.context["form"].errors["reason"]
