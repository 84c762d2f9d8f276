from pathlib import Path

from training.contract import CURVE_FILE
from training.reporting import read_curves
from training.reporting.curve import MOST_POINTS, Curve


def curve_of(folder: Path, num_steps: int, *, trial: str = "") -> Curve:
    curve = Curve(folder)
    curve.begin(trial, step=0)
    for step in range(1, num_steps + 1):
        curve.add_loss(step, float(step))
    curve.write()
    return curve


def test_a_short_training_keeps_every_step(tmp_path: Path) -> None:
    curve_of(tmp_path, 3)
    assert read_curves(tmp_path)[""].losses == [(1, 1.0), (2, 2.0), (3, 3.0)]


def test_a_long_training_keeps_means_over_even_strides(tmp_path: Path) -> None:
    curve_of(tmp_path, 10_000)
    found = read_curves(tmp_path)[""]
    assert MOST_POINTS / 2 < len(found.losses) <= MOST_POINTS
    assert {later[0] - earlier[0] for earlier, later in zip(found.losses[1:-2], found.losses[2:-1], strict=True)} == {
        found.stride
    }
    assert found.losses[0] == (16, 8.5)


def test_many_trainings_share_the_room(tmp_path: Path) -> None:
    for number in range(12):
        curve_of(tmp_path, 500, trial=f"trial {number}")
    found = read_curves(tmp_path)
    assert len(found) == 12 and all(one.losses for one in found.values())
    assert sum(len(one.losses) for one in found.values()) <= MOST_POINTS
    assert (tmp_path / CURVE_FILE).stat().st_size < 50_000


def test_what_comes_again_after_a_resume_stands_once(tmp_path: Path) -> None:
    curve_of(tmp_path, 6).add_score(6, 0.5)
    again = Curve(tmp_path)
    again.begin("", step=4)
    again.add_loss(5, 5.5)
    again.write()
    assert read_curves(tmp_path)[""].losses == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), (5, 5.5)]


def test_a_file_that_is_no_curve_is_none(tmp_path: Path) -> None:
    (tmp_path / CURVE_FILE).write_text('{"trials": {"": [1]}}')
    assert read_curves(tmp_path) == {}
