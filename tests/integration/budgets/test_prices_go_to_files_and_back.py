from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditRecord, Role
from accounts.permissions import Forbidden
from budgets.cost_kinds import CostKind
from budgets.models import Price, PriceBook
from budgets.prices import PricesRefused, Scope, export_prices, import_prices, preview_prices, set_price
from budgets.prices.price_lines import PriceFileUnreadable
from tests import factories

pytestmark = pytest.mark.django_db
HEADER = "kind,device,study,annotator,amount,starts_at\n"
SPRING = datetime(2026, 3, 1, tzinfo=UTC)


def bring(book: PriceBook, lines: str, *, header: str = HEADER) -> list[Price]:
    return import_prices(actor=factories.person(Role.ADMIN), book=book, content=(header + lines).encode())


def problems(book: PriceBook, lines: str, *, header: str = HEADER) -> list[str]:
    content = (header + lines).encode()
    return preview_prices(actor=factories.person(Role.ADMIN), book=book, content=content).problems


def test_a_file_brings_prices_of_every_scope() -> None:
    study, ann = factories.study(), factories.person(Role.ANNOTATOR)
    lines = f"label,,{study.name},{ann.email},0.25,2026-03-01T00:00:00+00:00\nplatform_fee,,,,12.5,2026-03-01T00:00Z\n"
    own, fee = bring(study.budget.price_book, lines)
    assert (own.budget, own.annotator, own.amount, own.starts_at) == (study.budget, ann, Decimal("0.25"), SPRING)
    assert (fee.kind, fee.amount) == (CostKind.PLATFORM_FEE, Decimal("12.5"))


def test_a_blank_amount_ends_an_override() -> None:
    study = factories.study()
    (ended,) = bring(study.budget.price_book, f"label,,{study.name},,,2026-03-01T00:00Z\n")
    assert ended.amount is None


def test_a_decimal_comma_is_read_and_one_that_may_group_thousands_is_refused() -> None:
    book = factories.price_book(currency="EUR")
    (price,) = bring(book, 'skip,,,,"0,15",2026-03-01T00:00Z\n')
    assert price.amount == Decimal("0.15")
    (found,) = problems(book, 'review,,,,"1,000",2026-03-01\n')
    assert found.startswith("line 2: amount: '1,000' may have thousands separators.")


def test_the_import_of_an_export_changes_nothing() -> None:
    study, admin = factories.study(name="=1+1 study"), factories.person(Role.ADMIN)
    book, scope = study.budget.price_book, Scope(budget=study.budget)
    set_price(actor=admin, book=book, kind=CostKind.LABEL, amount="0.000001", starts_at=SPRING, scope=scope)
    set_price(actor=admin, book=book, kind=CostKind.LABEL, amount=None, starts_at=datetime.now(UTC), scope=scope)
    text = "".join(export_prices(book=book))
    assert "'=1+1 study" in text
    found = preview_prices(actor=admin, book=book, content=text.encode())
    assert (found.new, found.problems, found.num_unchanged) == ([], [], 4)
    assert import_prices(actor=admin, book=book, content=text.encode()) == []


