"""`manage.py card ARTIFACT`: a model's card with its costs, printed and put into its folder."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.cards import write_card
from runs.queries import ArtifactNotFound, find_artifact
from runs.results import CardMissing


class Command(BaseCommand):
    help = "Write a student's or a teacher's model card with what it cost by now, into its folder and here."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("artifact", metavar="ARTIFACT", help="id of a student or a teacher, as on its page")

    def handle(self, *args: object, **options: Any) -> None:
        try:
            self.stdout.write(write_card(artifact=find_artifact(options["artifact"])))
        except (ArtifactNotFound, CardMissing) as error:
            raise CommandError(str(error)) from error
