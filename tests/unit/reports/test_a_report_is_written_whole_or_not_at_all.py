from decimal import Decimal
from pathlib import Path

import pytest

from reports import exports
from reports.points import Point
from reports.queries import Report, UnusedCosts
from studies.models import Study
from tests.unit.reports.points import point


def report(*points: Point) -> Report:
    return Report(
        study=Study(name="Sport"),
        points=points,
        used=Decimal(0),
        unused=UnusedCosts(groups=()),
        spent=Decimal(0),
    )


def test_a_second_report_takes_the_place_of_the_first(tmp_path: Path) -> None:
    for _ in range(2):
        written = exports.write_report(report=report(point()), folder=tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(written)


def test_a_failure_in_the_middle_leaves_the_old_files_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.csv").write_text("old")

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("tables.whole_files.os.chmod", full)
    with pytest.raises(OSError, match="disk full"):
        exports.write_report(report=report(point()), folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.csv"]
    assert (tmp_path / "report.csv").read_text() == "old"
