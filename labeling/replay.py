"""Known answers replayed through Label Studio's real interface, for demonstrations.

Accounts that replay are marked (`User.is_replay`), and so are their annotations and ledger entries.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid5

import httpx
from django.conf import settings
from label_studio_sdk.core.api_error import ApiError

from accounts.models import User
from config.refusals import Refusal
from labeling.label_studio import CONNECT_TIMEOUT_SECONDS, WRITE_TIMEOUT_SECONDS, sdk_client, translated
from labeling.models import Publication
from labeling.sign_in import ticket_url
from labeling.widgets import Result, widget_of
from studies.models import Example, Study

ALREADY_THERE = 409


class NotForReplay(Refusal):
    """Only accounts marked for replay may replay, so that no report can pass their work off as people's."""


@dataclass(frozen=True, kw_only=True)
class ReplayResult:
    """How many annotations were made, and how many an earlier replay had made."""

    num_made: int
    num_repeated: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class _KnownAnswer:
    example_id: int
    unique_id: str
    result: Result
    lead_time: timedelta


def replay(
    *,
    study: Study,
    annotators: Sequence[User],
    answers: Callable[[Example], str],
    lead_time: Callable[[Example], timedelta],
    num_examples: int | None = None,
) -> ReplayResult:
    """Annotate a study's published examples, in rank order, as the annotators in turn. May be repeated.

    Parameters: `annotators` marked for replay, at least as many as the study asks annotations per example; `answers`
    gives each example's label in its task type's form; `num_examples` counts from the first, all if None.
    Raises: NotForReplay; LabelStudioUnreachable; LabelStudioRefused.
    """
    if any(not person.is_replay for person in annotators) or len(annotators) < study.annotations_per_example:
        raise NotForReplay(
            f"{study.annotations_per_example} accounts with is_replay are needed; given: "
            f"{', '.join(person.email for person in annotators) or 'none'}."
        )
    began = time.monotonic()
    work = _share_out(study, annotators, answers, lead_time, num_examples)
    with ThreadPoolExecutor(max_workers=len(annotators)) as pool:
        made = [one for share in pool.map(_annotate, annotators, work) for one in share]
    return ReplayResult(num_made=sum(made), num_repeated=len(made) - sum(made), seconds=time.monotonic() - began)


def _share_out(
    study: Study,
    annotators: Sequence[User],
    answers: Callable[[Example], str],
    lead_time: Callable[[Example], timedelta],
    num_examples: int | None,
) -> list[list[_KnownAnswer]]:
    """Divide the examples among the annotators in turn. Threads share no database, so all is read first."""
    published = Publication.objects.filter(
        example__study=study, label_studio_id__isnull=False, withdrawn_at__isnull=True
    )
    widget = widget_of(study.definition)
    work: list[list[_KnownAnswer]] = [[] for _ in annotators]
    for place, publication in enumerate(published.select_related("example").order_by("example__rank")[:num_examples]):
        example = publication.example
        for shift in range(study.annotations_per_example):
            turn = (place + shift) % len(annotators)
            work[turn].append(
                _KnownAnswer(
                    example_id=publication.label_studio_id or 0,
                    # It follows from who answers what, so that none is made twice.
                    unique_id=str(uuid5(example.uid, annotators[turn].email)),
                    result=widget.result(target=answers(example), fields=example.fields),
                    lead_time=lead_time(example),
                )
            )
    return work


def _annotate(person: User, work: Sequence[_KnownAnswer]) -> list[bool]:
    """Give one person's answers. Returns: per answer, whether it was made now."""
    if not work:
        return []
    with httpx.Client(
        event_hooks={"request": [_by_session_only]},
        follow_redirects=True,
        timeout=httpx.Timeout(WRITE_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
    ) as session:
        translated(url=settings.LABEL_STUDIO_URL, call=lambda: _sign_in(session, person))
        sdk = sdk_client(url=settings.LABEL_STUDIO_URL, token="session", transport=session)
        return [translated(url=settings.LABEL_STUDIO_URL, call=partial(_make, sdk, answer)) for answer in work]


def _sign_in(session: httpx.Client, person: User) -> None:
    answer = session.get(ticket_url(person=person, page="/api/current-user/whoami"))
    if answer.status_code != httpx.codes.OK:
        raise ApiError(status_code=answer.status_code, body=f"{person.email} could not enter: {answer.text[-300:]}")


def _by_session_only(request: httpx.Request) -> None:
    """The SDK knows tokens only, and annotators have none: their session's cookie must speak for them."""
    request.headers.pop("Authorization", None)


def _make(sdk: Any, answer: _KnownAnswer) -> bool:
    try:
        sdk.annotations.create(
            answer.example_id,
            result=answer.result,
            unique_id=answer.unique_id,
            lead_time=answer.lead_time.total_seconds(),
            was_cancelled=False,
            request_options={"max_retries": 0},
        )
    except ApiError as error:
        if error.status_code != ALREADY_THERE:
            raise
        return False
    return True
