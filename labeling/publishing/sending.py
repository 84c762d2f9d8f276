"""Sending batches to Label Studio, each once, whatever crashes in between."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from budgets.models import Budget
from labeling.annotations import mark_gone
from labeling.label_studio import (
    IMPORT_TIMEOUT_SECONDS,
    LabelStudioClient,
    LabelStudioRefused,
    LabelStudioUnreachable,
    set_overlap_of_batch,
)
from labeling.models import Batch, LabelingProject, Publication
from labeling.widgets import widget_of

# How long a POST that we lost sight of may take to appear in Label Studio: 1,000 examples take it 1.5 seconds.
SECONDS_TO_APPEAR = 10
# What a first answer is called in Label Studio.
PRELABEL = "prelabel"
LEASE_SECONDS = IMPORT_TIMEOUT_SECONDS + SECONDS_TO_APPEAR


def resume_batches(*, project: LabelingProject, client: LabelStudioClient) -> int:
    """Complete batches that a crash left half-sent, unless another process does. Returns: how many."""
    return sum(send(batch, client) for batch in project.batches.filter(state=Batch.State.PENDING).order_by("pk"))


def send(batch: Batch, client: LabelStudioClient) -> bool:
    """Send a batch unless it arrived already, and note the ids it got.

    Returns: False if another process sends it, it was sent, or the budget stopped.
    """
    # The lease outlasts the POST: after a crash, the next caller can tell whether the examples arrived.
    if not _unclaimed(batch).update(leased_until=timezone.now() + timedelta(seconds=LEASE_SECONDS)):
        return False
    if Budget.objects.filter(study__labeling_project=batch.project_id, stopped_at__isnull=False).exists():
        Batch.objects.filter(pk=batch.pk, state=Batch.State.PENDING).update(leased_until=None)
        return False
    try:
        _send_missing(batch, client)
    except LabelStudioUnreachable:
        soon = timezone.now() + timedelta(seconds=SECONDS_TO_APPEAR)
        Batch.objects.filter(pk=batch.pk, state=Batch.State.PENDING).update(leased_until=soon)
        raise
    return True


def withdraw_unsent(*, project: LabelingProject) -> bool:
    """Withdraw batches that were not sent yet. Returns: False while one may still be on its way."""
    pending = project.batches.filter(state=Batch.State.PENDING)
    # A list, so that each is withdrawn, also after one that is on its way.
    return all([_unclaimed(batch).update(state=Batch.State.WITHDRAWN) for batch in pending])


def _unclaimed(batch: Batch) -> QuerySet[Batch]:
    is_free = Q(leased_until__isnull=True) | Q(leased_until__lt=timezone.now())
    return Batch.objects.filter(is_free, pk=batch.pk, state=Batch.State.PENDING)


def _send_missing(batch: Batch, client: LabelStudioClient) -> None:
    project_id = batch.project.label_studio_id
    assert project_id is not None, "a batch is made after its project"
    publications = list(batch.publications.select_related("example__study").order_by("example__rank"))
    wanted = [one for one in publications if one.label_studio_id is None]
    found = client.examples_of_batch(project_id=project_id, batch_uid=str(batch.uid)) if wanted else {}
    missing = [one for one in wanted if str(one.example.uid) not in found]
    if missing:
        _create(batch, project_id, missing, client)
        found = client.examples_of_batch(project_id=project_id, batch_uid=str(batch.uid))
    _mark_published(batch, wanted, found)
    set_overlap_of_batch(project=batch.project, client=client, batch=batch)


def _create(batch: Batch, project_id: int, missing: Sequence[Publication], client: LabelStudioClient) -> None:
    """Send examples. What Label Studio refuses never arrives, so that its money is released at once."""
    try:
        client.create_examples(project_id=project_id, rows=[_row(batch, one) for one in missing])
    except LabelStudioRefused as refusal:
        with transaction.atomic():
            for publication in missing:
                mark_gone(publication=publication, reason=f"refused by Label Studio: {refusal}"[:200])
            Batch.objects.filter(pk=batch.pk).update(state=Batch.State.WITHDRAWN, leased_until=None)
        raise


def _row(batch: Batch, publication: Publication) -> dict[str, Any]:
    example = publication.example
    widget = widget_of(example.study.definition)
    data = {**widget.data(fields=example.fields), "item_uid": str(example.uid), "batch_uid": str(batch.uid)}
    if not publication.prelabel:
        return {"data": data}
    # Label Studio shows it as a first answer, which an annotator submits as it is or changes.
    result = widget.result(target=publication.prelabel, fields=example.fields)
    return {"data": data, "predictions": [{"result": result, "model_version": PRELABEL}]}


@transaction.atomic
def _mark_published(batch: Batch, publications: Sequence[Publication], ids: dict[str, int]) -> None:
    for publication in publications:
        publication.label_studio_id = ids.get(str(publication.example.uid))
        publication.num_answers = 0
    Publication.objects.bulk_update(publications, ["label_studio_id", "num_answers"], batch_size=1000)
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.PUBLISHED, leased_until=None)
