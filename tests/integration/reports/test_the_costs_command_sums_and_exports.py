from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    study = factories.study(name="Sport")
    ground.buy_labels(study, 2)
    ground.annotated(study, num_labels=2)
    return study


def costs(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("costs", *arguments, stdout=out, **options)
    return out.getvalue()


def test_the_table_sums_by_study_and_says_all(study: Study) -> None:
    lines = costs().splitlines()
    assert lines[1].split() == ["Sport", "USD", "0.210000", "3"]
    assert lines[-1].split() == ["In", "all", "USD", "0.210000", "3"]


def test_the_table_sums_by_what_is_asked(study: Study) -> None:
    assert "Accepted label" in costs("--group-by", "kind")
    assert "In all   USD       0.200000" in costs("--group-by", "month", "--kind", "label")


def test_filters_leave_what_they_name(study: Study) -> None:
    email = study.created_by.email.upper()
    assert "0.200000" in costs("--annotator", email, "--from", "2026-01", "--to", "2026-01")
    assert "0.010000" in costs("--run", str(study.runs.get().pk), "--study", "Sport")
    assert "0.210000" not in costs("--from", "2026-02")


def test_entries_go_to_the_terminal_as_csv(study: Study) -> None:
    assert len(costs("--format", "csv").splitlines()) == 4


def test_a_report_goes_to_a_file_as_csv(study: Study, tmp_path: Path) -> None:
    costs("--format", "csv", "--group-by", "path", "--out", str(tmp_path / "costs.csv"))
    assert (tmp_path / "costs.csv").read_text().startswith("path,key,currency,amount")


def test_entries_go_to_a_file_as_parquet(study: Study, tmp_path: Path) -> None:
    assert "Written:" in costs("--format", "parquet", "--out", str(tmp_path / "costs.parquet"))
    assert pq.read_table(tmp_path / "costs.parquet").num_rows == 3
    assert [path.name for path in tmp_path.iterdir()] == ["costs.parquet"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--format", "xlsx"], "a terminal cannot show xlsx"),
        (["--format", "focus", "--group-by", "kind"], "sums nothing"),
        (["--study", "Nothing"], "Nothing"),
        (["--annotator", "nobody@example.com"], "no one here has the e-mail"),
        (["--run", "999999"], r"there is no run 999999\. The latest are: \d+"),
        (["--run", "999999", "--study", "Sport"], "there is no run 999999 in this study"),
        (["--from", "2026-02", "--to", "2026-01"], "2026-01 is before 2026-02"),
        (["--from", "soon"], "is not a month such as 2026-01"),
        (["--format", "csv", "--out", "/nowhere/costs.csv"], "Name a file that can be written"),
    ],
)
def test_what_cannot_be_done_is_a_clear_error(study: Study, arguments: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        costs(*arguments)
