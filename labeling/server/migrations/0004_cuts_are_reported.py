from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fulcrum_server", "0003_times")]

    operations = [
        migrations.AddField(
            model_name="cutleadtime",
            name="reported_at",
            field=models.DateTimeField(db_index=True, help_text="When Fulcrum was told.", null=True),
        ),
    ]
