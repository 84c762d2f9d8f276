"""The lists that runs are measured on and score become snapshots, with the hashes that equal requests are found by."""

import django.db.models.deletion
from django.db import migrations, models

FIELDS = ('dev', 'test', 'unlabelled')
# Items are numbered in the order of their list.
MOVE = [
    """
    INSERT INTO studies_snapshot (study_id, content_hash, num_examples, created_at, unlabelled_ids)
    SELECT study_id, content_hash, num_rows, created_at, ARRAY(
        SELECT (pair ->> 0)::bigint FROM jsonb_array_elements(rows) WITH ORDINALITY AS each (pair, place)
        WHERE pair ->> 1 IS NULL ORDER BY place
    )
    FROM runs_examplelist ORDER BY id
    """,
    """
    INSERT INTO studies_snapshotitem (snapshot_id, example_id, value, source, source_keys)
    SELECT snapshot.id, (pair ->> 0)::bigint, pair ->> 1, '', '[]'
    FROM runs_examplelist list
    JOIN studies_snapshot snapshot USING (study_id, content_hash)
    CROSS JOIN jsonb_array_elements(list.rows) WITH ORDINALITY AS each (pair, place)
    WHERE pair ->> 1 IS NOT NULL
    ORDER BY list.id, place
    """,
    *(
        f"""
        UPDATE runs_run SET {field}_rows_id = snapshot.id
        FROM runs_examplelist list JOIN studies_snapshot snapshot USING (study_id, content_hash)
        WHERE list.id = runs_run.{field}_id
        """
        for field in FIELDS
    ),
    # Checked now: a table with checks to come cannot be altered.
    'SET CONSTRAINTS ALL IMMEDIATE',
]


def list_of_rows():
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='studies.snapshot'
    )


class Migration(migrations.Migration):

    dependencies = [
        ('studies', '0008_snapshots_of_every_row'),
        ('runs', '0006_wording'),
    ]

    operations = [
        *(migrations.AddField('run', f'{field}_rows', list_of_rows()) for field in FIELDS),
        migrations.RunSQL(MOVE, elidable=True),
        *(migrations.RemoveField('run', field) for field in FIELDS),
        *(migrations.RenameField('run', f'{field}_rows', field) for field in FIELDS),
        migrations.DeleteModel('ExampleList'),
        migrations.AlterField(
            model_name='run',
            name='snapshot',
            field=models.ForeignKey(help_text='What it trains on.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='studies.snapshot'),
        ),
    ]
