import pytest

from bench.parts.replay import own
from planning.surfaces import Surface
from tests.unit.planning.grounds import point, tiny


def test_a_recorded_surface_that_cannot_be_played_harms_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    free = Surface(name="free", points=(point(10, 0, 0.0, 50.0), point(20, 0, 0.0, 60.0)))
    monkeypatch.setattr(own, "measured_surfaces", lambda: [free, tiny()])
    results, left_out = own.own_results()
    assert [one.replayed.task for one in results] == ["tiny"]
    assert [why.partition(":")[0] for why in left_out] == ["free"]
