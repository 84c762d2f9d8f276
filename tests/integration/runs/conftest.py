"""A study to run on, with the stand-in trainer; and real Celery workers on either broker."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kombu import pools
from pytest_django import Settings

from config.celery import app, configuration
from runs.models import Run, RunState
from runs.supervision import supervisor
from studies.models import Split, Study
from tests import factories
from tests.integration.runs.workers import Worker
from tests.integration.runs.world import LEASE_SECONDS, stand_in

STAND_IN = Path(__file__).parent / "stand_in"


@pytest.fixture(autouse=True)
def small_world(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.RUNS_DIR = tmp_path / "runs"
    settings.ROOT = STAND_IN
    settings.LEASE_SECONDS = LEASE_SECONDS
    settings.MAX_ATTEMPTS = 3
    # A test waits for each look at its trainer.
    monkeypatch.setattr(supervisor, "SECONDS_BETWEEN_RENEWALS", 0.1)
    yield
    _forget_connections()


@pytest.fixture
def make_study(transactional_db: None) -> Callable[..., Study]:
    """Make a study with 8 labelled and 12 unlabelled pool examples, and labelled dev and test rows."""

    def make(behaviour: str = "steady", *, limit: str = "100", teacher: str = "steady") -> Study:
        study = factories.study(
            limit=limit,
            student_model=stand_in(behaviour),
            teacher_model=stand_in(teacher),
            prices=factories.price_book(cpu_hour="3.60"),
        )
        for split, number in ((Split.POOL, 8), (Split.DEV, 4), (Split.TEST, 4)):
            texts = [f"{split} text {index}" for index in range(number)]
            factories.examples(study, texts, split=split, labels=["good", "bad"] * (number // 2))
        factories.examples(study, [f"unlabelled text {index}" for index in range(12)])
        return study

    return make


@pytest.fixture
def study(make_study: Callable[..., Study]) -> Study:
    return make_study()


@pytest.fixture(scope="module", params=["pgmq", "redis"])
def broker_url(request: pytest.FixtureRequest) -> str:
    """The broker's URL; none for the queue in the database."""
    return str(request.getfixturevalue("redis_server")) if request.param == "redis" else ""


@pytest.fixture
def broker(broker_url: str, settings: Settings, transactional_db: None) -> Iterator[str]:
    """The broker's URL, its queues empty. This process sends to it too."""
    settings.BROKER_URL = broker_url
    _point_celery_at_broker()
    app.control.purge()
    yield broker_url
    settings.BROKER_URL = ""
    _point_celery_at_broker()


def _point_celery_at_broker() -> None:
    _forget_connections()
    app.conf.update(configuration())


def _forget_connections() -> None:
    """Close what is open to the broker, which may be the test database itself."""
    app.pool.force_close_all()
    pools.reset()
    app._pool = None
    app.amqp._producer_pool = None


@pytest.fixture(scope="module")
def lasting_worker(
    broker_url: str, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    """A worker for each broker, not running yet: to start is most of what it costs."""
    folder = tmp_path_factory.mktemp("worker")
    made = Worker(runs_dir=folder / "runs", broker_url=broker_url, log=folder / "worker.log")
    yield made
    made.end()


@pytest.fixture
def worker(lasting_worker: Worker, broker: str, settings: Settings) -> Iterator[Worker]:
    settings.RUNS_DIR = lasting_worker.runs_dir
    yield lasting_worker.start()
    if Run.objects.exclude(state__in=RunState.ended()).exists():
        # A test that failed: its run would go on without its tables.
        lasting_worker.end()
        print(lasting_worker.log.read_text())
