import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from accounts.models import Role, User
from accounts.operations import ensure_first_admin


class Command(BaseCommand):
    help = "Create the first admin where there is none, and say where and as whom to sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", default="admin@example.com")
        parser.add_argument("--password", default="", help="A random one is made where none is given.")

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password"] or secrets.token_urlsafe(12)
        admin = ensure_first_admin(email=options["email"], password=password)
        if admin is None:
            self.stdout.write(_known_admin())
            return
        self.stdout.write(f"First admin: sign in at {settings.URL} as {admin.email}{self._with(password, options)}")

    def _with(self, password: str, options: dict[str, Any]) -> str:
        """A password that was made is shown to a person at a terminal only: what is redirected is kept in a file."""
        if options["password"]:
            return " with the password you gave."
        if self.stdout.isatty():
            return f" with the password {password} (shown this once)."
        return (
            ". The password is not shown, because the output is not a terminal; set one by "
            f"`python3 manage.py changepassword {options['email']}`."
        )


def _known_admin() -> str:
    admin = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk")[0]
    return (
        f"Sign in at {settings.URL} as {admin.email} (admin). A lost password: "
        f"`python3 manage.py changepassword {admin.email}`."
    )
