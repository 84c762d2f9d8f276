"""Make another study with the settings of one that is there."""

from typing import Any

from django.core.management.base import CommandParser

from studies.commands import StudyCommand
from studies.editing import duplicate_study


class Command(StudyCommand):
    help = "Duplicate a study: its settings, its data where asked for, and a budget of its own."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", help="of the new one")
        parser.add_argument("--limit", required=True, help="what the new one may spend")
        parser.add_argument("--with-data", action="store_true", help="copy the examples with their splits and labels")

    def handle(self, *args: Any, **options: Any) -> None:
        study, actor = self.study_and_actor(options)
        made = duplicate_study(
            actor=actor,
            study=study,
            name=options["name"],
            limit=options["limit"],
            with_data=options["with_data"],
        )
        self.stdout.write(f"Study {made.pk}: {made}, {made.examples.count():,} examples")
