from typing import Any

from django.db import migrations


def claim(apps: Any, schema_editor: Any) -> None:
    """Orders that are open keep their examples from now on; what people were given already stays theirs."""
    open_orders = apps.get_model("runs", "Asking").objects.filter(
        purpose="labels", state__in=["waiting", "working", "paused"]
    )
    examples = apps.get_model("studies", "Example").objects
    for order in open_orders.order_by("pk").iterator():
        free = examples.filter(pk__in=order.example_ids, publication__isnull=True, label__isnull=True)
        free.update(label_order=f"asking:{order.pk}")


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0011_model_labels"),
        ("studies", "0014_label_orders"),
        ("labeling", "0011_prelabels"),
    ]
    operations = [migrations.RunPython(claim, migrations.RunPython.noop, elidable=True)]
