from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fulcrum_server", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Closure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("project_id", models.PositiveIntegerField(unique=True)),
                ("message", models.CharField(max_length=400)),
                ("since", models.DateTimeField(auto_now_add=True)),
                (
                    "kept",
                    models.JSONField(
                        default=dict, help_text="By a person's id, the one example that they may still finish."
                    ),
                ),
            ],
        ),
    ]
