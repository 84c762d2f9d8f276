import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[2]
# Packages whose sub-packages are rooms: each __init__ names what others may use.
WITH_ROOMS = ("embedded", "labeling.server")


def test_everyone_outside_a_room_imports_from_its_init_only() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    graph = grimp.build_graph(*packages)
    rooms = [room for package in WITH_ROOMS for room in graph.find_children(package) if graph.find_children(room)]
    deep_imports = [
        (importer, module)
        for room in rooms
        for module in graph.find_descendants(room)
        for importer in graph.find_modules_that_directly_import(module)
        if not f"{importer}.".startswith(f"{room}.")
    ]
    assert rooms
    assert deep_imports == []
