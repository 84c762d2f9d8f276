import io

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from budgets.limits import set_confirm_above
from studies.models import Study
from tests import factories
from tests.integration.web.pages import signed_in_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(manager: Client, study: Study) -> Study:
    """A study of 10 whose manager asked for a million more, where one person may set up to 100."""
    set_confirm_above(actor=factories.person(Role.ADMIN), book=study.budget.price_book, amount="100")
    form = {"amount": "1000000", "expected_limit": "10"}
    page = manager.post(reverse("top-up", args=[study.pk]), form, follow=True).content.decode()
    assert "is requested. Another manager or admin must confirm it" in page
    return study


def decide(client: Client, study: Study, decision: str) -> str:
    url = reverse("decide-limit", args=[study.pk, study.budget.limit_requests.get().pk])
    return client.post(url, {decision: ""}, follow=True).content.decode()


def limit(study: Study) -> float:
    study.budget.refresh_from_db()
    return float(study.budget.limit)


def test_who_asked_sees_no_button_to_confirm(manager: Client, asked: Study) -> None:
    page = manager.get(reverse("budget", args=[asked.pk])).content.decode()
    assert "Withdraw the request" in page and 'name="confirm"' not in page
    assert "another manager or admin must confirm it" in decide(manager, asked, "confirm")
    assert limit(asked) == 10


def test_another_person_confirms_on_the_budgets_page(asked: Study) -> None:
    other = signed_in_as(factories.person(Role.MANAGER))
    assert "limit to confirm" in other.get(reverse("home")).content.decode()
    assert "See the request" in other.get(reverse("study", args=[asked.pk])).content.decode()
    assert 'name="confirm"' in other.get(reverse("budget", args=[asked.pk])).content.decode()
    assert "Confirmed" in decide(other, asked, "confirm")
    assert "limit to confirm" not in other.get(reverse("home")).content.decode()
    assert limit(asked) == 1000010


def test_another_person_refuses(asked: Study) -> None:
    assert "The request is refused" in decide(signed_in_as(factories.person(Role.MANAGER)), asked, "decline")
    assert limit(asked) == 10


def test_a_study_opens_with_what_one_person_may_set(asked: Study) -> None:
    said, book = io.StringIO(), asked.budget.price_book
    labels = ["--label=good", "--label=bad"]
    call_command("create_study", "Large", *labels, "--limit=5000", f"--prices={book.name}", stdout=said)
    assert limit(Study.objects.get(name="Large")) == 100
    assert "A limit of 5,000.00 waits for a second person" in said.getvalue()


def test_an_admin_sets_the_amount_on_the_price_books_page(admin: Client, study: Study) -> None:
    book = study.budget.price_book
    for amount, stored in [("250.5", 250.5), ("", None)]:
        admin.post(reverse("confirmation", args=[book.pk]), {"amount": amount})
        book.refresh_from_db()
        assert book.confirm_above == stored
    page = admin.post(reverse("confirmation", args=[book.pk]), {"amount": "many"}).content.decode()
    assert "is not a number" in page
