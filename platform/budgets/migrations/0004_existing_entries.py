"""Entries and holds from before there were tallies, subjects, work keys and extensions get theirs."""

import pgtrigger
from django.db import migrations

HOLDS = """
UPDATE budgets_hold SET amount = charged.total, extended = charged.total - amount
FROM (SELECT hold_id, sum(amount) AS total FROM budgets_ledgerentry WHERE hold_id IS NOT NULL GROUP BY hold_id) AS charged
WHERE charged.hold_id = budgets_hold.id AND charged.total > budgets_hold.amount
"""

SUBJECTS = """
UPDATE budgets_ledgerentry SET
    subject_key = regexp_replace(source_key, '^reversal:', ''),
    work_key = coalesce(substring(source_key FROM '^(?:reversal:)?(run:[0-9]+):attempt:'), '')
WHERE subject_key = ''
"""

TALLIES = """
INSERT INTO budgets_tally
    (budget_id, month, path, kind, origin, price_id, payee_id, work_key, fee_on_kind, amount, quantity, num_entries)
SELECT budget_id, date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date, path, kind, origin, price_id, payee_id,
    work_key, '', sum(amount), sum(quantity), count(*)
FROM budgets_ledgerentry
WHERE budget_id NOT IN (SELECT budget_id FROM budgets_tally)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""


def complete(apps, schema_editor):
    with pgtrigger.ignore('budgets.LedgerEntry:append_only'), schema_editor.connection.cursor() as cursor:
        for statement in (HOLDS, SUBJECTS, TALLIES):
            cursor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ('budgets', '0003_fees_and_extensions'),
    ]

    operations = [
        migrations.RunPython(complete, migrations.RunPython.noop),
    ]
