from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.operations import unlock_sign_in
from accounts.queries import find_person


class Command(RefusingCommand):
    help = "Let a person sign in again at once after too many wrong passwords."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        person = find_person(options["email"])
        num = unlock_sign_in(actor=None, person=person)
        self.stdout.write(f"{person.email}: {num} wrong tries forgotten." if num else f"{person.email} is not locked.")
