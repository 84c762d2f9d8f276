"""A quote and its button are of one request; where the form says something else by now, it is quoted anew."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.prices import set_price
from labeling.models import Publication
from runs.models import Run
from studies.models import Split, Study
from tests import factories
from tests.integration.web.test_the_start_page_takes_what_a_plan_has import SENT, any_model

__all__ = ["any_model"]

pytestmark = pytest.mark.django_db

CHANGED = "changed since the quote"


@pytest.fixture
def study(db: None) -> Study:
    made = factories.study(limit="10")
    texts = [f"text {number}" for number in range(12)]
    factories.examples(made, texts, labels=["good", "bad"] * 6)
    factories.examples(made, ["a dev text", "another"], split=Split.DEV, labels=["good", "bad"])
    factories.examples(made, ["a test text", "one more"], split=Split.TEST, labels=["good", "bad"])
    factories.examples(made, [f"unlabelled {number}" for number in range(5)])
    return made


def errors_of(page: Any) -> list[str]:
    return list(page.context["form"].non_field_errors())


def test_examples_typed_after_the_quote_are_quoted_before_they_are_published(manager: Client, study: Study) -> None:
    url = reverse("publish", args=[study.pk])
    shown = manager.get(url).context["shown"]
    page = manager.post(url, {"num_examples": 5, "split": "pool", "shown": shown})
    assert CHANGED in errors_of(page)[0] and page.context["quote"].num_examples == 5
    again = manager.post(url, {"num_examples": 5, "split": "pool", "shown": page.context["shown"]})
    # Label Studio is away here: it was asked, which is what the button is for.
    assert "does not answer" in errors_of(again)[0]
    assert not Publication.objects.exists()


def test_a_price_set_since_the_quote_is_shown_first(manager: Client, study: Study) -> None:
    url, typed = reverse("publish", args=[study.pk]), {"num_examples": "5", "split": "pool"}
    shown = manager.get(reverse("publish-quote", args=[study.pk]), typed).context["shown"]
    book, starts_at = study.budget.price_book, factories.LONG_AGO.replace(year=2021)
    set_price(actor=factories.person(Role.ADMIN), book=book, kind=CostKind.LABEL, amount="0.50", starts_at=starts_at)
    page = manager.post(url, {**typed, "shown": shown})
    assert CHANGED in errors_of(page)[0] and page.context["quote"].held == 5 * 0.5


def test_a_run_asked_for_otherwise_than_quoted_is_quoted_before_it_starts(manager: Client, study: Study) -> None:
    url = reverse("start-run", args=[study.pk])
    asked = {"path": "annotate", "num_labels": "10", **SENT}
    shown = manager.get(reverse("run-quote", args=[study.pk]), asked).context["shown"]
    page = manager.post(url, {**asked, "num_labels": "8", "shown": shown})
    assert CHANGED in errors_of(page)[0] and not Run.objects.exists()
    manager.post(url, {**asked, "num_labels": "8", "shown": page.context["shown"]})
    assert Run.objects.get().snapshot.num_examples == 8  # type: ignore[union-attr]
