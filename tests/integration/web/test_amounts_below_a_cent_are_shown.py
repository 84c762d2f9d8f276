from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.prices import price_at
from studies.models import Study
from tests import factories
from tests.factories import place_hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(db: None) -> Study:
    """A limit of 0.004, of which one label at 0.0024 is held."""
    study = factories.study(limit="0.004", prices=factories.price_book(label="0.0024"))
    factories.examples(study, ["one", "two"])
    price = price_at(book=study.budget.price_book, kind=CostKind.LABEL, at=timezone.now())
    place_hold(budget=study.budget, source_key="a:1", amount=Decimal("0.0024"), price=price, path="annotate")
    return study


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(factories.person(Role.MANAGER))
    return client


def test_the_budget_page_shows_limit_held_and_left(manager: Client, study: Study) -> None:
    page = manager.get(reverse("budget", args=[study.pk])).content.decode()
    assert "$0.004<" in page and "$0.0024<" in page and "$0.0016<" in page
    assert "$0.00<" in page, "nothing is spent"


def test_the_quote_tells_what_is_missing(manager: Client, study: Study) -> None:
    page = manager.get(reverse("publish-quote", args=[study.pk]), {"num_examples": "2"}).content.decode()
    assert "All of them would hold $0.0048, and $0.0016 is left for labelling: $0.0032 short." in page


def test_a_top_up_by_a_decimal_comma_says_the_new_limit(manager: Client, study: Study) -> None:
    limit = {"amount": "0,0125", "expected_limit": "0.004"}
    page = manager.post(reverse("top-up", args=[study.pk]), limit, follow=True).content.decode()
    assert "The limit is now $0.0165." in page


def test_a_top_up_that_may_mean_a_thousand_is_refused_beside_its_field(manager: Client, study: Study) -> None:
    page = manager.post(reverse("top-up", args=[study.pk]), {"amount": "1,000"}, follow=True).content.decode()
    assert "may have thousands separators" in page
    study.budget.refresh_from_db()
    assert study.budget.limit == Decimal("0.004")
