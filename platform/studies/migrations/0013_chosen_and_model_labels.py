from django.db import migrations, models


class Migration(migrations.Migration):

    # Both in one file, so that the folder is not too full. Where both were applied, it counts as applied.
    replaces = [
        ('studies', '0012_examples_chosen_by'),
        ('studies', '0013_model_labels'),
    ]

    dependencies = [
        ('studies', '0011_worth_and_monthly_requests'),
    ]

    operations = [
        migrations.AddField(
            model_name='example',
            name='chosen_by',
            # Choices are nothing in a database, so that verification came here later.
            field=models.CharField(blank=True, choices=[('', "Chance: in the study's random order"), ('uncertainty', 'Uncertainty: a model was least sure of it'), ('verification', 'Verification: the language model that labelled it was least sure of it')], default='', max_length=16),
        ),
        migrations.AddIndex(
            model_name='example',
            index=models.Index(condition=models.Q(('chosen_by', ''), _negated=True), fields=['study'], name='chosen_examples'),
        ),
        migrations.AddConstraint(
            model_name='example',
            constraint=models.CheckConstraint(condition=models.Q(('split', 'pool'), ('chosen_by', ''), _connector='OR'), name='only_the_pool_is_chosen_from'),
        ),
        migrations.RemoveConstraint(
            model_name='label',
            name='imported_labels_cost_nothing',
        ),
        migrations.RemoveConstraint(
            model_name='snapshotitem',
            name='only_annotated_rows_cost',
        ),
        migrations.AlterField(
            model_name='label',
            name='source',
            field=models.CharField(choices=[('import', 'Imported'), ('annotation', 'Annotation'), ('language_model', 'Language model')], max_length=16),
        ),
        migrations.AlterField(
            model_name='label',
            name='source_keys',
            field=models.JSONField(default=list, help_text='Ledger keys of its annotations, or of the batch it was asked in: what it cost.'),
        ),
        migrations.AlterField(
            model_name='snapshotitem',
            name='source',
            field=models.CharField(blank=True, choices=[('import', 'Imported'), ('annotation', 'Annotation'), ('language_model', 'Language model')], max_length=16),
        ),
        migrations.AddConstraint(
            model_name='label',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('source', 'import'), _negated=True), ('source_keys', []), _connector='OR'), name='imported_labels_cost_nothing'),
        ),
        migrations.AddConstraint(
            model_name='snapshotitem',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['annotation', 'language_model']), ('source_keys', []), _connector='OR'), name='only_bought_rows_cost'),
        ),
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
