from django.db import migrations
from django.db.models import Max


def count_drafts(apps, schema_editor):
    """What drafts from before the clock have told is time spent: else their answers would be paid from now on only."""
    drafts = apps.get_model("tasks", "AnnotationDraft").objects.filter(annotation=None, lead_time__gt=0)
    found = drafts.values_list("user_id", "task_id").annotate(seconds=Max("lead_time"), at=Max("updated_at"))
    times = apps.get_model("fulcrum_server", "ExampleTime").objects
    for user_id, task_id, seconds, at in found.order_by("user_id", "task_id"):
        times.get_or_create(user_id=user_id, task_id=task_id, defaults={"seconds": seconds, "counted_at": at})


class Migration(migrations.Migration):
    # Of Label Studio's own, the one that gave drafts their present form.
    dependencies = [("fulcrum_server", "0004_cuts_are_reported"), ("tasks", "0040_auto_20230628_1101")]

    operations = [migrations.RunPython(count_drafts, migrations.RunPython.noop)]
