import csv
from decimal import Decimal
from io import StringIO

import pytest

from reports.exports import report_csv
from reports.queries import Report, UnusedCosts
from studies.models import Study
from tests.unit.reports.points import bill, point


def rows(name: str) -> list[dict[str, str]]:
    worse = point(bill=bill("10", "2.5"), utility_per_dollar=-0.01)
    nothing = UnusedCosts(groups=())
    report = Report(study=Study(name=name), points=(worse,), used=Decimal(0), unused=nothing, spent=Decimal(0))
    return list(csv.DictReader(StringIO(report_csv(report))))


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_that_a_spreadsheet_would_run_is_quoted(name: str) -> None:
    assert rows(name)[0]["study"] == f"'{name}"


def test_plain_text_and_negative_numbers_stay_as_they_are() -> None:
    (row,) = rows("Plain, “quoted”")
    assert (row["study"], row["utility_per_currency_unit"]) == ("Plain, “quoted”", "-0.01")


def test_each_part_of_the_cost_has_a_column_and_they_add_up() -> None:
    (row,) = rows("Plain")
    parts = ["labels", "teacher_training", "teacher_scoring", "student_training"]
    assert [row[f"cost_{part}"] for part in parts] == ["10.000000", "2.500000", "0.000000", "0.000000"]
    assert Decimal(row["cost_total"]) == Decimal("12.5")
