from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0008_outages'),
    ]

    operations = [
        migrations.AlterField(
            model_name='publication',
            name='withdrawn_because',
            field=models.CharField(blank=True, choices=[('stopped', 'The budget stopped'), ('gone', 'It is gone from Label Studio'), ('labelled', 'It got a label from elsewhere')], max_length=16),
        ),
    ]
