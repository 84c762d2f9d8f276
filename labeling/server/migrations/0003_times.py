from django.db import migrations, models

_ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("fulcrum_server", "0002_closure")]

    operations = [
        migrations.CreateModel(
            name="PersonTime",
            fields=[
                ("id", _ID.clone()),
                ("user_id", models.PositiveIntegerField(unique=True)),
                ("entered_at", models.DateTimeField()),
                ("counted_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ExampleTime",
            fields=[
                ("id", _ID.clone()),
                ("user_id", models.PositiveIntegerField()),
                ("task_id", models.PositiveIntegerField()),
                ("opened_at", models.DateTimeField(null=True)),
                ("counted_at", models.DateTimeField(db_index=True, null=True)),
                ("seconds", models.FloatField(default=0.0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user_id", "task_id"), name="one_time_per_person_and_example")
                ],
            },
        ),
        migrations.CreateModel(
            name="CutLeadTime",
            fields=[
                ("id", _ID.clone()),
                ("annotation_id", models.PositiveIntegerField(unique=True)),
                ("project_id", models.PositiveIntegerField(db_index=True, null=True)),
                ("user_id", models.PositiveIntegerField()),
                ("told", models.FloatField()),
                ("kept", models.FloatField()),
                ("at", models.DateTimeField()),
            ],
        ),
    ]
