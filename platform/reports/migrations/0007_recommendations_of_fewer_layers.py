from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0006_recommendations_of_chosen_labels"),
    ]

    operations = [
        migrations.AddField(
            model_name="recommendation",
            name="kept_layers",
            field=models.PositiveIntegerField(default=0, help_text="That the student keeps, 0 for all."),
        ),
    ]
