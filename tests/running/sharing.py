"""Sessions beside each other share all tests: each takes the next file that no other has taken.

A plugin; `manage.py test` starts the sessions with it and names a folder for what they have taken.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import chain, groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

# A minute and more each, which nobody could share at the end. The longest comes first.
LONGEST = (
    "test_kills_cost_nothing_twice.py",
    "test_a_data_folder_of_the_version_before_comes_up.py",
    "test_embedded_up.py",
)


class Part(NamedTuple):
    """The tests of a file that leave the database in the same way; what is taken at once."""

    order: int
    needs_label_studio: bool
    file: str

    @classmethod
    def of(cls, item: pytest.Item) -> "Part":
        fixtures = set(getattr(item, "fixturenames", ()))
        return cls(_order(item, fixtures), "label_studio_server" in fixtures, item.nodeid.partition("::")[0])

    @property
    def turn(self) -> tuple[int, bool, int]:
        name = Path(self.file).name
        return self.order, not self.needs_label_studio, LONGEST.index(name) if name in LONGEST else len(LONGEST)

    def is_for(self, *, is_first: bool) -> bool:
        """The first session alone starts a Label Studio, and leaves the others what would keep it from that work."""
        if is_first:
            return self.needs_label_studio or self.order > 0
        return not self.needs_label_studio


def _order(item: pytest.Item, fixtures: set[str]) -> int:
    """0 rolls the database back, 1 empties it, what migrations wrote included, 2 needs none."""
    marker = item.get_closest_marker("django_db")
    if fixtures & {"transactional_db", "live_server"} or (marker and marker.kwargs.get("transaction")):
        return 1
    return 0 if marker or "db" in fixtures else 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep pytest-django's order by what they leave in the database; of equals, those with Label Studio come first."""
    items.sort(key=lambda item: Part.of(item).turn)


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if session.testsfailed or session.config.option.collectonly:
        return None
    folder, is_first = Path(os.environ["FULCRUM_TEST_TAKEN"]), "FULCRUM_TEST_BESIDE" not in os.environ
    items = taken(session.items, folder=folder, is_first=is_first)
    # A test is told which comes next and keeps the fixtures that both use, hence a file is taken before it is needed.
    for item, following in pairwise(chain(items, [None])):
        assert item is not None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
    return True


def taken(items: Iterable[pytest.Item], *, folder: Path, is_first: bool) -> Iterator[pytest.Item]:
    """Take one part after the other, as long as there are any."""
    for part, group in groupby(items, key=Part.of):
        if part.is_for(is_first=is_first) and _is_taken_now(folder / str(part).replace("/", " ")):
            yield from group


def _is_taken_now(mark: Path) -> bool:
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
