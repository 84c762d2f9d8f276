"""Fees know what they are on top of, holds what came later; and no ledger is emptied."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('budgets', '0002_money'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='tally',
            name='one_tally_per_key',
        ),
        migrations.AddField(
            model_name='hold',
            name='extended',
            field=models.DecimalField(db_default=Decimal('0.000000'), decimal_places=6, default=Decimal('0.000000'), help_text='The part of the amount that came later.', max_digits=18),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='fee_on',
            field=models.ForeignKey(help_text='The entry that a fee is on top of.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='fees', to='budgets.ledgerentry'),
        ),
        migrations.AddField(
            model_name='tally',
            name='fee_on_kind',
            field=models.CharField(blank=True, choices=[('label', 'Accepted label'), ('labelling_hour', 'Hour of labelling'), ('review', 'Review'), ('skip', 'Skip'), ('platform_fee', 'Platform fee'), ('device_hour', 'Device hour'), ('input_tokens', '1,000 input tokens'), ('cached_tokens', '1,000 cached input tokens'), ('output_tokens', '1,000 output tokens'), ('kwh', 'Kilowatt-hour')], db_default='', help_text='For a platform fee: of what.', max_length=16),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ledgerentry',
            trigger=pgtrigger.compiler.Trigger(name='never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (current_setting('fulcrum.may_truncate', true) IS DISTINCT FROM 'on')", func="RAISE EXCEPTION 'Cannot empty table %', TG_TABLE_NAME;", hash='de79c28a397e928a3b05e793aef0948ebf9cca24', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_emptied_d33fb', table='budgets_ledgerentry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='price',
            trigger=pgtrigger.compiler.Trigger(name='never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (current_setting('fulcrum.may_truncate', true) IS DISTINCT FROM 'on')", func="RAISE EXCEPTION 'Cannot empty table %', TG_TABLE_NAME;", hash='d6b74f860326996098dd50171942cefb54426d4b', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_emptied_95ef2', table='budgets_price', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='tally',
            constraint=models.UniqueConstraint(fields=('budget', 'month', 'path', 'kind', 'origin', 'price', 'payee', 'work_key', 'fee_on_kind'), name='one_tally_per_key', nulls_distinct=False),
        ),
    ]
