"""`manage.py export_model ARTIFACT --format FORMAT --out FOLDER`: for other runtimes, with what it was measured at."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from budgets.money import amount_text
from reports.cards import write_card
from runs.queries import find_artifact
from runs.results import EXPORT_FORMATS, ServingFigures, export_to_folder


class Command(RefusingCommand):
    help = "Export a student or a teacher to ONNX, or to int8 with its loss, and measure how fast it answers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("artifact", metavar="ARTIFACT", help="id of a student or a teacher, as on its page")
        parser.add_argument("--format", choices=EXPORT_FORMATS, default=EXPORT_FORMATS[0])
        parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder")

    def handle(self, *args: Any, **options: Any) -> None:
        artifact = find_artifact(options["artifact"])
        figures = export_to_folder(artifact=artifact, export_format=options["format"], target=options["out"])
        for one in figures:
            self.stdout.write(_line(one, currency=artifact.run.study.budget.currency))
        if not figures:
            self.stdout.write("Nothing was measured: the dev and test rows of its run are gone.")
        write_card(artifact=artifact)
        self.stdout.write(f"{artifact} written as {options['format']}: {options['out']}")


def _line(one: ServingFigures, *, currency: str) -> str:
    cost = "" if one.cost_of_requests is None else f", {amount_text(one.cost_of_requests)} {currency} per 1,000"
    utility = f"{one.metric} {one.utility * 100:.1f} % on {one.num_examples:,} {one.rows} rows"
    return (
        f"{one.format}: p50 {one.p50_ms:.1f} ms, p95 {one.p95_ms:.1f} ms, {one.requests_per_second:.1f} requests/s"
        f"{cost}; {utility} ({one.difference * 100:+.1f} points, {one.low * 100:+.1f} to {one.high * 100:+.1f})"
    )
