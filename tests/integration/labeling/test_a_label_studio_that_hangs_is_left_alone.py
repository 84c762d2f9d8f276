import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from labeling.label_studio import LabelStudioUnreachable, client, connect, connecting, outages
from labeling.label_studio.client import LabelStudioTimedOut
from labeling.models import LabelingProject, Outage
from labeling.queries import status
from labeling.sync import sync_all
from tests import factories
from tests.hanging import Slow, slow_server
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(client, "READ_TIMEOUT_SECONDS", 1)
    monkeypatch.setattr(client, "READ_SECONDS", 2)
    connecting._checked.clear()
    yield
    connecting._checked.clear()


@pytest.fixture
def hanging(settings: Settings) -> Iterator[str]:
    with slow_server(Slow.SILENT) as url:
        settings.LABEL_STUDIO_URL, settings.LABEL_STUDIO_API_TOKEN = url, "token"
        yield url


@pytest.mark.parametrize("how", list(Slow))
def test_a_call_ends_at_its_deadline_however_slowly_the_answer_comes(how: Slow, settings: Settings) -> None:
    with slow_server(how) as url:
        settings.LABEL_STUDIO_URL, settings.LABEL_STUDIO_API_TOKEN = url, "token"
        began = time.monotonic()
        with pytest.raises(LabelStudioTimedOut, match="did not answer in time"):
            connect()
        assert time.monotonic() - began < 10


def test_after_two_calls_in_vain_nobody_waits_for_it(hanging: str) -> None:
    for _ in range(2):
        with pytest.raises(LabelStudioTimedOut):
            connect()
    began = time.monotonic()
    with pytest.raises(LabelStudioUnreachable, match=r"has not answered since .* UTC\. It is tried again at .* UTC"):
        connect()
    assert time.monotonic() - began < 1


def test_after_the_pause_one_caller_tries(hanging: str) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Outage.objects.create(url=hanging, since=past, next_try_at=past, num_timeouts=2)
    assert outages.pause_reason(url=hanging) == ""
    assert "is tried again" in outages.pause_reason(url=hanging)


def test_each_pause_is_longer_up_to_a_limit(hanging: str) -> None:
    pauses = []
    for _ in range(6):
        outages.note_timeout(url=hanging)
        pauses.append(round((Outage.objects.get().next_try_at - timezone.now()).total_seconds()))
    assert pauses == [0, 30, 60, 120, 120, 120]


def test_the_labelling_page_says_since_when_and_until_when(hanging: str) -> None:
    studies = [factories.study(), factories.study()]
    for number, study in enumerate(studies, start=1):
        LabelingProject.objects.create(study=study, label_studio_id=number)
    sync_all()
    sync_all()
    assert "has not answered since" in status(studies[0]).last_error


def test_a_good_answer_ends_it(label_studio: LabelStudioServer) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Outage.objects.create(url=label_studio.url, since=past, next_try_at=past, num_timeouts=2)
    connect()
    assert not Outage.objects.exists()
