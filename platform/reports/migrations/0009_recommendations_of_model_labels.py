from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0008_recommendations_of_second_opinions"),
        ("runs", "0012_labeling_jobs"),
    ]

    operations = [
        migrations.AddField(
            model_name="recommendation",
            name="num_by_model",
            field=models.PositiveIntegerField(
                default=0, help_text="Of its labels, those that a language model gives."
            ),
        ),
        migrations.AddField(
            model_name="autopilotstep",
            name="jobs",
            field=models.ManyToManyField(related_name="autopilot_steps", to="runs.labelingjob"),
        ),
    ]
