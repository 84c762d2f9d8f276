"""The audit trail is never emptied."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_audit_trail'),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name='auditrecord',
            trigger=pgtrigger.compiler.Trigger(name='never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (current_setting('fulcrum.may_truncate', true) IS DISTINCT FROM 'on')", func="RAISE EXCEPTION 'Cannot empty table %', TG_TABLE_NAME;", hash='037822e1f4c445cd501ceb188e08dedb818a4cdd', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_emptied_bd7a3', table='accounts_auditrecord', when='BEFORE')),
        ),
    ]
