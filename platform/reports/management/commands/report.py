"""`manage.py report STUDY`: the table in the terminal, and the files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from accounts.commands import RefusingCommand
from reports.advice import next_tranche, planned_points
from reports.bills import StudyLedger
from reports.exports import write_report
from reports.queries import report_of
from reports.tables import report_text
from studies.queries import find_study


class Command(RefusingCommand):
    help = "Print what each trained student of a study cost and reached; write the table and the chart."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", metavar="STUDY", help="its id or name")
        parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the files go")

    def handle(self, *args: object, **options: Any) -> None:
        study = find_study(options["study"])
        ledger = StudyLedger(study)
        report = report_of(study, ledger=ledger)
        self.stdout.write(report_text(report))
        folder = options["out"] or settings.DATA_DIR / "reports" / str(study.pk)
        planned = planned_points(next_tranche(study, ledger=ledger, measured=report.points), ledger=ledger)
        try:
            files = write_report(report=report, folder=folder, planned=planned)
        except OSError as error:
            raise CommandError(f"--out {folder}: {error.strerror}. Name a folder that can be written.") from error
        self.stdout.write("\nFiles:")
        for path in files:
            self.stdout.write(f"  {path}")
