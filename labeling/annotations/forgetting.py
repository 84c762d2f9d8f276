"""A project that was deleted in Label Studio: its holds are released, and it can be published again."""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from labeling.annotations.accept import mark_gone
from labeling.annotations.troubles import notify_of
from labeling.label_studio import LabelStudioClient, LabelStudioRefused, connected_url, url_of
from labeling.models import Annotation, Assignment, Batch, LabelingProject, Publication
from labeling.records import record_labelling

REASON = "its project was deleted in Label Studio"
GONE = "The project was deleted in Label Studio. Its holds were released; publish again to make a new one."


def forget_if_gone(*, project: LabelingProject, client: LabelStudioClient, is_new_wanted: bool = False) -> bool:
    """Release all that is held for a project that was deleted in Label Studio. May be killed, and repeated.

    Parameters: `is_new_wanted`: a new project is to be made here, whichever Label Studio had the last one.
    Returns: whether it was deleted.
    Raises: LabelStudioUnreachable; LabelStudioRefused (the project was made in another Label Studio).
    """
    project.refresh_from_db()
    gone_id = project.label_studio_id
    if gone_id is None:
        return True
    if not client.is_gone(project_id=gone_id):
        return False
    made_at, url = connected_url(project=project), url_of(client=client)
    if not is_new_wanted and made_at not in ("", url):
        raise LabelStudioRefused(
            f"Label Studio at {url} has no project {gone_id}; it was made at {made_at}. Set "
            "LABEL_STUDIO_URL back to that one, or publish examples again to start over here."
        )
    project.batches.filter(state=Batch.State.PENDING).update(state=Batch.State.WITHDRAWN, leased_until=None)
    num_examples = _give_all_back(project)
    Annotation.objects.filter(example__publication__batch__project=project).mark_deleted()
    _forget(project, gone_id, num_examples)
    return True


def _give_all_back(project: LabelingProject) -> int:
    """Mark all examples as deleted. Returns: for how many money was held."""
    is_open = Exists(Assignment.objects.waiting().filter(publication=OuterRef("pk")))
    sent = Publication.objects.filter(is_open | Q(label_studio_id__isnull=False), batch__project=project)
    found = list(sent.annotate(is_open=is_open).order_by("pk"))
    for publication in found:
        mark_gone(publication=publication, reason=REASON)
    return sum(publication.is_open for publication in found)


@transaction.atomic
def _forget(project: LabelingProject, gone_id: int, num_examples: int) -> None:
    now = timezone.now()
    still_known = LabelingProject.objects.filter(pk=project.pk, label_studio_id=gone_id)
    is_forgotten = still_known.update(
        label_studio_id=None,
        gone_at=now,
        synced_until=None,
        last_checked_at=None,
        last_synced_at=now,
        last_error="",
        syncing_since=None,
        closed_at=None,
        withdrawn_at=now,
    )
    if is_forgotten:
        after = {"project": None, "examples": num_examples}
        record_labelling(project=project, action="labelling.gone", before={"project": gone_id}, after=after)
        notify_of(
            project,
            key=f"gone:{gone_id}",
            title=f"The Label Studio project of “{project.study}” was deleted",
            body=f"Project {gone_id} was deleted in Label Studio. What was held for its examples is released; "
            "what was paid stays paid. Publish again to make a new project.",
        )
    project.refresh_from_db()
