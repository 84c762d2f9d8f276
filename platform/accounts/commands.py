"""What commands of all apps have in common."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.permissions import Forbidden
from config.refusals import Refusal


class RefusingCommand(BaseCommand):
    """A command that ends with the reason, and no traceback, where what it asks for is refused."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except (Refusal, Forbidden) as refusal:
            raise CommandError(str(refusal)) from refusal
