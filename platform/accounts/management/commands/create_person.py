import secrets
from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.models import Role
from accounts.operations import create_person
from accounts.queries import find_person


class Command(RefusingCommand):
    help = "Add a person with a role, and print the password once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="", help="the part before the @, if not given")
        parser.add_argument("--role", choices=Role.values, default=Role.ANNOTATOR)
        parser.add_argument("--password", default="", help="a random one is made and printed where none is given")
        parser.add_argument("--as", dest="actor", default="", help="e-mail of the admin who adds them")

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password"] or secrets.token_urlsafe(12)
        person = create_person(
            actor=find_person(options["actor"]),
            email=options["email"],
            name=options["name"] or options["email"].partition("@")[0],
            role=options["role"],
            password=password,
        )
        shown = "the password you gave" if options["password"] else f"the password {password} (shown this once)"
        self.stdout.write(f"{person.get_role_display()} {person.name} signs in as {person.email} with {shown}.")
