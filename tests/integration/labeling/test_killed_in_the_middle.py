"""Whoever is killed, wherever: nothing is lost, doubled, or paid twice."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Role
from budgets.models import LedgerEntry
from budgets.queries import differences
from labeling.label_studio import LabelStudioClient, LabelStudioUnreachable, connect
from labeling.models import Annotation
from labeling.publishing import publish, sending
from labeling.replay import replay
from labeling.sync import sync_study
from studies.models import Study
from tests import beside, factories
from tests.commands import ROOT
from tests.integration.labeling.conftest import spent_and_held
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db(transaction=True)
SEND = LabelStudioClient.create_examples


wait_until = partial(beside.wait_until, seconds=60, interval=0.005)


def another_process(settings: Settings, *command: str) -> "subprocess.Popen[bytes]":
    """Run a command of ours on the tests' database, as a worker or a web process would."""
    known = {name: getattr(settings, name) for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_TOKEN")}
    return subprocess.Popen([sys.executable, "-m", "django", *command], env=beside.environment(**known), cwd=ROOT)


def study_of(num_examples: int) -> Study:
    study = factories.study()
    factories.examples(study, [f"text {number}" for number in range(num_examples)])
    return study


def test_a_sync_killed_anywhere_charges_each_annotation_once(
    label_studio: LabelStudioServer, settings: Settings
) -> None:
    study = study_of(40)
    publish(actor=study.created_by, study=study)
    people = [factories.person(Role.ANNOTATOR, is_replay=True) for _ in range(2)]
    replay(study=study, annotators=people, answers=lambda _: "good", lead_time=lambda _: timedelta(seconds=3))
    for seen in (1, 15):
        syncing = another_process(settings, "sync", str(study.pk))
        wait_until(lambda seen=seen: Annotation.objects.count() >= seen)  # type: ignore[misc]
        syncing.send_signal(signal.SIGKILL)
        syncing.wait()
    sync_study(actor=study.created_by, study=study)
    assert (Annotation.objects.count(), LedgerEntry.objects.count()) == (40, 40)
    assert spent_and_held(study) == ("4.00", "0.00")
    assert differences(study.budget) == []


def test_label_studio_killed_while_it_takes_a_batch_gets_each_example_once(
    label_studio: LabelStudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send_and_kill(client: LabelStudioClient, **batch: Any) -> None:
        with label_studio.database() as database, ThreadPoolExecutor() as pool, database.transaction():
            database.execute("LOCK TABLE task IN EXCLUSIVE MODE")
            killed = pool.submit(kill_once_it_waits, label_studio)
            try:
                SEND(client, **batch)
            finally:
                killed.result()

    study = published_badly(send_and_kill, monkeypatch)
    label_studio.start()
    assert is_completed(study)


def test_a_batch_whose_answer_is_lost_is_sent_once(
    label_studio: LabelStudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send_and_lose(client: LabelStudioClient, **batch: Any) -> None:
        SEND(client, **batch)
        raise LabelStudioUnreachable("Label Studio does not answer.")

    assert is_completed(published_badly(send_and_lose, monkeypatch))


def kill_once_it_waits(label_studio: LabelStudioServer) -> None:
    """Kill Label Studio when it is about to store examples, and its database does not let it."""
    waiting = "SELECT 1 FROM pg_locks WHERE relation = 'task'::regclass AND NOT granted"
    with label_studio.database() as database:
        wait_until(lambda: database.execute(waiting).fetchone() is not None)
    label_studio.kill()


def published_badly(send: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Study:
    """Publish 200 examples; nobody hears of Label Studio whether it has them."""
    monkeypatch.setattr(sending, "SECONDS_TO_APPEAR", 0)
    study = study_of(200)
    with monkeypatch.context() as patch, pytest.raises(LabelStudioUnreachable, match="200 examples have their money"):
        patch.setattr(LabelStudioClient, "create_examples", send)
        publish(actor=study.created_by, study=study)
    assert spent_and_held(study) == ("0.00", "20.00")
    return study


def is_completed(study: Study) -> bool:
    """Publish again; say whether Label Studio then has each example once, for the money that was held before."""
    result = publish(actor=study.created_by, study=study)
    assert (result.num_published, result.num_already) == (0, 200)
    assert spent_and_held(study) == ("0.00", "20.00")
    return uids_in_label_studio(study) == Counter(str(one.uid) for one in study.examples.all())


def uids_in_label_studio(study: Study) -> Counter[str]:
    project_id = study.labeling_project.label_studio_id
    return Counter(task.data["item_uid"] for task in connect().sdk.tasks.list(project=project_id))
