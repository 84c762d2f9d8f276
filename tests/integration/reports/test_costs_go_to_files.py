import csv
from decimal import Decimal
from io import BytesIO, StringIO
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.ledger import reverse
from reports.costs import FORMATS, CostFilter, Grouping, export_entries, grouped_csv
from reports.costs.exports import COLUMNS, parquet_pieces, xlsx_pieces
from reports.costs.rows import entry_rows
from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    study = factories.study(name="=HYPERLINK(1)")
    ground.buy_labels(study, 3)
    ground.annotated(study, num_labels=2)
    reverse(
        actor=factories.person(Role.ADMIN),
        entry=study.budget.entries.filter(kind=CostKind.LABEL).earliest("pk"),
        reason="-2+3 was wrong",
    )
    study.budget.refresh_from_db()
    return study


def exported(name: str) -> bytes:
    return b"".join(export_entries(wanted=CostFilter(), file_format=FORMATS[name]))


def lines(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(exported(name).decode())))


def sheets(content: bytes) -> list[str]:
    with ZipFile(BytesIO(content)) as book:
        names = sorted(name for name in book.namelist() if name.startswith("xl/worksheets/"))
        return [book.read(name).decode() for name in names]


@pytest.mark.parametrize(("name", "column"), [("csv", "amount"), ("focus", "BilledCost")])
def test_a_csv_adds_up_to_what_was_spent(study: Study, name: str, column: str) -> None:
    rows = lines(name)
    assert len(rows) == study.budget.entries.count()
    assert sum(Decimal(row[column]) for row in rows) == study.budget.spent


def test_formulas_are_quoted_in_csv(study: Study) -> None:
    rows = lines("csv")
    assert {row["study"] for row in rows} == {"'=HYPERLINK(1)"}
    assert "'-2+3 was wrong" in {row["memo"] for row in rows}
    assert rows[-1]["amount"] == "-0.100000"


def test_text_that_looks_like_a_formula_is_text_in_a_workbook(study: Study) -> None:
    (sheet,) = sheets(exported("xlsx"))
    assert "<f>" not in sheet
    assert "=HYPERLINK(1)" in sheet


def test_a_workbook_has_as_many_sheets_as_its_rows_need(study: Study) -> None:
    content = b"".join(xlsx_pieces(entry_rows(wanted=CostFilter()), rows_per_sheet=2))
    assert [sheet.count("<row ") for sheet in sheets(content)] == [3, 3, 2]


def test_a_workbook_of_nothing_has_its_header() -> None:
    (sheet,) = sheets(exported("xlsx"))
    assert sheet.count("<row ") == 1


def test_parquet_keeps_decimals_and_times(study: Study) -> None:
    table = pq.read_table(BytesIO(exported("parquet")))
    assert tuple(table.column_names) == COLUMNS
    assert sum(table["amount"].to_pylist()) == study.budget.spent
    assert table["occurred_at"][0].as_py() == ground.NOW


def test_parquet_comes_in_row_groups(study: Study) -> None:
    pieces = list(parquet_pieces(entry_rows(wanted=CostFilter()), rows_per_group=2))
    file = pq.ParquetFile(BytesIO(b"".join(pieces)))
    assert (len(pieces), file.num_row_groups) == (4, 3)


def test_a_report_goes_to_csv_with_its_names(study: Study) -> None:
    text = "".join(grouped_csv(wanted=CostFilter(), by=Grouping.KIND))
    rows = {row["kind"]: row for row in csv.DictReader(StringIO(text))}
    assert (rows["Accepted label"]["amount"], rows["Accepted label"]["quantity"]) == ("0.200000", "2.000000")
