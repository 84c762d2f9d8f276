"""The shares of measurements inside bands are counted by how far beyond the points they lie, and drawn twice."""

from pathlib import Path

from bench.parts.replay.coverage import BandCheck, coverage
from bench.parts.replay.plot import plot

CHECKS = [
    BandCheck(task=task, region=region, level=level, times=times, is_inside=task != 0 or level == 0.9)
    for task in range(4)
    for region, times in (("inside", 1.0), ("beyond", 1.8))
    for level in (0.8, 0.9)
]


def test_shares_are_counted_by_region_and_level() -> None:
    assert coverage(CHECKS) == {
        "coverage_inside_80": 0.75,
        "coverage_inside_90": 1.0,
        "coverage_beyond_80": 0.75,
        "coverage_beyond_90": 1.0,
    }


def test_a_drawing_of_each_theme_says_the_shares(tmp_path: Path) -> None:
    light, dark = (path.read_text() for path in plot(CHECKS, tmp_path / "bands.svg"))
    assert "#ffffff" in light and "#14181d" in dark
    assert "to 2 times; Share inside: 75%; bands: 80 % bands" in light
