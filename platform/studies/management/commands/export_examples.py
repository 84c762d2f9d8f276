"""Write a study's examples and labels to a file that an import takes again."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.commands import RefusingCommand
from studies.exports import WRITERS, export_examples
from studies.models import Split
from studies.queries import find_study
from tables.whole_files import write_whole


class Command(RefusingCommand):
    help = "Write a study's examples with their labels as CSV or JSON lines, by the file's ending."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="id or name")
        parser.add_argument("file", type=Path, help=f"ends in .{' or .'.join(WRITERS)}")
        parser.add_argument("--split", choices=Split.values, help="all, if not given")
        parser.add_argument("--labelled", action="store_true", help="only examples that have a label")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            study = find_study(options["study"])
            examples = study.examples.order_by("split", "rank")
            if options["split"]:
                examples = examples.filter(split=options["split"])
            if options["labelled"]:
                examples = examples.filter(label__isnull=False)
            pieces = export_examples(study=study, examples=examples, suffix=file.suffix.removeprefix("."))
            write_whole({file: pieces})
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}.") from error
        self.stdout.write(f"{examples.count():,} examples are in {file}.")
