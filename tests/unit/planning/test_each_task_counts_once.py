"""Of surfaces that record the same task, one is kept."""

from dataclasses import replace

from planning.surfaces import Surface, distinct_surfaces
from tests.unit.planning.grounds import point, tiny

OTHER = Surface(name="other", points=(point(10, 0, 10.0, 70.0), point(20, 0, 20.0, 90.0)))


def test_a_task_is_known_by_its_name_or_its_scores() -> None:
    renamed = replace(tiny(), name="renamed")
    assert distinct_surfaces([tiny("one"), renamed, OTHER, replace(OTHER, name="ONE")]) == [tiny("one"), OTHER]


def test_a_task_beside_which_it_is_asked_is_left_out() -> None:
    assert distinct_surfaces([tiny("one"), OTHER], besides=[tiny("two")]) == [OTHER]
