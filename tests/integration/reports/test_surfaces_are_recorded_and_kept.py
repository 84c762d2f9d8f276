"""A study's students as a recorded surface; surfaces from elsewhere; and all that are known."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditRecord, Role
from accounts.permissions import Forbidden
from budgets.models import Path as SpendingPath
from planning.posterior import prior_from
from planning.surfaces import TEACHER, published_surfaces, read_surfaces, write_surfaces
from reports.models import ImportedSurface
from reports.surfaces import FEWEST_CELLS, SurfaceFileRefused, import_surfaces, known_surfaces, surface_csv
from runs.models import RunKind, RunState
from studies.models import Study
from tests import factories
from tests.integration.reports import ground
from tests.unit.planning.grounds import tiny

pytestmark = pytest.mark.django_db
HEADER = "task,L_labels,U_unlabeled,total_usd,score\n"


@pytest.fixture
def study() -> Study:
    """Students at three cells, and a teacher that was evaluated."""
    study = factories.study(name="Very secret", labels=("hidden", "good"))
    ground.buy_labels(study, 4)
    ground.annotated(study, num_labels=2, utility=0.6)
    ground.annotated(study, num_labels=4, utility=0.7)
    teacher = ground.teacher(study, num_labels=2)
    ground.evaluate(teacher, 0.8)
    ground.distilled(study, teacher=teacher, utility=0.75)
    return study


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "surfaces.csv"
    path.write_text(write_surfaces(surfaces=[tiny("one")], source="by hand"))
    return path


def surfaces(*arguments: str | Path, **options: object) -> str:
    out = StringIO()
    call_command("surfaces", *arguments, stdout=out, **options)
    return out.getvalue()


def known_names(exclude: Study | None = None) -> list[str]:
    return [surface.name for surface in known_surfaces(exclude_study=exclude)[len(published_surfaces()) :]]


def test_a_study_is_written_as_replay_reads_it_without_its_names(study: Study) -> None:
    text = surface_csv(study)
    (surface,) = read_surfaces(text=text)
    found = {(point.cell.labels, point.cell.pseudo_labels): (point.dollars, point.score) for point in surface.points}
    assert found == {(2, 0): (0.21, 60.0), (2, 50): (0.235, 75.0), (2, TEACHER): (0.22, 80.0), (4, 0): (0.41, 70.0)}
    assert surface.points[0].sd == pytest.approx(10 / 3.92, rel=1e-3)
    assert "secret" not in text and "hidden" not in text and study.created_by.name not in text
    assert "a study in Fulcrum: Accuracy, amounts in USD" in text
    assert surface_csv(study) == text


def test_the_export_is_played_by_replay(study: Study, tmp_path: Path) -> None:
    out = StringIO()
    file = tmp_path / "out.csv"
    assert "4 points" in surfaces("export", str(study), "--out", file)
    call_command("replay", file, policy=["half_half"], stdout=out)
    assert "Text classification" in out.getvalue()


def test_without_students_there_is_nothing_to_export() -> None:
    with pytest.raises(CommandError, match="Start a run first"):
        surfaces("export", str(factories.study()))


def test_a_student_of_no_label_is_a_cell_too(study: Study) -> None:
    made = ground.run(study, RunKind.FINETUNE_STUDENT, path=SpendingPath.ANNOTATE)
    ground.evaluate(made, 0.4)
    (surface,) = read_surfaces(text=surface_csv(study))
    assert surface.points[0].cell.labels == 0
    assert prior_from([surface]).parts


def test_the_same_file_twice_is_one_surface(file: Path) -> None:
    admin = factories.person(Role.ADMIN)
    assert "one: 6 points" in surfaces("import", file)
    file.write_text(file.read_text().replace("one,", "another,"))
    outcome = import_surfaces(actor=admin, file=file)
    assert (list(outcome.new), outcome.num_known) == ([], 1)
    assert ImportedSurface.objects.count() == 1
    assert AuditRecord.objects.filter(action="surface.import").count() == 1


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("b,10,0,1,fifty\n", "line 3, score: 'fifty' is not a number"),
        (f"{'b' * 201},10,0,1,50\n", "over 200 characters"),
        ("".join(f"b,{number},0,1,50\n" for number in range(1_001)), r"1,001 points; the maximum is 1,000"),
    ],
)
def test_a_task_that_cannot_be_kept_harms_no_other(file: Path, rows: str, complaint: str) -> None:
    factories.person(Role.ADMIN)
    file.write_text(f"{HEADER}a,10,0,1,50\n{rows}")
    with pytest.raises(CommandError, match=complaint) as ended:
        surfaces("import", file)
    assert ended.value.returncode == 1
    assert known_names() == ["a"]
    file.write_text(f"{HEADER}{rows}")
    with pytest.raises(SurfaceFileRefused):
        import_surfaces(actor=factories.person(Role.ADMIN), file=file)
    assert ImportedSurface.objects.count() == 1


def test_a_surface_that_cannot_be_read_any_more_is_named_and_harms_no_other(file: Path) -> None:
    import_surfaces(actor=factories.person(Role.ADMIN), file=file)
    admin = factories.person(Role.ADMIN)
    ImportedSurface.objects.create(
        name="older", content="task,labels\na,10\n", content_hash="0", num_points=1, imported_by=admin
    )
    assert known_names() == ["one"]
    assert "unreadable  older: older: the column L_labels is missing" in surfaces("list")


def test_annotators_import_nothing(file: Path) -> None:
    with pytest.raises(Forbidden, match="may not import recorded surfaces"):
        import_surfaces(actor=factories.person(Role.ANNOTATOR), file=file)


def test_shipped_imported_and_own_surfaces_are_known(study: Study, file: Path) -> None:
    import_surfaces(actor=study.created_by, file=file)
    assert known_names() == ["one"], "three students are too few"
    assert FEWEST_CELLS == 4
    ground.distilled(study, teacher=study.runs.get(kind=RunKind.FINETUNE_TEACHER), num_pseudo_labels=80)
    assert [name.rsplit(" ", 1)[0] for name in known_names()] == ["one", "Text classification"]
    assert [line.split()[0] for line in surfaces("list").splitlines()] == ["shipped"] * 4 + ["imported", "own"]


def test_a_study_with_a_run_under_way_is_not_finished(study: Study) -> None:
    ground.distilled(study, teacher=study.runs.get(kind=RunKind.FINETUNE_TEACHER), num_pseudo_labels=80)
    assert len(known_names()) == 1
    ground.run(study, RunKind.FINETUNE_STUDENT, path=SpendingPath.ANNOTATE, state=RunState.PAUSED)
    assert known_names() == []


def test_what_a_study_recorded_is_left_out_for_itself(study: Study, tmp_path: Path) -> None:
    ground.distilled(study, teacher=study.runs.get(kind=RunKind.FINETUNE_TEACHER), num_pseudo_labels=80)
    file = tmp_path / "own.csv"
    file.write_text(surface_csv(study))
    import_surfaces(actor=study.created_by, file=file)
    assert len(known_names()) == 1, "an export that was imported is the same task"
    assert known_names(exclude=study) == []
    assert len(known_names(exclude=factories.study())) == 1
