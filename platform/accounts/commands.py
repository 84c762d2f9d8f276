"""What commands of all apps have in common."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
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
        except ValidationError as error:
            raise CommandError(_in_words(error)) from error


def tell_left_out(left_out: Sequence[str]) -> None:
    """End a command that did the rest of its work by what it left out, and why. Raises: CommandError, where any is."""
    if left_out:
        raise CommandError("\n".join(["Left out; all else is done.", *left_out]), returncode=1)


def _in_words(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    named = ((name, " ".join(reasons)) for name, reasons in error.message_dict.items())
    return " ".join(reasons if name == NON_FIELD_ERRORS else f"{name}: {reasons}" for name, reasons in named)
