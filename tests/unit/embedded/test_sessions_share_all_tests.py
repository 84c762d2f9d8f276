from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.running import sharing

NEEDS = {
    "a_label_studio": ("label_studio_server", "db"),
    "b_rolled_back": ("db",),
    "c_emptied": ("transactional_db",),
    "d_unit": (),
    "e_served": ("live_server", "db"),
    "f_label_studio": ("label_studio_server", "transactional_db"),
    sharing.LONGEST[0].removesuffix(".py"): (),
}
LABEL_STUDIOS = [name for name in NEEDS if "label_studio" in name]
ROLLED_BACK = ["b_rolled_back"]
LATER = ["c_emptied", "e_served", sharing.LONGEST[0].removesuffix(".py"), "d_unit"]


class Item(SimpleNamespace):
    __hash__ = object.__hash__  # type: ignore[assignment]


def collected() -> list[Any]:
    """Two tests a file."""
    items = [
        Item(nodeid=f"tests/{name}.py::{number}", fixturenames=needs, get_closest_marker=lambda _: None)
        for name, needs in NEEDS.items()
        for number in range(2)
    ]
    sharing.pytest_collection_modifyitems(items)  # type: ignore[arg-type]
    return items


def session(folder: Path, *, is_first: bool) -> Iterator[str]:
    return (item.nodeid for item in sharing.taken(collected(), folder=folder, is_first=is_first))


def test_each_test_is_run_once_and_label_studios_by_the_first(tmp_path: Path) -> None:
    sessions = [session(tmp_path, is_first=number == 0) for number in range(3)]
    begun = [[next(one) for one in sessions] for _ in range(2)]
    rest = [[*one] for one in reversed(sessions)]
    assert sorted(chain(*begun, *rest)) == sorted(item.nodeid for item in collected())
    assert not any("label_studio" in nodeid for nodeid in chain(*(row[1:] for row in begun), *rest[:2]))


@pytest.mark.parametrize(("is_first", "expected"), [(True, [*LABEL_STUDIOS, *LATER]), (False, [*ROLLED_BACK, *LATER])])
def test_what_empties_the_database_comes_after_what_needs_it_whole(
    tmp_path: Path, is_first: bool, expected: list[str]
) -> None:
    """Label Studio's come first, and the longest first of those without a database."""
    files = [nodeid.partition(".py")[0].removeprefix("tests/") for nodeid in session(tmp_path, is_first=is_first)]
    assert list(dict.fromkeys(files)) == expected
