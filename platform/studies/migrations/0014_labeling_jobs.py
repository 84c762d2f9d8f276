from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studies", "0013_chosen_and_model_labels")]

    operations = [
        migrations.AddField(
            model_name="example",
            name="scores_key",
            field=models.CharField(
                blank=True, default="", help_text="Key of the run whose scores it was chosen by.", max_length=32
            ),
        ),
        migrations.RemoveIndex(model_name="example", name="ordered_examples"),
        migrations.RenameField(model_name="example", old_name="label_order", new_name="labeling_job"),
        migrations.AlterField(
            model_name="example",
            name="labeling_job",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Key of the labelling job that it is kept for; people are not given it meanwhile.",
                max_length=32,
            ),
        ),
        migrations.AddIndex(
            model_name="example",
            index=models.Index(
                condition=models.Q(("labeling_job", ""), _negated=True),
                fields=["labeling_job"],
                name="examples_of_labeling_jobs",
            ),
        ),
    ]
