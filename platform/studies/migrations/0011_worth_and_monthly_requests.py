import django.core.validators
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    # Both in one file, so that the folder is not too full. Where both were applied, it counts as applied.
    replaces = [
        ('studies', '0010_worth_per_point'),
        ('studies', '0011_monthly_requests'),
    ]

    dependencies = [
        ('studies', '0009_few_labels'),
    ]

    operations = [
        migrations.AddField(
            model_name='study',
            name='worth_per_point',
            field=models.DecimalField(blank=True, decimal_places=6, help_text='What a percentage point of the metric is worth. None: the whole budget may be spent on it.', max_digits=18, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0'))]),
        ),
        migrations.AddField(
            model_name='study',
            name='monthly_requests',
            field=models.PositiveBigIntegerField(blank=True, help_text='Requests a month that its student is expected to serve. None: not known.', null=True),
        ),
    ]
