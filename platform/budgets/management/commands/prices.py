"""`manage.py prices`: write a price book as CSV, or add prices from one."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.permissions import Forbidden
from accounts.queries import PersonNotFound, find_person
from budgets.models import PriceBook
from budgets.operations import PriceFileUnreadable, PricesRefused, export_prices, import_prices, preview_prices


class Command(BaseCommand):
    help = "Export a price book as CSV, or import prices into it; a file is imported whole or not at all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser("export", help="write a price book as CSV")
        export.add_argument("book", help="name of the price book")
        export.add_argument("--out", type=Path, metavar="FILE", help="where it goes; default the terminal")
        bring = actions.add_parser("import", help="add the prices of a CSV file")
        bring.add_argument("book", help="name of the price book")
        bring.add_argument("file", type=Path)
        bring.add_argument("--preview", action="store_true", help="preview only; change nothing")
        bring.add_argument("--as", dest="email", default="", help="e-mail of who imports; an admin, if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        book = _book(options["book"])
        try:
            if options["action"] == "export":
                self._export(book, options["out"])
            else:
                self._import(book, options)
        except PricesRefused as refusal:
            raise CommandError("\n".join(["Nothing was imported.", *refusal.problems])) from None
        except (PriceFileUnreadable, PersonNotFound, Forbidden) as refusal:
            raise CommandError(str(refusal)) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}. Name a file that can be used.") from None

    def _export(self, book: PriceBook, out: Path | None) -> None:
        lines = list(export_prices(book=book))
        if out is None:
            self.stdout.write("".join(lines), ending="")
            return
        out.write_text("".join(lines), encoding="utf-8", newline="")
        self.stdout.write(f"Prices written to {out}: {len(lines) - 1:,}.")

    def _import(self, book: PriceBook, options: dict[str, Any]) -> None:
        actor, content = find_person(options["email"]), options["file"].read_bytes()
        found = preview_prices(actor=actor, book=book, content=content)
        if found.problems:
            raise PricesRefused(found.problems)
        if found.note:
            self.stdout.write(found.note)
        already = f"{found.num_unchanged:,} unchanged"
        if options["preview"]:
            self.stdout.write(f"{len(found.new):,} would be new, {already}. Nothing was changed.")
            return
        added = import_prices(actor=actor, book=book, content=content)
        self.stdout.write(f"New prices in “{book}”: {len(added):,}; {already}.")


def _book(name: str) -> PriceBook:
    book = PriceBook.objects.filter(name=name).first()
    if book is None:
        known = ", ".join(PriceBook.objects.order_by("name").values_list("name", flat=True)) or "none yet"
        raise CommandError(f"There is no price book {name!r}. Price books: {known}.")
    return book
