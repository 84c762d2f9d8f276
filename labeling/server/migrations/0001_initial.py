from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="UsedTicket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("nonce", models.CharField(max_length=64, unique=True)),
                ("email", models.EmailField(max_length=254)),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("used_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
    ]
