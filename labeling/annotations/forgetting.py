"""A project that was deleted in Label Studio: what is held for it comes back, and it can be published again."""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.audit import record
from labeling.annotations.accept import mark_gone
from labeling.annotations.troubles import tell_gone
from labeling.label_studio import LabelStudioClient, LabelStudioRefused, connected_url, url_of
from labeling.models import Annotation, Assignment, Batch, LabelingProject, Publication

REASON = "its project was deleted in Label Studio"
GONE = "The project was deleted in Label Studio. What was held for it came back; publish again, and a new one is made."


def forget_if_gone(*, project: LabelingProject, client: LabelStudioClient, is_new_wanted: bool = False) -> bool:
    """Give back all that is held for a project that Label Studio does not have any more. May be killed, and repeated.

    What was paid stays paid and keeps its labels.

    Parameters: `is_new_wanted` says that a project is to be made in this Label Studio, whichever the last one was in.
    Returns: whether it is gone.
    Raises: LabelStudioUnreachable; LabelStudioRefused (the project was made in another Label Studio).
    """
    project.refresh_from_db()
    gone_id = project.label_studio_id
    if gone_id is None:
        return True
    if not client.is_gone(project_id=gone_id):
        return False
    made_at = connected_url(project=project)
    if not is_new_wanted and made_at not in ("", url_of(client=client)):
        raise LabelStudioRefused(
            f"Label Studio at {url_of(client=client)} has no project {gone_id}; it was made at {made_at}. Set "
            "LABEL_STUDIO_URL back to that one, or publish examples again to begin anew here."
        )
    project.batches.filter(state=Batch.State.PENDING).update(state=Batch.State.WITHDRAWN, leased_until=None)
    num_examples = _give_all_back(project)
    there = Annotation.objects.filter(example__publication__batch__project=project, deleted_at__isnull=True)
    there.update(deleted_at=timezone.now())
    _forget(project, gone_id, num_examples)
    return True


def _give_all_back(project: LabelingProject) -> int:
    """Returns: of how many examples."""
    is_open = Exists(Assignment.objects.waiting().filter(publication=OuterRef("pk")))
    offered = Publication.objects.filter(is_open | Q(label_studio_id__isnull=False), batch__project=project)
    found = list(offered.annotate(is_open=is_open).order_by("pk"))
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
        record(
            actor=None,
            action="labelling.gone",
            subject=f"Labelling of “{project.study}”",
            subject_id=project.pk,
            budget_id=project.study.budget_id,
            before={"project": gone_id},
            after={"project": None, "examples": num_examples},
        )
        tell_gone(project=project, label_studio_id=gone_id)
    project.refresh_from_db()
