"""Label a file with a student or a teacher."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from runs.queries import ArtifactNotFound, find_artifact
from runs.results import ModelSilent, predict_to_file


class Command(BaseCommand):
    help = "Label each line of a CSV or JSON-lines file with a student or a teacher."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("artifact", metavar="ARTIFACT", help="id of a student or a teacher, as on its page")
        parser.add_argument("source", metavar="IN", type=Path, help=".csv or .jsonl, with the study's input fields")
        parser.add_argument("target", metavar="OUT", type=Path, help=".csv or .jsonl")
        parser.add_argument(
            "--keep-going", action="store_true", help="give lines that cannot be labelled an error in OUT"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = options["target"]
        done = [0]

        def tell(count: int) -> None:
            done[0] = count
            self.stderr.write(f"{count:,} lines")

        try:
            predict_to_file(
                artifact=find_artifact(options["artifact"]),
                source=options["source"],
                target=target,
                keep_going=options["keep_going"],
                on_rows=tell,
                on_note=self.stdout.write,
            )
        except (ArtifactNotFound, ModelSilent) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{done[0]:,} lines written: {target}")
