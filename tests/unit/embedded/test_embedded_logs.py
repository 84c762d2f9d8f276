from pathlib import Path

import pytest

from embedded.data_folder import Paths, WrongLogSize, max_log_bytes, open_log, rotate_logs
from embedded.services.definitions import _has_logged


def test_a_log_that_is_too_large_is_cut_and_its_service_goes_on_at_the_start(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with open_log(log) as service:
        service.write(b"early\n" * 10)
        service.flush()
        rotate_logs(folder=tmp_path, max_bytes=20)
        service.write(b"late\n")
    assert log.read_bytes() == b"late\n"
    assert (tmp_path / "web.log.1").read_bytes() == b"early\n" * 10


def test_only_so_many_earlier_ones_are_kept(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / "web.log").write_text(str(number) * 30)
        rotate_logs(folder=tmp_path, max_bytes=20)
    kept = {path.name: path.read_text()[0] for path in tmp_path.glob("*.log.*")}
    assert kept == {"web.log.1": "5", "web.log.2": "4", "web.log.3": "3"}


def test_a_small_one_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_text("short")
    rotate_logs(folder=tmp_path, max_bytes=20)
    assert [path.name for path in tmp_path.iterdir()] == ["web.log"]


def test_a_log_is_for_its_owner_only(tmp_path: Path) -> None:
    open_log(tmp_path / "web.log").close()
    assert (tmp_path / "web.log").stat().st_mode & 0o777 == 0o600


def test_a_size_that_is_none_is_named() -> None:
    with pytest.raises(WrongLogSize, match="FULCRUM_LOG_MB='ten'"):
        max_log_bytes(source={"FULCRUM_LOG_MB": "ten"})


def test_a_service_whose_log_was_cut_is_still_seen_to_be_ready(tmp_path: Path) -> None:
    paths = Paths(root=tmp_path, data=tmp_path / "var").make()
    paths.log("beat").write_text("of an earlier start: ready\n" * 10)
    is_ready = _has_logged(paths, "beat", "ready", 1)
    assert not is_ready()
    rotate_logs(folder=paths.logs, max_bytes=20)
    assert not is_ready()
    paths.log("beat").write_text("ready")
    assert is_ready()
