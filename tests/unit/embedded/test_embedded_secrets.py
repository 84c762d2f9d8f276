import stat
from pathlib import Path

import pytest

from embedded.data_folder import Paths, load_secrets, remember_label_studio_token


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(root=tmp_path, data=tmp_path / "var").make()


def test_secrets_are_made_once(paths: Paths) -> None:
    assert load_secrets(paths=paths) == load_secrets(paths=paths)


def test_two_copies_share_no_secret(paths: Paths, tmp_path: Path) -> None:
    other = load_secrets(paths=Paths(root=tmp_path, data=tmp_path / "other").make())
    assert load_secrets(paths=paths).django_secret_key != other.django_secret_key


def test_only_the_owner_can_read_them(paths: Paths) -> None:
    load_secrets(paths=paths)
    assert stat.S_IMODE((paths.data / "secrets.json").stat().st_mode) == 0o600


def test_a_token_is_remembered_and_changes_nothing_else(paths: Paths) -> None:
    before = load_secrets(paths=paths)
    remember_label_studio_token(paths=paths, token="new")
    after = load_secrets(paths=paths)
    assert after.label_studio_token == "new"
    assert after.postgres_password == before.postgres_password
