import pytest
from django.test import Client
from django.urls import reverse

from studies.models import Study
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return factories.study()


@pytest.mark.parametrize(
    ("page", "query", "problem"),
    [
        ("ledger", "bill=1&part=nope", "A bill has no part"),
        ("ledger", "unused=nope", "is no reason that costs are unused"),
        ("ledger", "run=run:999", "There is no run 999"),
        ("ledger", "price=999999", "There is no price 999999"),
        ("study-data", "split=nope", "There is no split"),
    ],
)
def test_a_study_page_says_that_there_is_none(admin: Client, study: Study, page: str, query: str, problem: str) -> None:
    assert problem in admin.get(f"{reverse(page, args=[study.pk])}?{query}").content.decode()


@pytest.mark.parametrize("query", ["book=999999", "book=nope"])
def test_an_unknown_price_book_is_not_every_book(admin: Client, query: str) -> None:
    answer = admin.get(f"{reverse('prices')}?{query}")
    assert (answer.status_code, "There is no price book" in answer.content.decode()) == (404, True)
