"""Several sessions beside each other share the tests: each takes the next file that no other has taken.

Loaded by `manage.py test`, which starts the sessions and names a folder for what they have taken.
"""

import os
from collections.abc import Iterator
from itertools import chain, groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.services import IS_BESIDE

TAKEN = Path(os.environ["FULCRUM_TEST_TAKEN"])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort them by what they leave in the database, as pytest-django does, then those for the first session first."""
    items.sort(key=lambda item: (_order(item), not _needs_label_studio(item)))


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if session.testsfailed or session.config.option.collectonly:
        return None
    # A test is told which comes next and keeps the fixtures that both use, hence a file is taken before it is needed.
    for item, following in pairwise(chain(_taken(session.items), [None])):
        assert item is not None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
    return True


def _taken(items: list[pytest.Item]) -> Iterator[pytest.Item]:
    """Take one file after the other, as long as there are any; the first session alone starts a Label Studio."""
    for part, group in groupby(items, key=_part):
        if (not part.needs_label_studio or not IS_BESIDE) and _take(part):
            yield from group


class Part(NamedTuple):
    """The tests of a file that leave the database in the same way; what is taken at once."""

    order: int
    needs_label_studio: bool
    file: str


def _part(item: pytest.Item) -> Part:
    return Part(_order(item), _needs_label_studio(item), item.nodeid.partition("::")[0])


def _take(part: Part) -> bool:
    """Whether no other session has taken it."""
    try:
        (TAKEN / f"{part}".replace("/", " ")).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _needs_label_studio(item: pytest.Item) -> bool:
    return "label_studio_server" in getattr(item, "fixturenames", ())


def _order(item: pytest.Item) -> int:
    """0 rolls the database back, 1 empties it, migrations' rows included, 2 needs none."""
    marker, fixtures = item.get_closest_marker("django_db"), set(getattr(item, "fixturenames", ()))
    if fixtures & {"transactional_db", "live_server"} or (marker and marker.kwargs.get("transaction")):
        return 1
    return 0 if marker or "db" in fixtures else 2
