"""What admins do with people, and how the first admin comes to be."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.audit import record
from accounts.models import Role, User
from accounts.permissions import Action, require
from accounts.sign_in import forget_wrong_tries


class LastAdmin(ValidationError):
    """The last active admin can neither be switched off nor given another role."""


class OwnAccount(ValidationError):
    """Nobody takes their own role or account away: one wrong click would be hard to undo."""


@transaction.atomic
def create_person(*, actor: User, email: str, name: str, role: str, password: str) -> User:
    """Create a person; an e-mail is unique whatever its case.

    Raises: Forbidden; ValidationError (bad or taken e-mail, unknown role, weak password).
    """
    require(actor=actor, action=Action.MANAGE_PEOPLE)
    return _create(actor, email, name, role, password)


@transaction.atomic
def change_person(*, actor: User, person: User, role: str, is_active: bool, password: str = "") -> User:
    """Change a person's role, switch the account off or on, or set a new password, which also unlocks sign-in.

    Each of the three signs the person out everywhere. An empty `password` leaves it unchanged.

    Raises: Forbidden; LastAdmin; OwnAccount; ValidationError (unknown role, weak password).
    """
    require(actor=actor, action=Action.MANAGE_PEOPLE)
    admins = list(User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True))
    if admins == [person] and not (role == Role.ADMIN and is_active):
        raise LastAdmin(f"{person.email} is the last active admin. Make somebody else an admin first.")
    person = User.objects.select_for_update().get(pk=person.pk)
    if person == actor and (role, is_active) != (person.role, person.is_active):
        raise OwnAccount("This is your own account: ask another admin to change your role or to switch you off.")
    before = _state(person)
    person.role = role
    person.is_active = is_active
    if password:
        _check_password(password, person)
        person.set_password(password)
        forget_wrong_tries(email=person.email)
    if password or _state(person) != before:
        person.sign_out_count += 1
    person.full_clean(exclude=["password"])
    person.save(update_fields=["role", "is_active", "password", "sign_out_count"])
    changed = {"password": "changed"} if password else {}
    _record(actor, "person.change", person, before=before, after={**_state(person), **changed})
    return person


@transaction.atomic
def unlock_sign_in(*, actor: User | None, person: User) -> int:
    """Forget a person's wrong tries to sign in. `actor` is None for somebody with access to the server.

    Returns: how many there were.
    Raises: Forbidden.
    """
    if actor is not None:
        require(actor=actor, action=Action.MANAGE_PEOPLE)
    num_forgotten = forget_wrong_tries(email=person.email)
    if num_forgotten:
        _record(actor, "person.unlock", person, before={"wrong_tries": num_forgotten}, after={"wrong_tries": 0})
    return num_forgotten


@transaction.atomic
def change_own_password(*, person: User, password: str) -> None:
    """Set a person's own new password, which the form has checked."""
    person.set_password(password)
    person.save(update_fields=["password"])
    _record(person, "person.password", person, after={"password": "changed"})


@transaction.atomic
def note_new_password(*, person: User) -> None:
    """Record that a password was set on the server, and unlock the person's sign-in."""
    forget_wrong_tries(email=person.email)
    _record(None, "person.password", person, after={"password": "changed"})


@transaction.atomic
def ensure_first_admin(*, email: str, password: str) -> User | None:
    """Create the first admin; None where there is one. Raises: ValidationError (bad e-mail, weak password)."""
    if User.objects.filter(role=Role.ADMIN, is_active=True).exists():
        return None
    return _create(None, email, "Admin", Role.ADMIN, password)


def _create(actor: User | None, email: str, name: str, role: str, password: str) -> User:
    _check_password(password, User(email=email, name=name))
    person = User.objects.create_user(email=email, name=name, role=role, password=password)
    _record(actor, "person.create", person, after=_state(person))
    return person


def _check_password(password: str, person: User) -> None:
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from None


def _state(person: User) -> dict[str, Any]:
    return {"name": person.name, "email": person.email, "role": person.role, "may_sign_in": person.is_active}


def _record(
    actor: User | None, action: str, person: User, *, after: dict[str, Any], before: dict[str, Any] | None = None
) -> None:
    subject = f"{person.name} ({person.email})"
    record(actor=actor, action=action, subject=subject, subject_id=person.pk, before=before or {}, after=after)
