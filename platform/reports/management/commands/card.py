"""`manage.py card ARTIFACT`: a model's card with its costs, printed and put into its folder."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from reports.cards import write_card
from runs.queries import find_artifact


class Command(RefusingCommand):
    help = "Print a student's or a teacher's model card with its current cost, and write it into its folder."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("artifact", metavar="ARTIFACT", help="id of a student or a teacher, as on its page")

    def handle(self, *args: object, **options: Any) -> None:
        self.stdout.write(write_card(artifact=find_artifact(options["artifact"])))
