from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studies", "0014_labeling_jobs")]

    operations = [
        migrations.AlterField(
            model_name="example",
            name="chosen_by",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "Chance: in the study's random order"),
                    ("uncertainty", "Uncertainty: a model was least sure of it"),
                    ("verification", "Verification: the language model that labelled it was least sure of it"),
                ],
                default="",
                max_length=16,
            ),
        ),
    ]
