"""What stops and imported labels share: one attempt at a time, and the release of what withdrawn examples hold."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction

from accounts.models import User
from budgets.prices import PriceMissing
from config.advisory_locks import LockClass, advisory_lock
from labeling.annotations import give_back, note_error, own_fault
from labeling.label_studio import (
    KeptOpen,
    LabelStudioRefused,
    LabelStudioUnreachable,
    Withdrawal,
    connect,
)
from labeling.models import Annotation, LabelingProject, Publication

EXAMPLES_AT_A_TIME = 200
logger = logging.getLogger(__name__)
T = TypeVar("T")


def attempt(project: LabelingProject, work: Callable[..., T]) -> T | str:
    """Withdraw or publish again, one process at a time. Errors are kept for the project's page, and returned."""
    with advisory_lock(LockClass.STOPPING, project.pk) as is_ours:
        if not is_ours:
            return "Another process is withdrawing them already."
        try:
            return work(project=project, client=connect())
        except SoftTimeLimitExceeded:
            raise
        except (LabelStudioUnreachable, LabelStudioRefused, PriceMissing) as trouble:
            logger.warning("%s of project %s: %s", work.__name__, project.pk, trouble)
            error = str(trouble)
        except Exception as fault:  # one study must not keep the others waiting; shown and logged
            logger.exception("%s of project %s", work.__name__, project.pk)
            error = own_fault(fault)
        note_error(project=project, error=error)
        return error


def portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[at : at + EXAMPLES_AT_A_TIME] for at in range(0, len(ids), EXAMPLES_AT_A_TIME))


@transaction.atomic
def release_holds(*, ids: Sequence[int], found: Withdrawal, because: Publication.Because, reason: str) -> int:
    """Release what publications hold for annotations that nobody is making. Returns: of how many examples."""
    locked = Publication.objects.select_for_update(of=("self",)).filter(pk__in=ids).select_related("example")
    num_withdrawn = 0
    for publication in locked.order_by("pk"):
        theirs = [one for one in found.kept if one.item_uid == str(publication.example.uid)]
        people = _people(theirs, publication)
        given_back = give_back(publication=publication, because=because, reason=reason, keep_for=people)
        num_withdrawn += bool(given_back)
        _note_id(publication, theirs, found)
    return num_withdrawn


def _people(kept: Sequence[KeptOpen], publication: Publication) -> list[User]:
    """List who has an example open and has not answered it yet."""
    emails = [one.email.lower() for one in kept]
    answered = Annotation.objects.filter(example=publication.example, annotator__isnull=False).values("annotator")
    return list(User.objects.filter(email__in=emails, is_active=True).exclude(pk__in=answered).order_by("pk"))


def _note_id(publication: Publication, kept: Sequence[KeptOpen], found: Withdrawal) -> None:
    """Note Label Studio's id of the example now; none if it was deleted there."""
    known = publication.label_studio_id
    there = known if known in found.left else next((one.id for one in kept), None)
    if there != known:
        publication.label_studio_id = there
        publication.save(update_fields=["label_studio_id"])
