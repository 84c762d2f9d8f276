import pytest

from bench.parts.paths_tables import dollars_to_reach, figures

LINE = [{"dollars": 10.0, "score": 50.0}, {"dollars": 40.0, "score": 60.0}]


@pytest.mark.parametrize(("wanted", "dollars"), [(40.0, 10.0), (50.0, 10.0), (55.0, 20.0), (60.0, 40.0), (61.0, None)])
def test_dollars_are_read_off_between_two_points(wanted: float, dollars: float | None) -> None:
    assert dollars_to_reach(LINE, wanted) == (dollars if dollars is None else pytest.approx(dollars))


def test_a_file_is_won_by_two_points_or_by_a_third_of_the_dollars() -> None:
    def row(file: str, recipe: str, dollars: float, score: float) -> dict[str, object]:
        return {
            "file": file,
            "path": "annotate",
            "recipe": recipe,
            "budget": dollars,
            "dollars": dollars,
            "score": score,
        }

    rows = [row("won", "ours", 10.0, 62.0), row("won", "study", 10.0, 60.0)]
    rows += [row("lost", "ours", 10.0, 61.0), row("lost", "study", 10.0, 60.0)]
    rows += [row("cheap", "ours", 10.0, 61.0), row("cheap", "study", 10.0, 60.5), row("cheap", "study", 40.0, 61.0)]
    rows += [row("cheap", "ours", 40.0, 61.0)]
    found = figures(rows)
    assert (found["won_gain"], found["lost_dollars_share"], found["cheap_dollars_share"]) == (2.0, 1.0, 0.25)
    assert found["num_files_won"] == 2
