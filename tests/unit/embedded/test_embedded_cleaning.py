from pathlib import Path

import pytest

from embedded import cleaning
from embedded.data_folder import NotOurFolder, Paths, hold_lock


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(root=tmp_path, data=tmp_path / "var").make()


def test_clean_removes_the_data_and_leaves_the_environments(paths: Paths) -> None:
    paths.venv.mkdir()
    cleaning.clean(paths=paths, everything=False)
    assert (paths.data.exists(), paths.venv.exists()) == (False, True)


def test_clean_all_removes_the_environments_too(paths: Paths) -> None:
    paths.venv.mkdir()
    cleaning.clean(paths=paths, everything=True)
    assert not paths.venv.exists()


def test_clean_twice_is_fine(paths: Paths) -> None:
    cleaning.clean(paths=paths, everything=True)
    cleaning.clean(paths=paths, everything=True)


def test_clean_refuses_while_the_services_are_up(paths: Paths) -> None:
    with hold_lock(path=paths.supervisor_lock), pytest.raises(cleaning.StillInUse):
        cleaning.clean(paths=paths, everything=False)
    assert paths.data.exists()


def test_a_folder_that_we_did_not_make_is_never_removed(tmp_path: Path) -> None:
    foreign = Paths(root=tmp_path, data=tmp_path / "precious")
    foreign.data.mkdir()
    with pytest.raises(NotOurFolder, match="precious"):
        cleaning.clean(paths=foreign, everything=False)
