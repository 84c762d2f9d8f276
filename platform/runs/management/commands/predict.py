from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from runs.queries import find_artifact
from runs.results import predict_to_file


class Command(RefusingCommand):
    help = "Label each line of a CSV or JSON-lines file with a student or a teacher."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("artifact", metavar="ARTIFACT", help="id of a student or a teacher, as on its page")
        parser.add_argument("source", metavar="IN", type=Path, help=".csv or .jsonl, with the study's input fields")
        parser.add_argument("target", metavar="OUT", type=Path, help=".csv or .jsonl")
        parser.add_argument(
            "--keep-going", action="store_true", help="give lines that cannot be labelled an error in OUT"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        num_done = 0

        def tell(line: str) -> None:
            nonlocal num_done
            if line.isdecimal():
                num_done = int(line)
                self.stderr.write(f"{num_done:,} lines")
            else:
                self.stdout.write(line)

        predict_to_file(
            artifact=find_artifact(options["artifact"]),
            source=options["source"],
            target=options["target"],
            keep_going=options["keep_going"],
            on_line=tell,
        )
        self.stdout.write(f"{num_done:,} lines written: {options['target']}")
