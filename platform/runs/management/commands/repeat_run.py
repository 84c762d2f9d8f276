import sys
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from runs.queries import find_run
from runs.results import repeat


class Command(RefusingCommand):
    help = "Carry out a run again from its stored spec, in a copy of its folder, and compare; nothing is charged."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", help="its id")
        parser.add_argument("--folder", type=Path, help="where the copy is made and stays; else it is deleted")

    def handle(self, *args: Any, **options: Any) -> None:
        run = find_run(options["run"])
        settings.RUNS_DIR.mkdir(parents=True, exist_ok=True)
        kept = nullcontext(options["folder"]) if options["folder"] else None
        with kept or TemporaryDirectory(prefix="repeat-", dir=settings.RUNS_DIR) as folder:
            found = repeat(run=run, folder=Path(folder).absolute())
        for version in found.versions:
            self.stdout.write(f"other version: {version}")
        for difference in found.differences:
            self.stdout.write(f"differs: {difference}")
        if not found.is_identical:
            sys.exit(1)
        self.stdout.write(f"{run}: the same metrics, weights and predictions, bit for bit.")
