"""Name the annotator on entries that were there before entries named whom they pay."""

import pgtrigger
from django.db import migrations

PAYEES = """
    UPDATE budgets_ledgerentry AS entry
       SET payee_id = annotation.annotator_id
      FROM labeling_annotation AS annotation
     WHERE annotation.entry_id = COALESCE(entry.reverses_id, entry.id)
"""


def fill(apps, schema_editor):
    # The one time that entries are touched: a new column gets what follows from old ones.
    with pgtrigger.ignore("budgets.LedgerEntry:append_only"), schema_editor.connection.cursor() as cursor:
        cursor.execute(PAYEES)


class Migration(migrations.Migration):
    dependencies = [("labeling", "0001_initial"), ("budgets", "0003_fees_and_extensions")]
    # The sums by annotator follow from the payees.
    run_before = [("budgets", "0004_existing_entries")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
