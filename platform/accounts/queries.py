"""Reads of people, for commands."""

from accounts.models import Role, User


class PersonNotFound(ValueError):
    """No active person has this e-mail."""


def find_person(email: str) -> User:
    """The active person with this e-mail, whatever its case; with none given, the first active admin.

    Raises: PersonNotFound.
    """
    people = User.objects.filter(is_active=True)
    if email:
        person = people.filter(email__iexact=email).first()
    else:
        person = people.filter(role=Role.ADMIN).order_by("pk").first()
    if person is None:
        raise PersonNotFound(
            f"No active person has the e-mail {email!r}." if email else "There is no active admin yet."
        )
    return person
