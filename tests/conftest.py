import gc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from config.loaded import leave_out_of_collection
from embedded import postgres
from tests import services

# By the clock: on a busy machine these say nothing of the code.
settings.register_profile("fulcrum", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fulcrum")
# Also named with `-p` by `manage.py test`, so that it is there before the settings are read; here for its fixtures.
pytest_plugins = ["tests.services"]
# All that is imported and collected stays to the end. To look for garbage in it took a tenth of a session's time.
gc.disable()


def pytest_collection_finish() -> None:
    leave_out_of_collection()
    gc.enable()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """The queue lies in the database, so Celery follows Django into the test database, and leaves before its end."""
    from django.core.management.commands import flush

    from config.celery import app, configuration
    from tests.running import emptying

    app.conf.update(configuration())
    with pytest.MonkeyPatch.context() as patch:
        # What Django writes after the tables were emptied, its own permissions, nobody reads.
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_, **__: None)
        if services.OWN_POSTGRES:
            emptying.allow_emptying(url=postgres.database_url(paths=services.PATHS, name="postgres"))
            patch.setattr(flush, "sql_flush", emptying.deletions)
        yield
    app.pool.force_close_all()
