from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.operations import unlock_sign_in
from accounts.queries import PersonNotFound, find_person


class Command(BaseCommand):
    help = "Let a person sign in again at once after too many wrong passwords."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = find_person(options["email"])
        except PersonNotFound as problem:
            raise CommandError(str(problem)) from None
        num = unlock_sign_in(actor=None, person=person)
        self.stdout.write(f"{person.email}: {num} wrong tries forgotten." if num else f"{person.email} is not locked.")
