"""A study to run on, with the stand-in trainer; and real Celery workers on either broker."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kombu import pools
from pytest_django import Settings

from config.celery import app, configuration
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


@pytest.fixture(params=["pgmq", "redis"])
def broker(request: pytest.FixtureRequest, settings: Settings, transactional_db: None) -> Iterator[str]:
    """The broker's URL, its queues empty; no URL for the queue in the database. This process sends to it too."""
    settings.BROKER_URL = request.getfixturevalue("redis_server") if request.param == "redis" else ""
    _point_celery_at_broker()
    app.control.purge()
    yield str(settings.BROKER_URL)
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


@pytest.fixture
def worker(broker: str, tmp_path: Path) -> Iterator[Worker]:
    started = Worker(runs_dir=tmp_path / "runs", broker_url=broker, log=tmp_path / "worker.log").start()
    yield started
    started.end()
    print((tmp_path / "worker.log").read_text())
