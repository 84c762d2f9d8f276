from pathlib import Path

from embedded.data_folder import Paths


def test_folders_of_an_earlier_version_are_closed_to_others(tmp_path: Path) -> None:
    data = tmp_path / "var"
    (data / "logs").mkdir(parents=True)
    log = data / "logs" / "web.log"
    log.touch()
    for path in (data, data / "logs", log):
        path.chmod(0o777)
    Paths(root=tmp_path, data=data).make()
    # As root, PostgreSQL's own user may pass; nobody may look.
    assert [path.stat().st_mode & 0o066 for path in (data, data / "logs", log)] == [0, 0, 0]
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_link_to_somewhere_else_is_left_alone(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "var", tmp_path / "models"
    data.mkdir()
    elsewhere.mkdir(mode=0o755)
    (data / "models").symlink_to(elsewhere)
    Paths(root=tmp_path, data=data).make()
    assert elsewhere.stat().st_mode & 0o777 == 0o755
