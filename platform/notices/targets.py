"""Where notices go beside mail: webhook targets and their secrets."""

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.permissions import Action, require
from notices.models import WebhookTarget, new_secret

_SCHEMES = ("http", "https")


def add_target(*, actor: User, name: str, url: str) -> WebhookTarget:
    """Add a target that is told of every notice from now on. Its secret is made here.

    Parameters: `name` unique; `url` http or https, also of a host in a private network.
    Returns: the target; show its secret once.
    Raises: Forbidden; ValidationError (name taken, URL of another kind).
    """
    require(actor=actor, action=Action.MANAGE_NOTICES)
    target = WebhookTarget(name=name.strip(), url=_checked(url), created_by=actor)
    target.full_clean()
    target.save()
    return target


def change_target(*, actor: User, target: WebhookTarget, name: str, url: str, is_active: bool) -> WebhookTarget:
    """Rename a target, give it another URL, or switch it off or on. Its secret stays.

    Switched off, it is told of nothing new, and what still waits for it is given up.

    Raises: Forbidden; ValidationError (name taken, URL of another kind).
    """
    require(actor=actor, action=Action.MANAGE_NOTICES)
    target.name, target.url, target.is_active = name.strip(), _checked(url), is_active
    target.full_clean()
    target.save(update_fields=["name", "url", "is_active"])
    return target


def rotate_secret(*, actor: User, target: WebhookTarget) -> WebhookTarget:
    """Give a target a new secret; what is sent from now on is signed with it.

    Returns: the target; show its secret once.
    Raises: Forbidden.
    """
    require(actor=actor, action=Action.MANAGE_NOTICES)
    target.secret = new_secret()
    target.save(update_fields=["secret"])
    return target


def _checked(url: str) -> str:
    """A URL that can be called. Private hosts are allowed: only admins enter one."""
    try:
        parts = urlsplit(url.strip())
        is_callable = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_callable = False
    if not is_callable or any(letter.isspace() for letter in url.strip()):
        raise ValidationError({"url": "Enter a whole URL that starts with https:// or http://."})
    return url.strip()
