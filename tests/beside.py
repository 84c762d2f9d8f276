"""Processes beside a test, on its own database; and waiting for what they do."""

import os
import time
from collections.abc import Callable

from django.db import connection

from tests.commands import ROOT


def database_url() -> str:
    """The address of the test's database."""
    known = connection.settings_dict
    host = known["HOST"] or known["OPTIONS"].get("host", "")
    return f"postgresql://{known['USER']}:{known['PASSWORD']}@/{known['NAME']}?host={host}"


def environment(**more: str) -> dict[str, str]:
    """The variables of another process of ours, with the tests' settings unless `more` names others."""
    ours = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
    }
    return {**os.environ, **ours, **more}


def wait_until(condition: Callable[[], object], *, seconds: float = 30, interval: float = 0.05) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(interval)
