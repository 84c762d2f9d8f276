from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.models import Budget, Price
from budgets.prices import Scope, find_price, highest_price, set_price
from config.refusals import Refusal
from tests import factories

pytestmark = pytest.mark.django_db
SPRING, SUMMER = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def own(budget: Budget, amount: str | None, *, scope: Scope, starts_at: datetime = SPRING) -> Price:
    admin = factories.person(Role.ADMIN)
    book = budget.price_book
    return set_price(actor=admin, book=book, kind=CostKind.LABEL, amount=amount, starts_at=starts_at, scope=scope)


def found(budget: Budget, scope: Scope, *, at: datetime = SUMMER, known_at: datetime | None = None) -> Decimal:
    price = find_price(book=budget.price_book, kind=CostKind.LABEL, at=at, scope=scope, known_at=known_at)
    assert price
    return price.rate


def test_an_annotators_own_price_comes_before_the_studys_and_the_books() -> None:
    budget, ann = factories.budget(), factories.person(Role.ANNOTATOR)
    own(budget, "0.2", scope=Scope(budget=budget))
    own(budget, "0.3", scope=Scope(annotator=ann))
    both = Scope(budget=budget, annotator=ann)
    assert (found(budget, Scope()), found(budget, Scope(budget=budget)), found(budget, both)) == (
        Decimal("0.1"),
        Decimal("0.2"),
        Decimal("0.3"),
    )
    own(budget, "0.4", scope=both)
    assert found(budget, both) == Decimal("0.4")


def test_a_later_price_of_the_book_leaves_an_override_alone() -> None:
    budget = factories.budget()
    own(budget, "0.2", scope=Scope(budget=budget))
    own(budget, "0.15", scope=Scope(), starts_at=SUMMER)
    assert found(budget, Scope(budget=budget)) == Decimal("0.2")


def test_when_an_override_ends_the_wider_price_holds_again() -> None:
    budget = factories.budget()
    scope = Scope(budget=budget)
    own(budget, "0.2", scope=scope)
    own(budget, None, scope=scope, starts_at=SUMMER)
    assert found(budget, scope, at=SUMMER - timedelta(seconds=1)) == Decimal("0.2")
    assert found(budget, scope) == Decimal("0.1")


def test_a_price_of_the_book_cannot_end() -> None:
    with pytest.raises(Refusal, match="only a price of one study or annotator can end"):
        own(factories.budget(), None, scope=Scope())


def test_what_was_promised_is_not_changed_by_a_price_written_later() -> None:
    budget = factories.budget()
    promised_at = timezone.now()
    own(budget, "0.2", scope=Scope(), starts_at=SPRING)
    assert found(budget, Scope(), known_at=promised_at) == Decimal("0.1")
    assert found(budget, Scope()) == Decimal("0.2")


def test_the_dearest_price_is_what_the_best_paid_would_be_owed() -> None:
    budget, ann, cheap = factories.budget(), factories.person(Role.ANNOTATOR), factories.person(Role.ANNOTATOR)
    own(budget, "0.3", scope=Scope(annotator=ann))
    own(budget, "0.05", scope=Scope(annotator=cheap))
    assert highest_price(budget=budget, kind=CostKind.LABEL, at=SUMMER).rate == Decimal("0.3")
    own(budget, "0.02", scope=Scope(annotator=ann, budget=budget))
    assert highest_price(budget=budget, kind=CostKind.LABEL, at=SUMMER).rate == Decimal("0.1")


@pytest.mark.parametrize("kind", [CostKind.DEVICE_HOUR, CostKind.PLATFORM_FEE, CostKind.KWH])
def test_only_what_people_are_paid_for_has_an_annotators_price(kind: CostKind) -> None:
    admin, book = factories.person(Role.ADMIN), factories.price_book()
    scope = Scope(device="cpu" if kind == CostKind.DEVICE_HOUR else "", annotator=admin)
    with pytest.raises(Refusal, match="annotator: nobody is paid"):
        set_price(actor=admin, book=book, kind=kind, amount="1", starts_at=SPRING, scope=scope)


def test_a_study_of_another_book_has_no_price_here() -> None:
    with pytest.raises(Refusal, match="is priced by another book"):
        own(factories.budget(), "1", scope=Scope(budget=factories.budget()))
