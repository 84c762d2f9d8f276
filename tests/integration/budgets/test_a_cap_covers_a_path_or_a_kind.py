from decimal import Decimal
from typing import Any

import pytest

from accounts.models import AuditRecord, Role
from accounts.permissions import Forbidden
from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetExceeded, CapExceeded, HoldRequest, charge, headroom, place_holds
from budgets.limits import StaleEdit, remove_cap, set_cap
from budgets.limits.limits import LimitTooLow
from budgets.models import Budget, Cap, Path, Price
from config.refusals import Refusal
from tests import factories
from tests.factories import place_hold
from tests.integration.budgets.ledger_ground import cost, label_price

pytestmark = pytest.mark.django_db


def capped(limit: str, **scope: Any) -> tuple[Budget, Price, Cap]:
    budget = factories.budget(limit="10")
    cap = set_cap(actor=factories.person(), budget=budget, limit=limit, **(scope or {"path": Path.ANNOTATE}))
    return budget, label_price(budget), cap


def test_what_is_spent_and_held_of_a_path_stays_within_its_cap() -> None:
    budget, price, _ = capped("3")
    charge(budget=budget, cost=cost("1"), price=price, path=Path.ANNOTATE)
    place_hold(budget=budget, source_key="run:1", amount=Decimal(1), price=price, path=Path.ANNOTATE)
    with pytest.raises(CapExceeded, match=r"under its cap for annotate.*0\.50 USD more\. Raise the cap"):
        place_hold(budget=budget, source_key="run:2", amount=Decimal("1.5"), price=price, path=Path.ANNOTATE)
    assert headroom(budget=budget, path=Path.ANNOTATE) == 1


def test_another_path_does_not_count() -> None:
    budget, price, _ = capped("3")
    place_hold(budget=budget, source_key="run:1", amount=Decimal(5), price=price, path=Path.DISTIL)
    assert headroom(budget=budget, path=Path.DISTIL) == 5
    assert headroom(budget=budget, path=Path.ANNOTATE) == 3


def test_a_kind_is_capped_whatever_its_path() -> None:
    budget, price, _ = capped("3", kind=CostKind.LABEL)
    with pytest.raises(CapExceeded, match="cap for accepted label"):
        charge(budget=budget, cost=cost("4"), price=price)


def test_a_refusal_by_a_cap_is_one_by_the_budget() -> None:
    assert issubclass(CapExceeded, BudgetExceeded)


def test_of_many_the_first_that_fit_are_held() -> None:
    budget, price, _ = capped("0.25")
    requests = [
        HoldRequest(source_key=f"assignment:{n}", amount=Decimal("0.1"), price=price, path=Path.ANNOTATE)
        for n in range(5)
    ]
    assert len(place_holds(budget=budget, requests=requests, as_many_as_fit=True)) == 2


def test_a_cap_below_what_it_has_taken_is_refused() -> None:
    budget, price, _ = capped("3")
    place_hold(budget=budget, source_key="run:1", amount=Decimal(2), price=price, path=Path.ANNOTATE)
    with pytest.raises(LimitTooLow, match="already spent and held under this cap"):
        set_cap(actor=factories.person(), budget=budget, limit="1.99", path=Path.ANNOTATE)


def test_a_second_cap_on_the_same_changes_the_first() -> None:
    budget, _, cap = capped("3")
    assert set_cap(actor=factories.person(), budget=budget, limit="4", path=Path.ANNOTATE).pk == cap.pk
    assert Cap.objects.get().limit == 4


def test_a_cap_that_somebody_changed_meanwhile_stays_as_they_left_it() -> None:
    budget, _, cap = capped("3")
    set_cap(actor=factories.person(), budget=budget, limit="4", path=Path.ANNOTATE)
    with pytest.raises(StaleEdit):
        set_cap(actor=factories.person(), budget=budget, limit="5", path=Path.ANNOTATE, expected_limit=cap.limit)
    assert Cap.objects.get().limit == 4


def test_a_cap_that_is_lifted_holds_nothing_back_and_both_are_recorded() -> None:
    budget, price, cap = capped("3")
    remove_cap(actor=factories.person(), cap=cap)
    remove_cap(actor=factories.person(), cap=cap)
    place_hold(budget=budget, source_key="run:1", amount=Decimal(9), price=price, path=Path.ANNOTATE)
    records = AuditRecord.objects.filter(action="budget.cap").order_by("pk")
    assert [(one.before, one.after) for one in records] == [({}, {"limit": "3.000000"}), ({"limit": "3.000000"}, {})]


@pytest.mark.parametrize(
    ("scope", "limit", "problem"),
    [
        ({}, "1", "either a path or a cost kind"),
        ({"path": "annotate", "kind": "label"}, "1", "either a path or a cost kind"),
        ({"kind": "platform_fee"}, "1", "comes on top"),
        ({"kind": "bribe"}, "1", "bribe"),
        ({"path": "annotate"}, "-1", "limit"),
        ({"path": "annotate"}, "NaN", "limit"),
    ],
)
def test_a_cap_that_cannot_be_is_refused(scope: dict[str, Any], limit: str, problem: str) -> None:
    with pytest.raises(Refusal, match=problem):
        set_cap(actor=factories.person(), budget=factories.budget(), limit=limit, **scope)
    assert not Cap.objects.exists()


def test_an_annotator_sets_no_cap() -> None:
    with pytest.raises(Forbidden):
        set_cap(actor=factories.person(Role.ANNOTATOR), budget=factories.budget(), limit="1", path=Path.ANNOTATE)
