"""Where notices go beside mail: webhook targets and their secrets."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from notices.models import WebhookTarget, new_secret

Facts = dict[str, Any]


@transaction.atomic
def add_target(*, actor: User, name: str, url: str) -> WebhookTarget:
    """Add a target that is told of every notice from now on, with a new secret to show once.

    Raises: Forbidden; ValidationError (name taken, URL of another kind).
    """
    require(actor=actor, action=Action.MANAGE_NOTICES)
    target = WebhookTarget(name=name.strip(), url=_checked(url), created_by=actor)
    target.full_clean()
    target.save()
    _record(actor, "webhook.add", target, before={}, after={**_facts(target), "secret": "set"})
    return target


@transaction.atomic
def change_target(*, actor: User, target: WebhookTarget, name: str, url: str, is_active: bool) -> WebhookTarget:
    """Rename a target, give it another URL, or switch it off or on. Its secret stays.

    Switched off, it gets no new notices, and its pending deliveries are given up.

    Raises: Forbidden; ValidationError (name taken, URL of another kind).
    """
    require(actor=actor, action=Action.MANAGE_NOTICES)
    old = WebhookTarget.objects.select_for_update().get(pk=target.pk)
    target.name, target.url, target.is_active = name.strip(), _checked(url), is_active
    target.full_clean()
    target.save(update_fields=["name", "url", "is_active"])
    is_moved = {"url": "changed"} if target.url != old.url else {}
    _record(actor, "webhook.change", target, before=_facts(old), after={**_facts(target), **is_moved})
    return target


@transaction.atomic
def rotate_secret(*, actor: User, target: WebhookTarget) -> WebhookTarget:
    """Give a target a new secret to show once; what is sent from now on is signed with it. Raises: Forbidden."""
    require(actor=actor, action=Action.MANAGE_NOTICES)
    target.secret = new_secret()
    target.save(update_fields=["secret"])
    _record(actor, "webhook.secret", target, before={}, after={"secret": "changed"})
    return target


@transaction.atomic
def choose_mail(*, person: User, wants_mail: bool) -> User:
    """Let a person switch their own mails off or on. What waits for them is given up while they are off."""
    before = {"wants_mail": User.objects.select_for_update().get(pk=person.pk).wants_mail}
    person.wants_mail = wants_mail
    person.save(update_fields=["wants_mail"])
    record(
        actor=person,
        action="person.mail",
        subject=f"Person {person.email}",
        subject_id=person.pk,
        before=before,
        after={"wants_mail": wants_mail},
    )
    return person


def _facts(target: WebhookTarget) -> Facts:
    """What the audit trail may know: not the URL, which is often as good as a password."""
    return {"name": target.name, "host": target.host, "is_active": target.is_active}


def _record(actor: User, action: str, target: WebhookTarget, *, before: Facts, after: Facts) -> None:
    subject = f"Webhook target “{target}”"
    record(actor=actor, action=action, subject=subject, subject_id=target.pk, before=before, after=after)


def _checked(url: str) -> str:
    """A URL that can be called. Private hosts are allowed: only admins enter one."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        is_callable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_callable = False
    if not is_callable or any(letter.isspace() for letter in url):
        raise ValidationError({"url": "Enter a whole URL that starts with https:// or http://."})
    return url
