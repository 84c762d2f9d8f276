from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0003_labels_alone'),
    ]

    operations = [
        migrations.AddField(
            model_name='recommendation',
            name='is_self_taught',
            field=models.BooleanField(default=False, help_text="The student's own checkpoint is the teacher."),
        ),
    ]
