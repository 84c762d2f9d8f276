from decimal import Decimal
from importlib import import_module

import pgtrigger
import pytest
from django.db import connection

from accounts.models import Role
from budgets.ledger import reverse, settle
from budgets.models import Hold, LedgerEntry, Tally
from budgets.queries import differences
from tests import factories
from tests.factories import place_hold
from tests.integration.budgets.ledger_ground import cost, label_price


@pytest.mark.django_db
def test_entries_from_before_get_their_tallies_subjects_and_runs() -> None:
    budget = factories.budget(limit="10")
    hold = place_hold(budget=budget, source_key="run:7", amount=Decimal(1), price=label_price(budget))
    entry = settle(hold=hold, cost=cost("1.5", key="run:7:attempt:1"))
    reverse(actor=factories.person(Role.ADMIN), entry=entry, reason="wrong")
    Tally.objects.all().delete()
    Hold.objects.update(amount=1, extended=0)
    with pgtrigger.ignore("budgets.LedgerEntry:append_only"):
        LedgerEntry.objects.update(subject_key="")
    migration = import_module("budgets.migrations.0004_existing_entries")
    with connection.schema_editor() as editor:
        migration.complete(None, editor)
    budget.refresh_from_db()
    assert differences(budget) == []
    assert set(LedgerEntry.objects.values_list("subject_key", "work_key")) == {("run:7:attempt:1", "run:7")}
