from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import StringIO
from typing import Any

import pgtrigger
import pytest
from django.core.management import CommandError, call_command

from accounts.models import Role
from budgets.ledger import Cost, charge, reverse
from budgets.models import Budget, Hold, LedgerEntry, Origin
from reports.verify import verify
from runs.models import Attempt
from studies.models import SnapshotItem, Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    study = factories.study()
    ground.buy_labels(study, 3)
    ground.annotated(study, num_labels=2)
    ground.distilled(study, teacher=ground.teacher(study, num_labels=2))
    return study


@contextmanager
def writable() -> Iterator[None]:
    """As if somebody had got past the trigger."""
    with pgtrigger.ignore("budgets.LedgerEntry:append_only"):
        yield


def change(entry: LedgerEntry, **fields: Any) -> None:
    with writable():
        LedgerEntry.objects.filter(pk=entry.pk).update(**fields)


def found(study: Study) -> str:
    return "\n".join(str(difference) for difference in verify(budgets=[Budget.objects.get(pk=study.budget_id)]))


def label_entry(study: Study) -> LedgerEntry:
    return study.budget.entries.filter(source_key__startswith="annotation:").latest("pk")


def attempt_entry(study: Study) -> LedgerEntry:
    return study.budget.entries.filter(source_key__startswith="run:").latest("pk")


def test_an_honest_ledger_has_no_difference(study: Study) -> None:
    reverse(actor=factories.person(Role.ADMIN), entry=label_entry(study), reason="disputed")
    assert found(study) == ""


def test_a_changed_total_is_found(study: Study) -> None:
    Budget.objects.filter(pk=study.budget_id).update(spent=Decimal("9"))
    assert "spent: stored 9.000000" in found(study)
    assert f"{study}: bills and unused entries" in found(study)


def test_a_changed_label_amount_is_found(study: Study) -> None:
    entry = label_entry(study)
    change(entry, amount=Decimal("0.2"))
    assert f"amount of {entry.source_key}: stored 0.200000, rebuilt 0.100000" in found(study)


def test_a_changed_attempt_amount_is_found(study: Study) -> None:
    entry = attempt_entry(study)
    change(entry, amount=Decimal("0.005"))
    assert f"amount of {entry.source_key}: stored 0.005000, rebuilt 0.010000" in found(study)


def test_an_attempt_billed_up_to_its_hold_is_no_difference(study: Study) -> None:
    entry = attempt_entry(study)
    change(entry, amount=Decimal("0.005"))
    Hold.objects.filter(entries=entry).update(amount=Decimal("0.005"))
    assert f"amount of {entry.source_key}" not in found(study)


def test_an_attempt_without_an_entry_is_found(study: Study) -> None:
    attempt = Attempt.objects.latest("pk")
    Attempt.objects.filter(pk=attempt.pk).update(entry=None)
    assert f"entry of {attempt.source_key}: stored missing, rebuilt 0.010000" in found(study)
    assert f"source of {attempt.source_key}: stored 0.010000, rebuilt missing" in found(study)


def test_an_entry_under_another_source_key_is_found(study: Study) -> None:
    entry = label_entry(study)
    change(entry, source_key="annotation:another")
    assert f"entry {entry.pk}: source key: stored annotation:another, rebuilt {entry.source_key}" in found(study)


def test_an_entry_in_another_budget_is_found(study: Study) -> None:
    entry = label_entry(study)
    change(entry, budget=factories.budget())
    assert f"budget of {entry.source_key}" in found(study)


def test_an_entry_that_nothing_caused_is_found(study: Study) -> None:
    cost = Cost(
        source_key="annotation:nobodys",
        quantity=Decimal(1),
        amount=Decimal("0.1"),
        origin=Origin.PERSON,
        occurred_at=ground.NOW,
    )
    charge(budget=study.budget, cost=cost, price=label_entry(study).price)
    assert found(study) == "source of annotation:nobodys: stored 0.100000, rebuilt missing"


def test_a_label_in_a_snapshot_that_was_never_entered_is_found(study: Study) -> None:
    with pgtrigger.ignore("studies.SnapshotItem:append_only"):
        SnapshotItem.objects.filter(pk=SnapshotItem.objects.latest("pk").pk).update(source_keys=["annotation:lost"])
    assert "entry of annotation:lost, in a snapshot: stored missing" in found(study)


def test_the_command_lists_differences_and_fails(study: Study) -> None:
    Budget.objects.filter(pk=study.budget_id).update(spent=Decimal("9"))
    out = StringIO()
    with pytest.raises(CommandError, match="difference") as error:
        call_command("ledger", "verify", stdout=out)
    assert error.value.returncode == 1
    assert "stored 9.000000" in out.getvalue()


def test_the_command_says_that_all_is_well(study: Study) -> None:
    out = StringIO()
    call_command("ledger", "verify", budget=study.budget_id, stdout=out)
    assert "The ledger verifies: 1 budget(s)" in out.getvalue()


def test_an_unknown_budget_is_a_clear_error() -> None:
    with pytest.raises(CommandError, match="There is no budget 4711"):
        call_command("ledger", "verify", "--budget", "4711")
