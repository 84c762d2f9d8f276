"""`manage.py surfaces`: write a study's recorded surface, import surfaces, or list those that are known."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from accounts.commands import RefusingCommand, tell_left_out
from accounts.queries import find_person
from reports.surfaces import all_surfaces, import_surfaces, imported_surfaces, surface_csv
from studies.queries import find_study
from tables.whole_files import write_whole


class Command(RefusingCommand):
    help = "Write a study's recorded surface as CSV, import surfaces, or list those that this installation knows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser("export", help="write a study's students as a surface, without its names")
        export.add_argument("study", metavar="STUDY", help="its id or name")
        export.add_argument("--out", type=Path, metavar="FILE", help="where it goes; default the terminal")
        bring = actions.add_parser("import", help="keep the surfaces of a CSV file")
        bring.add_argument("file", type=Path, metavar="FILE", help="CSV: task,L_labels,U_unlabeled,total_usd,score")
        bring.add_argument("--as", dest="email", default="", help="e-mail of who imports; an admin, if not given")
        actions.add_parser("list", help="list shipped and imported surfaces, and those of finished studies")

    def handle(self, *args: object, **options: Any) -> None:
        {"export": self._export, "import": self._import, "list": self._list}[options["action"]](options)

    def _export(self, options: dict[str, Any]) -> None:
        text, out = surface_csv(find_study(options["study"])), options["out"]
        if out is None:
            self.stdout.write(text, ending="")
            return
        try:
            write_whole({out: [text.encode()]})
        except OSError as error:
            raise CommandError(f"--out {out}: {error.strerror}. Name a file that can be written.") from error
        self.stdout.write(f"Surface written to {out}: {len(text.splitlines()) - 1:,} points.")

    def _import(self, options: dict[str, Any]) -> None:
        outcome = import_surfaces(actor=find_person(options["email"]), file=options["file"])
        for one in outcome.new:
            self.stdout.write(f"{one}: {one.num_points:,} points.")
        self.stdout.write(f"New surfaces: {len(outcome.new):,}; known already: {outcome.num_known:,}.")
        tell_left_out(outcome.left_out)

    def _list(self, options: dict[str, Any]) -> None:
        for known in all_surfaces():
            self.stdout.write(f"{known.origin:<10}  {len(known.surface.points):>4,} points  {known.surface.name}")
        for one in imported_surfaces().unreadable:
            self.stdout.write(f"unreadable  {one.name}: {one.reason} It is left out; import it again from its file.")
