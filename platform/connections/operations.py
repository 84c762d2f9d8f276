"""Adding, changing and testing connections: for admins, each change with its record."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.prices import is_model_name
from config.refusals import Refusal
from connections.abilities import find_abilities
from connections.keys import encrypt_key
from connections.models import Connection, facts
from connections.sending import endpoint_of

_LONGEST_KEY = 4000


class ConnectionNotFound(Refusal):
    """No connection has this name."""


def find_connection(name: str) -> Connection:
    """Raises: ConnectionNotFound, which names those that there are."""
    found = Connection.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(Connection.objects.order_by("name").values_list("name", flat=True)) or "none yet"
        raise ConnectionNotFound(f"There is no connection {name[:80]!r}. Connections: {known}.", field="connection")
    return found


@transaction.atomic
def add_connection(*, actor: User, name: str, url: str, model: str, key: str = "", **options: Any) -> Connection:
    """Add a connection; its key is encrypted and never shown. Parameters: `options` by the names of its columns.

    Raises: Forbidden; ValidationError.
    """
    require(actor=actor, action=Action.MANAGE_CONNECTIONS)
    made = Connection(
        name=_checked_name(name),
        url=_checked_url(url),
        model=model.strip(),
        encrypted_key=encrypt_key(_checked_key(key)),
        created_by=actor,
        **options,
    )
    made.full_clean()
    made.save()
    _record(actor, "connection.add", made, before={}, after={**facts(made), **({"key": "set"} if key else {})})
    return made


@transaction.atomic
def change_connection(*, actor: User, connection: Connection, key: str = "", **options: Any) -> Connection:
    """Change a connection's limits, terms, or key (blank keeps it), or switch it off. URL and model never change.

    Raises: Forbidden; ValidationError.
    """
    require(actor=actor, action=Action.MANAGE_CONNECTIONS)
    ours = Connection.objects.select_for_update().get(pk=connection.pk)
    before = facts(ours)
    for name, value in options.items():
        setattr(ours, name, value)
    if key:
        ours.encrypted_key = encrypt_key(_checked_key(key))
    ours.full_clean()
    ours.save()
    changed = {"key": "changed"} if key else {}
    _record(actor, "connection.change", ours, before=before, after={**facts(ours), **changed})
    return ours


def run_self_test(*, actor: User, connection: Connection) -> Connection:
    """Ask the server a few short questions, and keep what it can do. Raises: Forbidden; KeyUnreadable."""
    require(actor=actor, action=Action.MANAGE_CONNECTIONS)
    found = find_abilities(endpoint_of(connection))
    with transaction.atomic():
        ours = Connection.objects.select_for_update().get(pk=connection.pk)
        before = {"abilities": ours.abilities}
        ours.abilities, ours.tested_at = found, timezone.now()
        ours.save(update_fields=["abilities", "tested_at"])
        _record(actor, "connection.test", ours, before=before, after={"abilities": found})
    return ours


def _record(actor: User, action: str, connection: Connection, *, before: dict[str, Any], after: dict[str, Any]) -> None:
    subject = f"Connection “{connection}”"
    record(actor=actor, action=action, subject=subject, subject_id=connection.pk, before=before, after=after)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not is_model_name(name):
        raise ValidationError(
            {"name": "Give 1 to 40 small letters, digits, dots, hyphens or underscores, such as gpt-small."}
        )
    return name


def _checked_key(key: str) -> str:
    """A key that can be sent in a header."""
    key = key.strip()
    if len(key) > _LONGEST_KEY or not key.isascii() or not (key == "" or key.isprintable()):
        raise ValidationError({"key": "This is no key: it is too long, or has signs that no header can have."})
    return key


def _checked_url(url: str) -> str:
    """A URL that can be called. Private hosts are allowed: only admins enter one."""
    url = url.strip().rstrip("/").removesuffix("/chat/completions")
    try:
        parts = urlsplit(url)
        is_callable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        has_more = bool(parts.username or parts.password or parts.query or parts.fragment)
    except ValueError:
        is_callable = has_more = False
    if not is_callable or any(letter.isspace() for letter in url):
        raise ValidationError({"url": "Enter a whole URL that starts with https:// or http://."})
    if has_more:
        raise ValidationError({"url": "Leave out name, password and what follows a ? or #; the key has its own field."})
    return url
