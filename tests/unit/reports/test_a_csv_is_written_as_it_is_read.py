from collections.abc import Iterator

import pytest

from accounts.models import AuditRecord
from reports.audit import COLUMNS, audit_csv
from tables.csv_lines import csv_lines, safe_cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_that_a_spreadsheet_would_run_gets_a_quote(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_plain_text_and_numbers_stay_as_they_are() -> None:
    assert [safe_cell(cell) for cell in ("plain", -1, None)] == ["plain", -1, None]


def test_no_row_is_asked_for_before_its_line_is() -> None:
    asked: list[int] = []

    def rows() -> Iterator[list[object]]:
        for number in range(1_000_000):
            asked.append(number)
            yield [number]

    lines = csv_lines(header=["number"], rows=rows())
    assert [next(lines), next(lines), next(lines)] == ["number\r\n", "0\r\n", "1\r\n"]
    assert asked == [0, 1]


def test_a_subject_that_is_a_formula_is_quoted_in_the_audit_csv() -> None:
    made = AuditRecord(action="study.create", subject='=HYPERLINK("x")', before={}, after={"name": "=1"})
    header, line = audit_csv([made])
    assert header.strip().split(",") == list(COLUMNS)
    assert "'=HYPERLINK" in line and '"{""name"": ""=1""}"' in line
