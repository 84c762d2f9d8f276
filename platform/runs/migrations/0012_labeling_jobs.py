import django.db.models.deletion
from django.db import migrations, models

STATES = [
    ("waiting", "Waiting for a worker"),
    ("working", "Running"),
    ("paused", "Paused"),
    ("done", "Done"),
    ("stopped", "Stopped"),
]


class Migration(migrations.Migration):
    dependencies = [("runs", "0011_model_labels"), ("studies", "0014_labeling_jobs")]

    operations = [
        migrations.RemoveConstraint(model_name="modellabel", name="one_model_label_per_order"),
        migrations.RenameModel(old_name="Asking", new_name="LabelingJob"),
        migrations.RenameField(model_name="modellabel", old_name="asking", new_name="job"),
        migrations.AlterField(
            model_name="labelingjob",
            name="state",
            field=models.CharField(choices=STATES, default="waiting", max_length=8),
        ),
        migrations.AlterField(
            model_name="labelingjob",
            name="study",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="labeling_jobs", to="studies.study"
            ),
        ),
        migrations.AlterField(
            model_name="labelingjob",
            name="version",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="labeling_jobs",
                to="runs.promptversion",
            ),
        ),
        migrations.AddConstraint(
            model_name="modellabel",
            constraint=models.UniqueConstraint(models.F("job"), models.F("example"), name="one_model_label_per_job"),
        ),
    ]
