import csv
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from budgets.models import Origin
from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    study = factories.study(name="Is it sport?")
    ground.buy_labels(study, 4, origin=Origin.REPLAY)
    ground.annotated(study, num_labels=2, utility=0.6)
    ground.annotated(study, num_labels=4, utility=0.7)
    ground.distilled(study, teacher=ground.teacher(study, num_labels=2), utility=0.75)
    return study


def report(study: Study | str, folder: Path) -> str:
    out = StringIO()
    call_command("report", str(study), out=folder, stdout=out)
    return out.getvalue()


def test_the_table_shows_both_paths_their_dollars_and_what_is_unused(study: Study, tmp_path: Path) -> None:
    text = report(study, tmp_path)
    assert "Annotate" in text
    assert "Distil" in text
    assert "75.0 %*   [70.0, 80.0]" in text
    assert "Spent $0.46: $0.46 in bills (each entry once), $0.00 not used by any student." in text
    assert "Replay: labels were replayed" in text


def test_the_files_are_written_whole_and_named(study: Study, tmp_path: Path) -> None:
    text = report(study, tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["report.csv", "report.png", "report.svg"]
    assert str(tmp_path / "new" / "report.svg") in text
    assert (tmp_path / "new" / "report.png").read_bytes().startswith(b"\x89PNG")


def test_the_csv_holds_full_precision(study: Study, tmp_path: Path) -> None:
    report(study, tmp_path)
    rows = list(csv.DictReader((tmp_path / "report.csv").read_text().splitlines()))
    assert [row["path"] for row in rows] == ["annotate", "annotate", "distil"]
    assert (rows[-1]["cost_teacher_scoring"], rows[-1]["cost_total"]) == ("0.005000", "0.235000")


def test_a_study_is_found_by_id_too(study: Study, tmp_path: Path) -> None:
    assert "Study: Is it sport?" in report(str(study.pk), tmp_path)


def test_a_study_without_students_says_what_to_do_next(tmp_path: Path) -> None:
    text = report(factories.study(), tmp_path)
    assert "Start a run first" in text
    assert [path.name for path in tmp_path.iterdir()] == ["report.csv"]


def test_an_unknown_study_lists_those_there_are(study: Study, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=f"no study 'other'. Studies: {study.pk}: Is it sport"):
        report("other", tmp_path)


def test_a_folder_that_cannot_be_written_is_a_clear_error(study: Study, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="Name a folder that can be written"):
        report(study, tmp_path / "file" / "below")
