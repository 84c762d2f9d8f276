from pathlib import Path

import pytest

from bench.parts.surface_file import OtherSource, read_points, write_points
from planning.surfaces import read_surfaces
from tests.unit.planning.grounds import point, tiny

SOURCE = "measured: small, teacher by auto"
FOUND = {"a": {one.cell: one for one in tiny().points}}


def test_a_call_goes_on_with_its_own_file(tmp_path: Path) -> None:
    file = tmp_path / "surface.csv"
    assert read_points(file, source=SOURCE) == {}
    write_points(file, {**FOUND, "not measured yet": {}}, source=SOURCE)
    assert read_points(file, source=SOURCE) == FOUND
    assert read_surfaces(text=file.read_text()) == [tiny("a")]


@pytest.mark.parametrize("other", ["measured: small, teacher by frozen", "measured", ""])
def test_a_file_of_another_checkpoint_or_recipe_is_refused(tmp_path: Path, other: str) -> None:
    file = tmp_path / "surface.csv"
    write_points(file, FOUND, source=other)
    with pytest.raises(OtherSource, match=f"its source says {other or 'nothing'}, and this call measures “{SOURCE}”"):
        read_points(file, source=SOURCE)


def test_one_point_of_another_source_is_enough(tmp_path: Path) -> None:
    file = tmp_path / "surface.csv"
    write_points(file, FOUND, source=SOURCE)
    write_points(tmp_path / "other.csv", {"a": {point(9, 0, 1, 5).cell: point(9, 0, 1, 5)}}, source="by hand")
    file.write_text(file.read_text() + (tmp_path / "other.csv").read_text().splitlines()[1] + "\n")
    with pytest.raises(OtherSource, match="by hand"):
        read_points(file, source=SOURCE)
