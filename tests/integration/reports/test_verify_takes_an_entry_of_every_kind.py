from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Role
from budgets.ledger import Cost, charge
from budgets.models import Kind, Origin
from budgets.prices import Scope, set_price
from reports.verify import verify
from studies.models import Study
from tests import factories

pytestmark = pytest.mark.django_db

# Paid of annotations and attempts only: an entry of one of these kinds has such a source.
OF_OURS = {Kind.LABEL, Kind.LABELLING_HOUR, Kind.SKIP, Kind.DEVICE_HOUR}


def entered(kind: Kind, source_key: str) -> list[str]:
    """Enter a cost of a kind under a caller's own key, and verify its budget."""
    study: Study = factories.study()
    price = set_price(
        actor=factories.person(Role.ADMIN),
        book=study.budget.price_book,
        kind=kind,
        amount="0.15",
        starts_at=timezone.now(),
        scope=Scope(device="cpu" if kind == Kind.DEVICE_HOUR else ""),
    )
    cost = Cost(
        source_key=source_key,
        quantity=Decimal("1.234"),
        amount=price.cost(Decimal("1.234")),
        origin=Origin.COMPUTE,
        occurred_at=timezone.now(),
    )
    charge(budget=study.budget, cost=cost, price=price)
    study.budget.refresh_from_db()
    return [str(one) for one in verify(budgets=[study.budget])]


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in OF_OURS | {Kind.PLATFORM_FEE}])
def test_a_callers_own_entry_needs_no_source(kind: Kind) -> None:
    assert entered(kind, f"api:{kind}:1") == []


@pytest.mark.parametrize("kind", sorted(OF_OURS))
def test_what_annotations_and_runs_are_paid_as_needs_its_source(kind: str) -> None:
    (difference,) = entered(Kind(kind), f"api:{kind}:1")
    assert difference.startswith(f"source of api:{kind}:1: stored 0.185")


@pytest.mark.parametrize("source_key", ["annotation:1", "run:1:attempt:1"])
def test_a_key_of_ours_needs_its_source_whatever_its_kind(source_key: str) -> None:
    assert entered(Kind.REVIEW, source_key) != []


def test_a_fee_needs_what_it_is_on_top_of() -> None:
    assert entered(Kind.PLATFORM_FEE, "api:fee:1") != []
