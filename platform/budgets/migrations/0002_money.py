"""Caps, stops, scoped prices, fees, tallies, and what each entry is for."""

import budgets.models
import django.db.models.deletion
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('budgets', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BudgetStop',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cause', models.CharField(choices=[('frozen', 'Stopped by a person'), ('exhausted', 'Nothing was left')], max_length=16)),
                ('reason', models.CharField(max_length=300)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Cap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(blank=True, choices=[('annotate', 'Annotate'), ('distil', 'Distil')], max_length=16)),
                ('kind', models.CharField(blank=True, choices=[('label', 'Accepted label'), ('labelling_hour', 'Hour of labelling'), ('review', 'Review'), ('skip', 'Skip'), ('platform_fee', 'Platform fee'), ('device_hour', 'Device hour'), ('input_tokens', '1,000 input tokens'), ('cached_tokens', '1,000 cached input tokens'), ('output_tokens', '1,000 output tokens'), ('kwh', 'Kilowatt-hour')], max_length=16)),
                ('limit', models.DecimalField(decimal_places=6, max_digits=18)),
            ],
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text='Its first day, in UTC, by when the work was done.')),
                ('path', models.CharField(blank=True, choices=[('annotate', 'Annotate'), ('distil', 'Distil')], max_length=16)),
                ('kind', models.CharField(choices=[('label', 'Accepted label'), ('labelling_hour', 'Hour of labelling'), ('review', 'Review'), ('skip', 'Skip'), ('platform_fee', 'Platform fee'), ('device_hour', 'Device hour'), ('input_tokens', '1,000 input tokens'), ('cached_tokens', '1,000 cached input tokens'), ('output_tokens', '1,000 output tokens'), ('kwh', 'Kilowatt-hour')], max_length=16)),
                ('origin', models.CharField(choices=[('person', 'Person'), ('replay', 'Replay'), ('compute', 'Compute')], max_length=16)),
                ('work_key', models.CharField(blank=True, max_length=64)),
                ('amount', models.DecimalField(decimal_places=6, default=Decimal('0.000000'), max_digits=18)),
                ('quantity', models.DecimalField(decimal_places=6, default=Decimal('0.000000'), max_digits=18)),
                ('num_entries', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='price',
            name='one_price_per_start',
        ),
        migrations.RemoveIndex(
            model_name='ledgerentry',
            name='budgets_led_budget__a57c6f_idx',
        ),
        migrations.AddField(
            model_name='budget',
            name='stopped_at',
            field=models.DateTimeField(help_text='Set while a stop stands: nothing new is held.', null=True),
        ),
        migrations.AddField(
            model_name='budget',
            name='thresholds',
            field=models.JSONField(default=budgets.models.default_thresholds, help_text='Percent of the limit; each is told once.'),
        ),
        migrations.AddField(
            model_name='hold',
            name='fee',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='budgets.price'),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='overshoot',
            field=models.BooleanField(default=False, help_text='Was open when a stop came, and was paid all the same.'),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='payee',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='replaces',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replacement', to='budgets.ledgerentry'),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='subject_key',
            field=models.CharField(default='', help_text='What the money is for; shared by an entry, its fee, its reversal and replacement.', max_length=200),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='work_key',
            field=models.CharField(blank=True, help_text='The run that an attempt belongs to.', max_length=64),
        ),
        migrations.AddField(
            model_name='price',
            name='annotator',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='price',
            name='budget',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='own_prices', to='budgets.budget'),
        ),
        migrations.AddField(
            model_name='price',
            name='corrects',
            field=models.ForeignKey(help_text='Made by re-pricing.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='budgets.price'),
        ),
        migrations.AlterField(
            model_name='hold',
            name='amount',
            field=models.DecimalField(decimal_places=6, help_text='The worst case, its platform fee included.', max_digits=18),
        ),
        migrations.AlterField(
            model_name='hold',
            name='kind',
            field=models.CharField(choices=[('label', 'Accepted label'), ('labelling_hour', 'Hour of labelling'), ('review', 'Review'), ('skip', 'Skip'), ('platform_fee', 'Platform fee'), ('device_hour', 'Device hour'), ('input_tokens', '1,000 input tokens'), ('cached_tokens', '1,000 cached input tokens'), ('output_tokens', '1,000 output tokens'), ('kwh', 'Kilowatt-hour')], max_length=16),
        ),
        migrations.AlterField(
            model_name='hold',
            name='price',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='budgets.price'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='kind',
            field=models.CharField(choices=[('label', 'Accepted label'), ('labelling_hour', 'Hour of labelling'), ('review', 'Review'), ('skip', 'Skip'), ('platform_fee', 'Platform fee'), ('device_hour', 'Device hour'), ('input_tokens', '1,000 input tokens'), ('cached_tokens', '1,000 cached input tokens'), ('output_tokens', '1,000 output tokens'), ('kwh', 'Kilowatt-hour')], max_length=16),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='price',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='budgets.price'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='quantity',
            field=models.DecimalField(decimal_places=6, help_text='In the unit of the kind; for a platform fee, the amount it is on top of.', max_digits=18),
        ),
        migrations.AlterField(
            model_name='price',
            name='amount',
            field=models.DecimalField(decimal_places=6, help_text='Percent for a platform fee. None ends an override.', max_digits=18, null=True),
        ),
        migrations.AlterField(
            model_name='price',
            name='created_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='price',
            name='device',
            field=models.CharField(blank=True, help_text='For device hours: cpu, cuda, …', max_length=16),
        ),
        migrations.AlterField(
            model_name='price',
            name='kind',
            field=models.CharField(choices=[('label', 'Accepted label'), ('labelling_hour', 'Hour of labelling'), ('review', 'Review'), ('skip', 'Skip'), ('platform_fee', 'Platform fee'), ('device_hour', 'Device hour'), ('input_tokens', '1,000 input tokens'), ('cached_tokens', '1,000 cached input tokens'), ('output_tokens', '1,000 output tokens'), ('kwh', 'Kilowatt-hour')], max_length=16),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['budget'], name='open_holds'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['budget', '-occurred_at', '-id'], name='entries_by_time'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['budget', 'subject_key'], name='entries_by_subject'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(condition=models.Q(('work_key', ''), _negated=True), fields=['budget', 'work_key'], name='entries_by_work'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['price', 'occurred_at'], name='entries_by_price'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.UniqueConstraint(condition=models.Q(('corrects__isnull', True)), fields=('book', 'kind', 'device', 'budget', 'annotator', 'starts_at'), name='one_price_per_start', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('amount__isnull', False), ('budget__isnull', False), ('annotator__isnull', False), _connector='OR'), name='only_overrides_end'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('annotator__isnull', True), ('kind__in', ['label', 'labelling_hour', 'review', 'skip']), _connector='OR'), name='annotators_price_what_they_are_paid_for'),
        ),
        migrations.AddField(
            model_name='budgetstop',
            name='budget',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stops', to='budgets.budget'),
        ),
        migrations.AddField(
            model_name='budgetstop',
            name='ended_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='budgetstop',
            name='started_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='cap',
            name='budget',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='caps', to='budgets.budget'),
        ),
        migrations.AddField(
            model_name='tally',
            name='budget',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tallies', to='budgets.budget'),
        ),
        migrations.AddField(
            model_name='tally',
            name='payee',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='tally',
            name='price',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='budgets.price'),
        ),
        migrations.AddConstraint(
            model_name='budgetstop',
            constraint=models.UniqueConstraint(models.F('budget'), condition=models.Q(('ended_at__isnull', True)), name='one_stop_stands_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='cap',
            constraint=models.UniqueConstraint(models.F('budget'), models.F('path'), models.F('kind'), name='one_cap_per_path_or_kind'),
        ),
        migrations.AddConstraint(
            model_name='cap',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('path', ''), models.Q(('kind', ''), _negated=True)), models.Q(models.Q(('path', ''), _negated=True), ('kind', '')), _connector='OR'), name='cap_names_a_path_or_a_kind'),
        ),
        migrations.AddConstraint(
            model_name='tally',
            constraint=models.UniqueConstraint(fields=('budget', 'month', 'path', 'kind', 'origin', 'price', 'payee', 'work_key'), name='one_tally_per_key', nulls_distinct=False),
        ),
    ]
