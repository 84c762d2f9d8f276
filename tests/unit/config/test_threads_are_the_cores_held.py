import os
from pathlib import Path

import pytest

from config.cores import cores_held


@pytest.mark.parametrize(("quota", "cores"), [("150000 100000", 1), ("50000 100000", 1), ("300000 100000", 3)])
def test_a_containers_quota_bounds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    (tmp_path / "cpu.max").write_text(quota)
    assert cores_held(tmp_path / "cpu.max") == cores


@pytest.mark.parametrize("quota", ["max 100000", ""])
def test_without_a_quota_they_are_what_the_process_is_bound_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    (tmp_path / "cpu.max").write_text(quota)
    assert cores_held(tmp_path / "cpu.max") == 8
    assert cores_held(tmp_path / "none") == 8
