import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from accounts.models import AuditRecord
from tests import factories


def test_every_row_is_gone_and_guarded_rows_are_guarded_again(transactional_db: None) -> None:
    factories.examples(factories.study(), ["one"], labels=["good"])
    call_command("flush", verbosity=0, interactive=False)
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with connection.cursor() as cursor:
        assert [name for name in tables if cursor.execute(f'SELECT 1 FROM "{name}"').fetchone()] == []
    factories.study()
    assert AuditRecord.objects.exists()
    with pytest.raises(DatabaseError, match="accounts_auditrecord"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_auditrecord")
