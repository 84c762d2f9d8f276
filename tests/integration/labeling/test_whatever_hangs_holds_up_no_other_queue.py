"""With the real workers, on the real queue, beside a Label Studio and receivers that accept calls and never answer."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import psutil
import pytest
from celery import current_app

from budgets.models import Path as MoneyPath
from embedded import services
from embedded.services import Process
from labeling.models import LabelingProject
from notices.models import NoticeKind
from notices.operations import notify
from runs.requests import device_price
from tests import beside, factories
from tests.beside import wait_until
from tests.factories import place_hold
from tests.hanging import Slow, slow_server
from tests.integration.notices.receiver import Receiver, receiving
from tests.services import PATHS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def is_called() -> threading.Event:
    """Set once a worker has called Label Studio."""
    return threading.Event()


@pytest.fixture
def workers(tmp_path: Path, is_called: threading.Event) -> Iterator[Process]:
    """Workers whose Label Studio hangs."""
    with slow_server(Slow.SILENT, is_called=is_called) as url, ExitStack() as stack:
        service = services.workers(paths=PATHS)[0]
        environment = {
            **service.environment,
            "DATABASE_URL": beside.database_url(),
            "FULCRUM_DATA_DIR": str(tmp_path),
            "LABEL_STUDIO_URL": url,
            "LABEL_STUDIO_API_TOKEN": "token",
        }
        process = Process(service=replace(service, environment=environment))
        stack.callback(process.stop)
        process.wait_until_ready()
        yield process


def test_sweeps_and_notices_go_on(workers: Process, is_called: threading.Event, receiver: Receiver) -> None:
    syncing = LabelingProject.objects.create(study=factories.study(), label_studio_id=1)
    LabelingProject.objects.create(study=factories.stopped_study(), label_studio_id=2)
    for task in ("labeling.tasks.sync_all", "labeling.tasks.follow_stops") * 3:
        current_app.send_task(task)
    assert is_called.wait(20)

    study = factories.study()
    price = device_price(study)
    place_hold(budget=study.budget, source_key="run:0", amount=Decimal(1), price=price, path=MoneyPath.DISTIL)
    current_app.send_task("runs.tasks.sweep")
    wait_until(lambda: not study.budget.holds.filter(closed_at=None).exists())

    factories.webhook_target(url=receiver.url)
    notify(key="run:57:failed", kind=NoticeKind.RUN_FAILED, title="Run 57 failed", body="It broke.")
    wait_until(lambda: len(receiver.calls) == 1)

    # All that while Label Studio was still being waited for.
    syncing.refresh_from_db()
    assert (syncing.last_error, syncing.last_synced_at) == ("", None)


def test_two_receivers_that_hang_hold_up_no_other_notice_and_no_sweep(workers: Process, receiver: Receiver) -> None:
    with slow_server(Slow.SILENT) as first, slow_server(Slow.DRIPS_HEAD) as second:
        for url in (first, second, receiver.url):
            factories.webhook_target(url=url)
        for number in range(3):
            notify(key=f"run:{number}:failed", kind=NoticeKind.RUN_FAILED, title="Run failed", body="It broke.")
        study = factories.study()
        price = device_price(study)
        place_hold(budget=study.budget, source_key="run:0", amount=Decimal(1), price=price, path=MoneyPath.DISTIL)
        current_app.send_task("runs.tasks.sweep")
        wait_until(lambda: not study.budget.holds.filter(closed_at=None).exists())
        wait_until(lambda: _is_told(receiver))


def test_workers_that_are_killed_are_replaced(workers: Process) -> None:
    [host] = psutil.Process(workers.pid).children()
    for worker in host.children():
        worker.kill()
    study = factories.study()
    price = device_price(study)
    place_hold(budget=study.budget, source_key="run:0", amount=Decimal(1), price=price, path=MoneyPath.DISTIL)
    current_app.send_task("runs.tasks.sweep")
    wait_until(lambda: not study.budget.holds.filter(closed_at=None).exists())


def _is_told(receiver: Receiver) -> bool:
    # As the schedule does every few seconds.
    current_app.send_task("notices.tasks.deliver")
    return len(receiver.calls) == 3
