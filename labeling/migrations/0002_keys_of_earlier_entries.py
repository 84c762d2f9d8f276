"""Give entries that are there already what cost reports ask of them: what they are for, whose pay, and their sums."""

import pgtrigger
from django.db import migrations

SUBJECTS = """
    UPDATE budgets_ledgerentry AS entry
       SET subject_key = root.source_key,
           work_key = COALESCE(substring(root.source_key FROM '^run:[0-9]+'), '')
      FROM budgets_ledgerentry AS root
     WHERE root.id = COALESCE(entry.reverses_id, entry.id)
"""
PAYEES = """
    UPDATE budgets_ledgerentry AS entry
       SET payee_id = annotation.annotator_id
      FROM labeling_annotation AS annotation
     WHERE annotation.entry_id = COALESCE(entry.reverses_id, entry.id)
"""
TALLIES = """
    INSERT INTO budgets_tally
           (budget_id, month, path, kind, origin, price_id, payee_id, work_key, amount, quantity, num_entries)
    SELECT budget_id, date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date, path, kind, origin, price_id, payee_id,
           work_key, sum(amount), sum(quantity), count(*)
      FROM budgets_ledgerentry
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""


def fill(apps, schema_editor):
    # The one time that entries are touched: their new columns get what follows from the old ones.
    with pgtrigger.ignore("budgets.LedgerEntry:append_only"), schema_editor.connection.cursor() as cursor:
        for statement in (SUBJECTS, PAYEES, TALLIES):
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("labeling", "0001_initial"), ("budgets", "0002_money")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
