from decimal import Decimal

import pytest
from django.utils import timezone

from budgets.ledger import release
from labeling.models import Assignment, Publication
from labeling.publishing import quote_labels
from studies.models import Split, Study
from tests import factories
from tests.labelling import hold_examples

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(db: None) -> Study:
    """Thirty examples in the pool, three annotations each at 0.10."""
    study = factories.study(annotations_per_example=3)
    factories.examples(study, [f"text {number}" for number in range(30)])
    return study


def withdraw_one_of_three(study: Study) -> None:
    """Publish one example, and take back one of its annotations."""
    assert hold_examples(study, 1) is not None
    hold = Assignment.objects.order_by("number")[0].hold
    release(hold=hold, reason="withdrawn")
    Publication.objects.update(withdrawn_at=timezone.now())


def test_no_more_than_is_left_is_priced(study: Study) -> None:
    quote = quote_labels(study=study, num_examples=32)
    assert (quote.num_wanted, quote.num_examples, quote.held) == (32, 30, Decimal("9.00"))


def test_another_split_has_its_own_number(study: Study) -> None:
    assert quote_labels(study=study, num_examples=32, split=Split.TEST).num_examples == 0


def test_a_withdrawn_example_is_priced_by_what_was_given_back(study: Study) -> None:
    withdraw_one_of_three(study)
    quote = quote_labels(study=study, num_examples=30)
    assert (quote.num_examples, quote.held) == (30, Decimal("8.80"))


def test_what_costs_nothing_fits_where_nothing_is_left(db: None) -> None:
    study = factories.study(limit="0", prices=factories.price_book(label="0"))
    factories.examples(study, ["a text"])
    assert quote_labels(study=study, num_examples=1).num_fitting == 1
