"""`manage.py prices`: make a price book, set a price, write a book as CSV, or add prices from a file."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from accounts.commands import RefusingCommand
from accounts.models import User
from accounts.queries import find_person
from budgets.cost_kinds import CostKind
from budgets.models import Price, PriceBook
from budgets.prices import (
    PricesRefused,
    Scope,
    create_price_book,
    export_prices,
    import_prices,
    preview_prices,
    set_price,
)
from config.refusals import Refusal
from tables.whole_files import write_whole

PRICE_HELP = "once for each: label=0.10, labelling_hour=15, device_hour:cpu=0.60"


class Command(RefusingCommand):
    help = "Make a price book, set its prices, write it as CSV or import prices; all of it is done or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make a price book, with its first prices")
        create.add_argument("book", help="its name")
        create.add_argument("--currency", default="USD", help="three letters; all its prices are in it")
        put = actions.add_parser("set", help="set prices of a book")
        put.add_argument("book", help="name of the price book")
        put.add_argument("--from", dest="starts_at", metavar="TIME", default="", help="such as 2026-01-31T09:30; now")
        for one in (create, put):
            one.add_argument("--price", action="append", default=[], metavar="KIND=AMOUNT", help=PRICE_HELP)
            one.add_argument("--as", dest="email", default="", help="e-mail of the admin who sets them")
        export = actions.add_parser("export", help="write a price book as CSV")
        export.add_argument("book", help="name of the price book")
        export.add_argument("--out", type=Path, metavar="FILE", help="where it goes; default the terminal")
        bring = actions.add_parser("import", help="add the prices of a CSV file")
        bring.add_argument("book", help="name of the price book")
        bring.add_argument("file", type=Path)
        bring.add_argument("--preview", action="store_true", help="preview only; change nothing")
        bring.add_argument("--as", dest="email", default="", help="e-mail of who imports; an admin, if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            {"create": self._create, "set": self._set, "export": self._export, "import": self._import}[
                options["action"]
            ](options)
        except PricesRefused as refusal:
            raise CommandError("\n".join(["Nothing was imported.", *refusal.problems])) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}. Name a file that can be used.") from None

    @transaction.atomic
    def _create(self, options: dict[str, Any]) -> None:
        wanted, actor = _read_prices(options["price"]), find_person(options["email"])
        book = create_price_book(actor=actor, name=options["book"], currency=options["currency"])
        added = _set_prices(actor, book, wanted, timezone.now())
        self.stdout.write(f"Price book “{book}” in {book.currency}: {', '.join(map(str, added)) or 'no price yet'}.")

    @transaction.atomic
    def _set(self, options: dict[str, Any]) -> None:
        wanted, actor = _read_prices(options["price"]), find_person(options["email"])
        added = _set_prices(actor, _book(options["book"]), wanted, _moment(options["starts_at"]))
        for price in added:
            self.stdout.write(f"{price}, from {price.starts_at:%Y-%m-%d %H:%M} UTC.")

    def _export(self, options: dict[str, Any]) -> None:
        book, out = _book(options["book"]), options["out"]
        lines = list(export_prices(book=book))
        if out is None:
            self.stdout.write("".join(lines), ending="")
            return
        try:
            write_whole({out: [line.encode() for line in lines]})
        except OSError as error:
            raise CommandError(f"{out}: {error.strerror}. Name a file that can be used.") from None
        self.stdout.write(f"Prices written to {out}: {len(lines) - 1:,}.")

    def _import(self, options: dict[str, Any]) -> None:
        book = _book(options["book"])
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


def _read_prices(pairs: list[str]) -> list[tuple[CostKind, Scope, str]]:
    """Take KIND=AMOUNT and device_hour:DEVICE=AMOUNT apart."""
    found = []
    for pair in pairs:
        what, sign, amount = pair.partition("=")
        kind, _, device = what.partition(":")
        if not sign or kind not in CostKind.values:
            raise Refusal(f"{pair!r} is not KIND=AMOUNT, such as label=0.10. Kinds: {', '.join(CostKind.values)}.")
        found.append((CostKind(kind), Scope(device=device), amount))
    return found


def _set_prices(
    actor: User, book: PriceBook, wanted: list[tuple[CostKind, Scope, str]], starts_at: datetime
) -> list[Price]:
    return [
        set_price(actor=actor, book=book, kind=kind, amount=amount, starts_at=starts_at, scope=scope)
        for kind, scope, amount in wanted
    ]


def _moment(text: str) -> datetime:
    """Read a time, UTC where it says no zone; now where there is none."""
    if not text:
        return timezone.now()
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(f"--from: {text!r} is not a time such as 2026-01-31T09:30.") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def _book(name: str) -> PriceBook:
    book = PriceBook.objects.filter(name=name).first()
    if book is None:
        known = ", ".join(PriceBook.objects.order_by("name").values_list("name", flat=True)) or "none yet"
        raise CommandError(f"There is no price book {name!r}. Price books: {known}.")
    return book
