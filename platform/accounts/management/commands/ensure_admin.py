import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.operations import ensure_first_admin


class Command(BaseCommand):
    help = "Create the first admin where there is none, and print the password once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", default="admin@example.com")
        parser.add_argument("--password", default="", help="A random one is made and printed where none is given.")

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password"] or secrets.token_urlsafe(12)
        admin = ensure_first_admin(email=options["email"], password=password)
        if admin is None:
            self.stdout.write("There is an admin already.")
            return
        shown = "the password you gave" if options["password"] else f"the password {password} (shown this once)"
        self.stdout.write(f"First admin: sign in as {admin.email} with {shown}.")
