"""Write a study's examples and labels to a file that an import takes again."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from studies.exports import WRITERS, export_examples
from studies.models import Split
from studies.queries import find_study


class Command(BaseCommand):
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
            _write(file, pieces)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}.") from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{examples.count():,} examples are in {file}.")


def _write(target: Path, pieces: Iterable[bytes]) -> None:
    """Write beside the target and take its place when whole."""
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        try:
            file.writelines(pieces)
        except BaseException:
            Path(file.name).unlink()
            raise
    Path(file.name).replace(target)
