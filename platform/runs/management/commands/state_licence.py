from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.queries import find_person
from runs.models import OutputUse
from runs.preflight import SOURCES, state_licence


class Command(RefusingCommand):
    help = "Record whether a model's licence allows training other models on its outputs; the latest statement counts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", choices=SOURCES)
        parser.add_argument("name", help="as the study names it")
        parser.add_argument("--outputs-may-train", choices=OutputUse.values, required=True)
        parser.add_argument("--licence", default="", help="its name")
        parser.add_argument("--as", dest="email", required=True, help="e-mail of who read it")

    def handle(self, *args: Any, **options: Any) -> None:
        stated = state_licence(
            actor=find_person(options["email"]),
            reference={"source": options["source"], "name": options["name"]},
            licence=options["licence"],
            outputs=OutputUse(options["outputs_may_train"]),
        )
        self.stdout.write(f"{stated}. {stated.get_outputs_display()}.")
