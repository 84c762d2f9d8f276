import pytest
from django.db import ProgrammingError, connection, transaction

TABLES = ("budgets_ledgerentry", "budgets_price", "accounts_auditrecord", "studies_snapshot", "studies_snapshotitem")


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_is_written_once_is_not_emptied(table: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL fulcrum.may_truncate = 'off'")
        with pytest.raises(ProgrammingError, match=f"Cannot empty table {table}"), transaction.atomic():
            cursor.execute(f"TRUNCATE {table} CASCADE")
        cursor.execute("SET LOCAL fulcrum.may_truncate = 'on'")
