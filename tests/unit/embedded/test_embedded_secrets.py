import stat
from pathlib import Path

import pytest

from embedded import secrets
from embedded.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(root=tmp_path, data=tmp_path / "var").make()


def test_secrets_are_made_once(paths: Paths) -> None:
    assert secrets.load(paths=paths) == secrets.load(paths=paths)


def test_two_copies_share_no_secret(paths: Paths, tmp_path: Path) -> None:
    other = secrets.load(paths=Paths(root=tmp_path, data=tmp_path / "other").make())
    assert secrets.load(paths=paths).django_secret_key != other.django_secret_key


def test_only_the_owner_can_read_them(paths: Paths) -> None:
    secrets.load(paths=paths)
    assert stat.S_IMODE((paths.data / "secrets.json").stat().st_mode) == 0o600


def test_a_token_is_remembered_and_changes_nothing_else(paths: Paths) -> None:
    before = secrets.load(paths=paths)
    secrets.remember_label_studio_token(paths=paths, token="new")
    after = secrets.load(paths=paths)
    assert after.label_studio_token == "new"
    assert after.postgres_password == before.postgres_password
