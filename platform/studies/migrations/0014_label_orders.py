from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('studies', '0013_model_labels'),
    ]

    operations = [
        migrations.AddField(
            model_name='example',
            name='label_order',
            field=models.CharField(blank=True, default='', help_text='Key of the open order that has a language model label it; people are not given it meanwhile.', max_length=32),
        ),
        migrations.AddIndex(
            model_name='example',
            index=models.Index(condition=models.Q(('label_order', ''), _negated=True), fields=['label_order'], name='ordered_examples'),
        ),
    ]
