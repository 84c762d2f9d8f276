from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from web.pruning import prune


class Command(BaseCommand):
    help = "Remove what is no longer needed: expired sessions, old drafts of imports, working files of ended runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="List it and remove nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        removed = prune(is_dry_run=options["dry_run"])
        for one in removed:
            self.stdout.write(f"{one.num_bytes / 2**20:8.1f} MB  {one.what}")
        total = sum(one.num_bytes for one in removed) / 2**20
        word = "would be removed" if options["dry_run"] else "removed"
        self.stdout.write(f"{len(removed)} {word}, {total:.1f} MB.")
