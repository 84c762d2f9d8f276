"""Price books as CSV files: written so that they can be read back, and read all or not at all."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from operator import attrgetter

from django.db import transaction

from accounts.models import User
from accounts.permissions import Action, require
from budgets.cost_kinds import CostKind
from budgets.models import Budget, Price, PriceBook
from budgets.money import amount_text
from budgets.prices.price_lines import PriceLine, read_lines
from budgets.prices.prices import Scope, check_price, lock_book, set_price
from config.refusals import Refusal
from tables.csv_lines import csv_of, spellings

MOST_NEW = 2000
_MOST_NAMED = 10
_KEY = ("kind", "device", "budget_id", "annotator_id", "starts_at")
# In the order of COLUMNS.
_CELLS: dict[str, Callable[[Price], object]] = {
    "kind": attrgetter("kind"),
    "device": attrgetter("device"),
    "study": lambda price: price.budget.name if price.budget else "",
    "annotator": lambda price: price.annotator.email if price.annotator else "",
    "amount": lambda price: "" if price.amount is None else f"{price.amount.normalize():f}",
    "starts_at": lambda price: price.starts_at.isoformat(),
}


class PricesRefused(Refusal):
    """A price file has lines that cannot be imported; nothing of it was."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        named = " ".join(f"{problem[:1].upper()}{problem[1:]}" for problem in self.problems[:_MOST_NAMED])
        more = f" And {len(self.problems) - _MOST_NAMED:,} more." if len(self.problems) > _MOST_NAMED else ""
        super().__init__(f"file: nothing was imported. {named}{more}")


class PriceFileChanged(Refusal):
    """The file would bring other prices than its preview said; nothing of it was imported."""


@dataclass(frozen=True, kw_only=True)
class NewPrice:
    """A price that a file would add; `amount` None ends an override."""

    line: int
    kind: CostKind
    scope: Scope
    amount: Decimal | None
    starts_at: datetime

    @property
    def key(self) -> tuple[object, ...]:
        """What two prices cannot share, in the order of _KEY: what they are for, and when they start."""
        budget, annotator = self.scope.budget, self.scope.annotator
        whose = (budget.pk if budget else None, annotator.pk if annotator else None)
        return (self.kind, self.scope.device, *whose, self.starts_at)


@dataclass(kw_only=True)
class PriceFilePreview:
    """Preview of a price file: new prices, unchanged lines, problems, assumptions."""

    new: list[NewPrice] = field(default_factory=list)
    num_unchanged: int = 0
    problems: list[str] = field(default_factory=list)
    assumed_utc: list[int] = field(default_factory=list)
    reading_notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        lines = [(one.line, one.kind, str(one.scope), str(one.amount), one.starts_at.isoformat()) for one in self.new]
        return sha256(repr(lines).encode()).hexdigest()

    @property
    def note(self) -> str:
        """What was guessed, assumed and left out, in sentences."""
        return " ".join(filter(None, (*self.reading_notes, self._zone_note())))

    def _zone_note(self) -> str:
        if not self.assumed_utc:
            return ""
        named = ", ".join(str(number) for number in self.assumed_utc[:_MOST_NAMED])
        more = ", …" if len(self.assumed_utc) > _MOST_NAMED else ""
        lines = "line" if len(self.assumed_utc) == 1 else "lines"
        return f"A start without a time zone is taken as UTC; so it is in {lines} {named}{more}."


def export_prices(*, book: PriceBook) -> Iterator[str]:
    """Write a price book as CSV, line by line; the import of it changes nothing.

    Prices that corrected entries of the past (re-pricing) are left out: none of them is ever in force.
    """
    rows = book.prices.filter(corrects__isnull=True).select_related("budget", "annotator")
    ordered = rows.order_by("kind", "device", "budget__name", "annotator__email", "starts_at", "pk")
    return csv_of(_CELLS, ordered.iterator(chunk_size=1000))


def preview_prices(*, actor: User, book: PriceBook, content: bytes) -> PriceFilePreview:
    """Preview a CSV file of prices, and name errors by line; nothing is written.

    It has the columns of an export; device, study and annotator may be missing. A blank amount ends an override.
    Raises PriceFileUnreadable.
    """
    require(actor=actor, action=Action.SET_PRICE)
    return _check(book, content)


