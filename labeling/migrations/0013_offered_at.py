from itertools import islice

from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.utils import timezone

AT_ONCE = 1000


def of_the_first_offer(apps, schema_editor):
    """Its batch was made then; where it was offered again, the batch in which the money of the first was held."""
    Batch = apps.get_model("labeling", "Batch")
    Publication = apps.get_model("labeling", "Publication")
    batch = Batch.objects.filter(pk=OuterRef("batch"))
    Publication.objects.update(offered_at=Subquery(batch.values("created_at")))
    again = Publication.objects.filter(round__gt=1).select_related("batch__project__study", "example").order_by("pk")
    rows = again.iterator(chunk_size=AT_ONCE)
    while some := list(islice(rows, AT_ONCE)):
        for one in some:
            one.offered_at = _first_offer(apps, one) or one.offered_at
        Publication.objects.bulk_update(some, ["offered_at"])


def _first_offer(apps, publication):
    Batch, Hold = apps.get_model("labeling", "Batch"), apps.get_model("budgets", "Hold")
    project = publication.batch.project
    key = f"assignment:{publication.example.uid}:1"
    hold = Hold.objects.filter(budget=project.study.budget_id, source_key=key).first()
    if hold is None:
        return None
    before = Batch.objects.filter(project=project, created_at__lte=hold.created_at).order_by("-created_at").first()
    return before.created_at if before else hold.created_at


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0012_second_opinions"),
        ("budgets", "0011_prices_of_models"),
        ("studies", "0014_labeling_jobs"),
    ]

    operations = [
        migrations.AddField(
            model_name="publication",
            name="offered_at",
            field=models.DateTimeField(
                default=timezone.now,
                help_text="When it was offered first, and so chosen; its batch is that of the last time.",
            ),
        ),
        migrations.RunPython(of_the_first_offer, migrations.RunPython.noop),
    ]
