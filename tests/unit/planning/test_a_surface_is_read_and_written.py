import pytest

from planning.surfaces import (
    TEACHER,
    BadSurface,
    Cell,
    Surface,
    measured_surfaces,
    published_surfaces,
    read_surfaces,
    write_surfaces,
)
from tests.unit.planning.grounds import point, tiny

HEADER = "task,L_labels,U_unlabeled,total_usd,score\n"


def test_what_is_written_is_read() -> None:
    surface = Surface(name="a", points=(point(10, 0, 1.5, 50.0, 2.0), point(10, TEACHER, 2.5, 60.25)))
    read, other = read_surfaces(text=write_surfaces(surfaces=[surface, tiny()], source="study"))
    assert other == tiny()
    assert read.points[0].sd == pytest.approx(2.0)
    assert (read.points[1], read.points[0].cell) == (surface.points[1], Cell(10))


def test_surfaces_of_our_own_engine_are_shipped() -> None:
    own = {surface.name: {point.cell.labels for point in surface.points} for surface in measured_surfaces()}
    assert list(own) == ["topics, draw 1", "fever, draw 1", "multipit_id, draw 1"]
    assert all({0, 75, 300} <= labels for labels in own.values())


def test_the_published_tasks_are_shipped() -> None:
    assert {surface.name: len(surface.points) for surface in published_surfaces()} == dict.fromkeys(
        ("WLP", "FEVER", "MultiPIT_id", "NQ"), 15
    )


def test_repeated_cells_are_merged() -> None:
    (surface,) = read_surfaces(text=HEADER + "a,10,0,1,50\na,10,0,1,54\n")
    (merged,) = surface.points
    assert (merged.cell, merged.score, merged.sd) == (Cell(10), 52.0, pytest.approx(2.0))


def test_two_equal_points_are_one_of_unknown_error() -> None:
    (surface,) = read_surfaces(text=HEADER + "a,10,0,1,50\na,10,0,1,50\n")
    assert [(each.score, each.sd) for each in surface.points] == [(50.0, None)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "column task is missing"),
        ("task,L_labels\n", "column U_unlabeled is missing"),
        (HEADER, "it has no point"),
        (HEADER + "a,10,0,1,fifty\n", "line 2, score: 'fifty' is not a number"),
        (HEADER + "a,10,0,1\n", "line 2, score: '' is not a number"),
        (HEADER + "a,10,0,-1,50\n", "line 2, total_usd: -1 is not a number of 0 or more"),
        (HEADER + "a,10,0,1,101\n", "line 2, score: 101 is above 100"),
        (HEADER + "a,nan,0,1,50\n", "line 2, L_labels: nan is not a number of 0 or more"),
        (HEADER + "a,1.5,0,1,50\n", "line 2, L_labels: 1.5 is not a whole number"),
        (HEADER + ",10,0,1,50\n", "line 2: task is empty"),
        # A decimal comma, which moves what follows into the next column;
        (HEADER + "a,10,0,26,5,50\n", "line 2: 6 cells where the header has 5. Write decimals with a point"),
        (HEADER + "a,10,0.4,1,50\n", "line 2, U_unlabeled: 0.4 is not a whole number"),
        (HEADER + "a,10,0,1e308,50\n", "line 2, total_usd: 1e308 is above 1,000,000,000,000"),
        (HEADER + "a,10,0,1,0.5\na,20,0,2,0.71\n", "task “a”, score: none is above 1.*write 0.71 as 71"),
        # The limit on a field is the process's, and may be larger.
        (HEADER + '"a,10,0,1,50\n' + "b,10,0,1,50\n" * 20_000, "line .*quote that is not closed"),
        (HEADER.strip() + ",low,high\na,10,0,1,50,60,40\n", "line 2, high: 40 is below low, 60"),
        (HEADER.strip() + ",low,high\na,10,0,1,50,,60\n", "line 2: only high is given"),
    ],
)
def test_a_bad_file_is_told_by_line_and_column(text: str, complaint: str) -> None:
    with pytest.raises(BadSurface, match=complaint):
        read_surfaces(text=text)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "a,10,0,1,50\n,,,,\n\n",
        HEADER + "a,10,0,1,50,,\n",
        "\ufeff" + HEADER.replace("\n", "\r\n") + "a,10,0,1,50\r\n",
        "source,score,total_usd,U_unlabeled,L_labels,task\nx,50,1,0,10,a\n",
    ],
)
def test_what_a_spreadsheet_adds_is_no_point(text: str) -> None:
    assert read_surfaces(text=text) == [Surface(name="a", points=(point(10, 0, 1.0, 50.0),))]


@pytest.mark.parametrize("scores", [(0.0, 0.0), (0.5, 1.5)])
def test_a_task_on_which_little_is_learned_is_read(scores: tuple[float, float]) -> None:
    points = tuple(point(labels, 0, 1.0, score) for labels, score in zip((10, 20), scores, strict=True))
    surface = Surface(name="hard", points=points)
    assert read_surfaces(text=write_surfaces(surfaces=[surface], source="study")) == [surface]


def test_a_teacher_is_written_inf_in_any_case() -> None:
    (surface,) = read_surfaces(text=HEADER + "a,10,Inf,1,50\n")
    assert surface.points[0].cell == Cell(10, TEACHER)
