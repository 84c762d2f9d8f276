import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.models import Role, User
from accounts.operations import ensure_first_admin


class Command(RefusingCommand):
    help = "Create the first admin where there is none, and say where and as whom to sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", default="admin@example.com")
        parser.add_argument("--password", default="", help="A random one is made where none is given.")

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password"] or secrets.token_urlsafe(12)
        admin = ensure_first_admin(email=options["email"], password=password)
        if admin is None:
            known = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk")[0]
            self.stdout.write(
                f"Sign in at {settings.URL} as {known.email} (admin). A lost password: "
                f"`python3 manage.py changepassword {known.email}`."
            )
            return
        self.stdout.write(f"First admin: sign in at {settings.URL} as {admin.email}{self._with(password, options)}")

    def _with(self, password: str, options: dict[str, Any]) -> str:
        """A generated password is shown at a terminal only: redirected output is kept in a file."""
        if options["password"]:
            return " with the password you gave."
        if self.stdout.isatty():
            return f" with the password {password} (shown this once)."
        return (
            ". The password is not shown, because the output is not a terminal; set one by "
            f"`python3 manage.py changepassword {options['email']}`."
        )
