from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0009_recommendations_of_model_labels")]

    operations = [
        migrations.AddField(
            model_name="recommendation",
            name="num_verified",
            field=models.PositiveIntegerField(
                default=0, help_text="Of its labels, those of a language model that people verify."
            ),
        ),
    ]