@transaction.atomic
def import_prices(*, actor: User, book: PriceBook, content: bytes, expected_digest: str = "") -> list[Price]:
    """Add the prices of a CSV file to a book, all of them or none; existing prices stay unchanged.

    Returns the new prices. `expected_digest` is the preview's. Raises PriceFileUnreadable, PricesRefused or
    PriceFileChanged.
    """
    require(actor=actor, action=Action.SET_PRICE)
    lock_book(book)
    found = _check(book, content)
    if found.problems:
        raise PricesRefused(found.problems)
    if expected_digest and found.digest != expected_digest:
        raise PriceFileChanged("Prices were set since the preview. Check the new preview, then confirm it.")
    names = ("kind", "amount", "starts_at", "scope")
    return [set_price(actor=actor, book=book, **{name: getattr(one, name) for name in names}) for one in found.new]


def _check(book: PriceBook, content: bytes) -> PriceFilePreview:
    read, notes = read_lines(content)
    found = PriceFilePreview(problems=[line for line in read if isinstance(line, str)], reading_notes=notes)
    lines = [line for line in read if not isinstance(line, str)]
    names = _Names(book, lines)
    there = {
        tuple(key): amount for *key, amount in book.prices.filter(corrects__isnull=True).values_list(*_KEY, "amount")
    }
    first_lines: dict[tuple[object, ...], int] = {}
    for line in lines:
        try:
            price = _new(book, names, line)
            _sort_in(found, price, there=there, first_lines=first_lines)
        except Refusal as problem:
            found.problems.append(f"line {line.number}: {problem}")
        if line.assumed_utc:
            found.assumed_utc.append(line.number)
    if len(found.new) > MOST_NEW:
        found.problems.append(f"file: it brings {len(found.new):,} new prices; split it into files of {MOST_NEW:,}.")
    found.problems.sort(key=_line_number)
    return found


def _line_number(problem: str) -> int:
    first_word = problem.removeprefix("line ").partition(":")[0]
    return int(first_word) if first_word.isdigit() else 0


def _new(book: PriceBook, names: "_Names", line: PriceLine) -> NewPrice:
    scope = Scope(device=line.device, budget=names.budget(line.study), annotator=names.annotator(line.annotator))
    check_price(book=book, kind=line.kind, amount=line.amount, scope=scope)
    return NewPrice(line=line.number, kind=line.kind, scope=scope, amount=line.amount, starts_at=line.starts_at)


def _sort_in(
    found: PriceFilePreview,
    price: NewPrice,
    *,
    there: Mapping[tuple[object, ...], Decimal | None],
    first_lines: dict[tuple[object, ...], int],
) -> None:
    if price.key in first_lines:
        first = first_lines[price.key]
        raise Refusal(f"line {first} has a price for the same from the same start on.", field="starts_at")
    first_lines[price.key] = price.line
    if price.key not in there:
        found.new.append(price)
    elif (amount := there[price.key]) == price.amount:
        found.num_unchanged += 1
    else:
        before = "an end" if amount is None else amount_text(amount)
        raise Refusal(f"{before} has this start already. Choose a later start.", field="starts_at")


class _Names:
    """Studies and annotators that lines name, looked up at once. A study's budget has its name."""

    def __init__(self, book: PriceBook, lines: Sequence[PriceLine]) -> None:
        self._book = book
        self._budgets: dict[str, list[Budget]] = defaultdict(list)
        for budget in Budget.objects.filter(name__in=_all_spellings(line.study for line in lines)):
            self._budgets[budget.name].append(budget)
        emails = _all_spellings(line.annotator.lower() for line in lines)
        self._people = {person.email: person for person in User.objects.filter(email__in=emails)}

    def budget(self, cell: str) -> Budget | None:
        if not cell:
            return None
        named = [budget for name in spellings(cell) for budget in self._budgets.get(name, [])]
        ours = [budget for budget in named if budget.price_book_id == self._book.pk]
        if len(ours) > 1:
            raise Refusal(
                f"there is more than one of the name {cell[:80]!r}. Set its prices on the page.", field="study"
            )
        if not named:
            raise Refusal(f"there is no study {cell[:80]!r}.", field="study")
        return (ours or named)[0]

    def annotator(self, cell: str) -> User | None:
        if not cell:
            return None
        for email in spellings(cell):
            if email.lower() in self._people:
                return self._people[email.lower()]
        raise Refusal(f"no one has the e-mail {cell[:80]!r}.", field="annotator")


def _all_spellings(cells: Iterable[str]) -> set[str]:
    """Text with a NUL is left out, which no row can have and the database refuses to look for."""
    return {one for cell in cells for one in spellings(cell) if one and "\0" not in one}
