from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0007_what_label_studio_counts'),
    ]

    operations = [
        migrations.CreateModel(
            name='Outage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=500, unique=True)),
                ('since', models.DateTimeField(help_text='When the first call ran out of time that no answer came after.')),
                ('num_timeouts', models.PositiveIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(help_text='Nobody asks before; then one caller does.')),
            ],
        ),
    ]
