from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Role
from budgets.cost_kinds import CostKind, SourceType, kinds_of
from budgets.ledger import Cost, charge
from budgets.models import Origin, Path
from budgets.prices import Scope, set_price
from reports.verify import verify
from runs.models import RunKind
from studies.models import Study
from tests import factories
from tests.factories import place_hold
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db

CALLERS = kinds_of(SourceType.CALLER)
OURS = kinds_of(SourceType.ANNOTATION, SourceType.ATTEMPT)


def entered(kind: CostKind, source_key: str, *, study: Study | None = None, amount: str = "") -> list[str]:
    """Enter a cost of a kind under a caller's own key, and verify its budget."""
    study = study or factories.study()
    price = set_price(
        actor=factories.person(Role.ADMIN),
        book=study.budget.price_book,
        kind=kind,
        amount="0.15",
        starts_at=timezone.now(),
        scope=Scope(device="cpu" if kind == CostKind.DEVICE_HOUR else ""),
    )
    cost = Cost(
        source_key=source_key,
        quantity=Decimal("1.234"),
        amount=Decimal(amount) if amount else price.cost(Decimal("1.234")),
        origin=Origin.COMPUTE,
        occurred_at=timezone.now(),
    )
    charge(budget=study.budget, cost=cost, price=price)
    study.budget.refresh_from_db()
    return [str(one) for one in verify(budgets=[study.budget])]


@pytest.mark.parametrize("kind", CALLERS)
def test_a_callers_own_entry_needs_no_source(kind: CostKind) -> None:
    assert entered(kind, f"api:{kind}:1") == []


@pytest.mark.parametrize("kind", OURS)
def test_what_annotations_and_runs_are_paid_as_needs_its_source(kind: CostKind) -> None:
    (difference,) = entered(kind, f"api:{kind}:1")
    assert difference.startswith(f"source of api:{kind}:1: stored 0.185")


@pytest.mark.parametrize("source_key", ["annotation:1", "run:1:attempt:1"])
def test_a_key_of_ours_needs_its_source_whatever_its_kind(source_key: str) -> None:
    assert entered(CostKind.REVIEW, source_key) != []


def test_a_fee_needs_what_it_is_on_top_of() -> None:
    assert entered(CostKind.PLATFORM_FEE, "api:fee:1") != []


@pytest.mark.parametrize("kind", CALLERS)
def test_a_callers_entry_costs_its_quantity_at_its_price(kind: CostKind) -> None:
    assert entered(kind, "api:1", amount="0.2") == ["amount of api:1: stored 0.200000, rebuilt 0.185100"]


def test_a_callers_key_may_name_work_of_its_own_study() -> None:
    study = factories.study()
    run = ground.run(study, RunKind.FINETUNE_TEACHER, path=Path.DISTIL)
    assert entered(CostKind.KWH, f"{run.source_key}:attempt:1:kwh", study=study) == []
    assert entered(CostKind.KWH, f"{run.source_key}:attempt:1:kwh") != []


def test_an_open_hold_of_a_callers_kind_is_for_what_it_will_enter() -> None:
    study, admin, start = factories.study(), factories.person(Role.ADMIN), timezone.now()
    book = study.budget.price_book
    price = set_price(actor=admin, book=book, kind=CostKind.INPUT_TOKENS, amount="0.15", starts_at=start)
    place_hold(budget=study.budget, source_key="api:2", amount=Decimal(1), price=price)
    study.budget.refresh_from_db()
    assert verify(budgets=[study.budget]) == []
