from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from budgets.models import Budget
from studies.models import Study
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db
URL = "/reconciliation/"


@pytest.fixture
def spent(study: Study) -> Study:
    ground.buy_labels(study, 2)
    return study


def test_nothing_is_rebuilt_before_it_is_asked_for(admin: Client, spent: Study) -> None:
    Budget.objects.filter(pk=spent.budget_id).update(spent=Decimal(9))
    page = admin.get(reverse("reconciliation"))
    assert page.context["differences"] == []
    assert "Reconcile all" in page.content.decode()


@pytest.mark.parametrize("asked", ["all", "one"])
def test_a_difference_is_listed_with_both_figures(admin: Client, spent: Study, asked: str) -> None:
    Budget.objects.filter(pk=spent.budget_id).update(spent=Decimal(9))
    page = admin.get(URL, {"budget": str(spent.budget_id) if asked == "one" else asked}).content.decode()
    assert "difference" in page
    assert "9.000000" in page
    assert "0.200000" in page


def test_an_honest_budget_has_no_difference(admin: Client, spent: Study) -> None:
    assert "No difference." in admin.get(URL, {"budget": str(spent.budget_id)}).content.decode()


def test_an_unknown_budget_is_not_found(admin: Client, spent: Study) -> None:
    assert admin.get(URL, {"budget": "4711"}).status_code == 404
