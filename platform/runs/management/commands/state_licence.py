"""Say what a model's licence lets its outputs do."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.permissions import Forbidden
from runs.models import OutputUse
from runs.preflight import state_licence


class Command(BaseCommand):
    help = "Write down whether a model's licence lets its outputs train other models; the latest statement counts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", choices=["hub", "folder", "package"])
        parser.add_argument("name", help="as the study names it")
        parser.add_argument("--outputs-may-train", choices=OutputUse.values, required=True)
        parser.add_argument("--licence", default="", help="its name")
        parser.add_argument("--as", dest="email", required=True, help="e-mail of who read it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            stated = state_licence(
                actor=User.objects.get(email=options["email"]),
                reference={"source": options["source"], "name": options["name"]},
                licence=options["licence"],
                outputs=OutputUse(options["outputs_may_train"]),
            )
        except (ValueError, Forbidden, User.DoesNotExist) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{stated}. {stated.get_outputs_display()}.")
