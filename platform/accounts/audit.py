"""The one way to write down a change: in the transaction that makes it, so that both happen or neither does."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import AuditRecord, User

SECRETS = frozenset({"password", "token", "secret", "key", "api_token", "webhook_secret"})
# All that may be said of a secret.
_SAYABLE = frozenset({None, "set", "changed", "removed"})
_LONGEST_SUBJECT = 300
_MISSING = object()


class SecretInAudit(ValueError):
    """The value of a secret was about to be written down; say "changed" instead."""


def record(  # noqa: PLR0913 -- the columns of one row
    *,
    actor: User | None,
    action: str,
    subject: str,
    subject_id: int | None,
    budget_id: int | None = None,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Write down who changed what: of the values by name, those that differ; nothing where none does.

    Parameters: `actor` None for Fulcrum itself; `action` a subject's type and a verb, `price.set`; `subject_id` in the
    table of that type; `before` and `after` with amounts as Decimal, secrets as "set" or "changed".
    Raises: ValueError (an action without a type); SecretInAudit.
    """
    subject_type, dot, verb = action.partition(".")
    if not (subject_type and dot and verb):
        raise ValueError(f"action: {action!r} is not a subject's type, a dot and a verb, such as price.set.")
    old, new = _differing(before, after), _differing(after, before)
    _check_secrets(old)
    _check_secrets(new)
    if not old and not new:
        return
    assert transaction.get_connection().in_atomic_block, f"{action}: a change and its record share one transaction"
    AuditRecord.objects.create(
        actor=actor,
        actor_email=actor.email if actor else "",
        action=action,
        subject=subject[:_LONGEST_SUBJECT],
        subject_type=subject_type,
        subject_id=subject_id,
        budget_id=budget_id,
        before=old,
        after=new,
    )


def _differing(values: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if others.get(name, _MISSING) != value}


def _check_secrets(values: Mapping[str, Any]) -> None:
    for name in SECRETS.intersection(values):
        if values[name] not in _SAYABLE:
            raise SecretInAudit(f'{name}: a secret is not written down; record it as "changed".')
