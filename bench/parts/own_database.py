"""A PostgreSQL of a benchmark's own, with nothing in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_database(*, root: Path, folder: Path) -> Iterator[None]:
    """Run a PostgreSQL in a folder and set Django up with it, without a server around."""
    from embedded import postgres, services
    from embedded.data_folder import Paths

    paths = Paths(root=root, data=folder / "var").make()
    for name in [name for name in os.environ if name.startswith(("FULCRUM_", "DATABASE_", "LABEL_", "BROKER_"))]:
        del os.environ[name]
    with postgres.running(paths=paths):
        os.environ.update(services.environment(paths=paths))
        import django
        from django.conf import settings
        from django.core.management import call_command

        django.setup()
        # Pages are asked for without a server around them, so no files were collected for one.
        settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "whitenoise" not in name]
        settings.ALLOWED_HOSTS = ["testserver"]
        call_command("migrate", verbosity=0)
        try:
            yield
        finally:
            from django.db import connections

            connections.close_all()
