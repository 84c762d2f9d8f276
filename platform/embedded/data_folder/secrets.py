"""Secrets of this copy, made once and kept in the data folder for its owner only."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, replace

from embedded.data_folder.locks import hold_lock
from embedded.data_folder.paths import Paths


def _token() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, kw_only=True)
class Secrets:
    django_secret_key: str = field(default_factory=_token)
    ticket_key: str = field(default_factory=_token)
    postgres_password: str = field(default_factory=_token)
    database_password: str = field(default_factory=_token)
    label_studio_database_password: str = field(default_factory=_token)
    label_studio_email: str = "admin@fulcrum.local"
    label_studio_password: str = field(default_factory=_token)
    label_studio_token: str = ""


def load_secrets(*, paths: Paths) -> Secrets:
    """The secrets of this data folder, made on the first call."""
    with hold_lock(path=paths.run / "secrets.lock"):
        return _read(paths)


def remember_label_studio_token(*, paths: Paths, token: str) -> Secrets:
    with hold_lock(path=paths.run / "secrets.lock"):
        changed = replace(_read(paths), label_studio_token=token)
        _save(paths, changed)
        return changed


def _read(paths: Paths) -> Secrets:
    file = paths.data / "secrets.json"
    if file.exists():
        return Secrets(**json.loads(file.read_text()))
    fresh = Secrets()
    _save(paths, fresh)
    return fresh


def _save(paths: Paths, values: Secrets) -> None:
    file = paths.data / "secrets.json"
    fresh = file.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(asdict(values), stream, indent=1)
    fresh.replace(file)