def test_one_bad_line_keeps_all_out() -> None:
    book = factories.price_book()
    before = Price.objects.count(), AuditRecord.objects.count()
    with pytest.raises(PricesRefused, match="Line 3: kind") as refused:
        bring(book, "label,,,,0.2,2026-03-01\nbribe,,,,1,2026-03-01\n")
    assert len(refused.value.problems) == 1
    assert (Price.objects.count(), AuditRecord.objects.count()) == before


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("label,,,,-1,2026-03-01", "amount: -1 must be zero or more"),
        ("label,,,,NaN,2026-03-01", "amount: 'NaN' is not a finite number"),
        ("label,,,,1e30,2026-03-01", "amount: 1e30 is more than"),
        ("label,,,,0.1234567,2026-03-01", "more than six decimals"),
        ("label,,,,=1+1,2026-03-01", "amount: '=1+1' is not a number"),
        ("label,,,,,2026-03-01", "amount: only a price of one study or annotator can end"),
        ("platform_fee,,,,101,2026-03-01", "more than 100 %"),
        ("bribe,,,,1,2026-03-01", "kind: 'bribe' is not one of label"),
        ("device_hour,,,,1,2026-03-01", "device: name the device"),
        ("device_hour,A very long device name,,,1,2026-03-01", "is not a short name such as cpu"),
        ("label,,Nowhere,,1,2026-03-01", "study: there is no study 'Nowhere'"),
        ("label,,,nobody@example.com,1,2026-03-01", "annotator: no one has the e-mail"),
        ("label,,,,1,tomorrow", "starts_at: 'tomorrow' is not a time"),
        ("label,,,,1,0001-01-01T00:00+05:00", "starts_at: '0001-01-01T00:00+05:00' is not a time"),
        ("label,,,,1,2020-01-01", "starts_at: 0.10 has this start already"),
        ("label,,,,1", "5 cells where the header has 6"),
        ('label,"\0",,,1,2026-03-01', "a cell has half of a character, or a NUL"),
        ("label,,a\0b,,1,2026-03-01", "a cell has half of a character, or a NUL"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(line: str, problem: str) -> None:
    (found,) = problems(factories.price_book(), f"review,,,,1,2026-03-01\n{line}\n")
    assert found.startswith("line 3: ")
    assert problem in found


def test_every_bad_line_is_named() -> None:
    found = problems(factories.price_book(), "label,,,,x,2026-03-01\nskip,,,,0,2026-03-01\nbribe,,,,1,2026-03-01\n")
    assert [one.partition(":")[0] for one in found] == ["line 2", "line 4"]


def test_two_lines_for_the_same_from_the_same_start_overlap() -> None:
    (found,) = problems(factories.price_book(), "skip,,,,1,2026-03-01T02:00+02:00\nskip,,,,2,2026-03-01T00:00Z\n")
    assert found == "line 3: starts_at: line 2 has a price for the same from the same start on."


def test_a_study_of_another_book_is_refused() -> None:
    study = factories.study()
    (found,) = problems(factories.price_book(), f"label,,{study.name},,1,2026-03-01\n")
    assert "is priced by another book" in found


def test_a_start_without_a_time_zone_is_taken_as_utc_and_said() -> None:
    book, admin = factories.price_book(), factories.person(Role.ADMIN)
    content = f"{HEADER}skip,,,,1,2026-03-01 00:00\n".encode()
    found = preview_prices(actor=admin, book=book, content=content)
    assert (found.new[0].starts_at, found.assumed_utc) == (SPRING, [2])
    assert "in line 2." in found.note


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "missing column kind, amount, starts_at"),
        (b"kind;amount\n", "missing column starts_at. The header names the columns kind, device"),
        (b"kind,amount,starts_at,mood\n", "unknown column mood"),
        (b"kind,amount,amount,starts_at\n", "several columns are called “amount”"),
        ("kind,amount,starts_at\nlabel,1,März\n".encode("latin-1"), "not UTF-8"),
        (b"x" * 2_000_000, "split it"),
    ],
)
def test_what_is_no_price_file_is_refused_at_once(content: bytes, problem: str) -> None:
    with pytest.raises(PriceFileUnreadable, match=problem):
        preview_prices(actor=factories.person(Role.ADMIN), book=factories.price_book(), content=content)


@pytest.mark.parametrize(
    "content",
    [
        b"kind;amount;starts_at\nskip;0.05;2026-03-01T00:00Z\n",
        b"sep=;\r\nkind;amount;starts_at\r\nskip;0.05;2026-03-01T00:00Z\r\n",
        b"\xef\xbb\xbfKind , Amount,starts_at,\nskip,0.05,2026-03-01T00:00Z,\n,,,\n",
        b",kind,amount,starts_at\n0,skip,0.05,2026-03-01T00:00Z\n",
        "kind\tamount\tstarts_at\nskip\t0.05\t2026-03-01T00:00Z\n".encode("utf-16"),
        b"kind,amount,starts_at\rskip,0.05,2026-03-01T00:00Z\r",
    ],
)
def test_files_as_spreadsheets_write_them_are_read_and_what_was_guessed_is_said(content: bytes) -> None:
    found = preview_prices(actor=factories.person(Role.ADMIN), book=factories.price_book(), content=content)
    (new,) = found.new
    assert (new.kind, new.amount, new.starts_at, found.problems) == (CostKind.SKIP, Decimal("0.05"), SPRING, [])
    assert "Delimiter: " in found.note


def test_a_broken_quote_names_its_line() -> None:
    (found,) = problems(factories.price_book(), 'skip,,,,1,2026-03-01\nskip,"a"b,,,1,2026-03-01\n')
    assert found.startswith("line 3: a quote stands within a quoted cell")


def test_a_manager_imports_no_prices() -> None:
    with pytest.raises(Forbidden):
        import_prices(actor=factories.person(Role.MANAGER), book=factories.price_book(), content=b"")


def test_the_command_writes_a_book_and_reads_it(tmp_path: Path) -> None:
    admin, book, file = factories.person(Role.ADMIN), factories.price_book(), tmp_path / "prices.csv"
    call_command("prices", "export", book.name, out=file, stdout=StringIO())
    file.write_text(file.read_text() + "skip,,,,0.05,2026-03-01T00:00Z\n")
    said = StringIO()
    call_command("prices", "import", book.name, str(file), email=admin.email, stdout=said)
    assert ": 1; 2 unchanged" in said.getvalue()


def test_the_command_names_bad_lines_and_unknown_books(tmp_path: Path) -> None:
    factories.person(Role.ADMIN)
    book, file = factories.price_book(), tmp_path / "prices.csv"
    file.write_text(f"{HEADER}label,,,,-1,2026-03-01\n")
    with pytest.raises(CommandError, match="line 2: amount"):
        call_command("prices", "import", book.name, str(file))
    with pytest.raises(CommandError, match="no price book 'Nowhere'"):
        call_command("prices", "export", "Nowhere")
