"""`manage.py costs`: what was spent, summed by something, or entry by entry as a file."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Any

from django.core.management.base import CommandError

from accounts.commands import RefusingCommand
from accounts.queries import find_account
from budgets.cost_kinds import CostKind
from budgets.models import Path
from reports.costs import FORMATS, CostFilter, Grouping, cost_rows, export_entries, grouped_csv
from reports.tables import cost_table
from runs.models import Run
from studies.queries import find_study
from tables.whole_files import write_whole

TEXT = "text"
IN_A_TERMINAL = (TEXT, "csv", "focus")


class Command(RefusingCommand):
    # The checks read every page of the product, which is more memory than a file of a million rows needs.
    requires_system_checks = ()
    help = "Sum costs by study, kind, annotator and more, or write the entries behind them to a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--group-by", choices=Grouping.values, help="sum by this; default study")
        parser.add_argument("--format", choices=[TEXT, *FORMATS], default=TEXT, help="default text")
        parser.add_argument("--out", type=FilePath, metavar="FILE", help="where it goes; default the terminal")
        parser.add_argument("--study", metavar="STUDY", help="only this study: its id or name")
        parser.add_argument("--path", choices=Path.values)
        parser.add_argument("--kind", choices=CostKind.values)
        parser.add_argument("--annotator", metavar="EMAIL")
        parser.add_argument("--run", type=int, metavar="RUN")
        parser.add_argument("--from", dest="first_month", type=_month, metavar="YYYY-MM", help="first month, in UTC")
        parser.add_argument("--to", dest="last_month", type=_month, metavar="YYYY-MM", help="last month, in UTC")

    def handle(self, *args: object, **options: Any) -> None:
        name, group_by, out = options["format"], options["group_by"], options["out"]
        if name not in IN_A_TERMINAL and out is None:
            raise CommandError(f"--out: a terminal cannot show {name}. Name the file to write.")
        if group_by and name not in (TEXT, "csv"):
            raise CommandError(f"--format {name} lists entries and sums nothing: leave --group-by out, or use csv.")
        wanted = _filter(options)
        if name == TEXT:
            pieces = _table(wanted, Grouping(group_by or Grouping.STUDY))
        elif group_by:
            pieces = (line.encode() for line in grouped_csv(wanted=wanted, by=Grouping(group_by)))
        else:
            pieces = export_entries(wanted=wanted, file_format=FORMATS[name])
        self._deliver(pieces, out)

    def _deliver(self, pieces: Iterator[bytes], out: FilePath | None) -> None:
        if out is None:
            for piece in pieces:
                self.stdout.write(piece.decode(), ending="")
            return
        try:
            write_whole({out: pieces})
        except OSError as error:
            raise CommandError(f"--out {out}: {error.strerror}. Name a file that can be written.") from error
        self.stdout.write(f"Written: {out}")


def _filter(options: dict[str, Any]) -> CostFilter:
    where: dict[Grouping, Any] = {}
    if options["study"]:
        where[Grouping.STUDY] = find_study(options["study"]).budget_id
    if options["annotator"]:
        where[Grouping.ANNOTATOR] = find_account(options["annotator"], option="--annotator").pk
    if options["run"] is not None:
        where[Grouping.RUN] = _work_key(options["run"], where.get(Grouping.STUDY))
    where |= {by: options[by] for by in (Grouping.PATH, Grouping.KIND) if options[by]}
    first, last = options["first_month"], options["last_month"]
    if first and last and last < first:
        raise CommandError(f"--to: {last:%Y-%m} is before {first:%Y-%m}, the first month.")
    return CostFilter(where=where, first_month=first, last_month=last)


def _work_key(number: int, budget_id: int | None) -> str:
    runs = Run.objects.order_by("-pk")
    if budget_id is not None:
        runs = runs.filter(study__budget=budget_id)
    if not runs.filter(pk=number).exists():
        whose = "" if budget_id is None else " in this study"
        latest = ", ".join(map(str, runs.values_list("pk", flat=True)[:10])) or "none yet"
        raise CommandError(f"--run: there is no run {number}{whose}. The latest are: {latest}.")
    return f"run:{number}"


def _month(text: str) -> date:
    try:
        return datetime.strptime(f"{text}-01 +0000", "%Y-%m-%d %z").date()
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a month such as 2026-01") from None


def _table(wanted: CostFilter, by: Grouping) -> Iterator[bytes]:
    rows = cost_rows(wanted=wanted, by=by)
    nothing = "Nothing was spent yet." if wanted == CostFilter() else "No costs match these filters."
    yield f"{cost_table(rows, by=by) if rows else nothing}\n".encode()
