from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# By the clock: on a busy machine these say nothing of the code.
settings.register_profile("fulcrum", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fulcrum")
# Also named with `-p` by `manage.py test`, so that it is there before the settings are read; here for its fixtures.
pytest_plugins = ["tests.services"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """The queue lies in the database, so Celery follows Django into the test database, and leaves before its end."""
    from config.celery import app, configuration

    app.conf.update(configuration())
    yield
    app.pool.force_close_all()
