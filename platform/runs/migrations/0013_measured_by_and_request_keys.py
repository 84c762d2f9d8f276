from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0012_labeling_jobs")]

    operations = [
        migrations.AddField(
            model_name="evaluation",
            name="measured_by",
            field=models.CharField(
                blank=True, default="", help_text="The checkpoint that measured it, where one does.", max_length=100
            ),
        ),
        migrations.AddField(
            model_name="labelaudit",
            name="request_key",
            field=models.CharField(
                blank=True, default="", help_text="Names the request: sent twice, it draws once.", max_length=64
            ),
        ),
    ]
