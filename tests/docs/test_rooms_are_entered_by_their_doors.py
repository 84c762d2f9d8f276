"""A package that names what others may use, by `__all__`, is imported by that name alone; no folder is too full."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOTS = (ROOT / "platform", ROOT)
SOURCES = (ROOT / "platform", ROOT / "labeling", ROOT / "training", ROOT / "tables")
MOST_FILES = 14


def modules() -> Iterator[tuple[str, Path]]:
    for source in SOURCES:
        base = source if source.name == "platform" else ROOT
        for path in sorted(source.rglob("*.py")):
            parts = path.relative_to(base).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported_modules(path: Path, known: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from inner & known or {node.module}


def test_rooms_are_entered_by_their_doors() -> None:
    files = dict(modules())
    rooms = {name for name, path in files.items() if "." in name and "__all__ = " in path.read_text()}
    assert len(rooms) > 20
    past_the_door = [
        f"{name} imports {used}"
        for name, path in files.items()
        if "migrations" not in name
        for used in imported_modules(path, set(files))
        for room in rooms
        if used.startswith(f"{room}.") and not f"{name}.".startswith(f"{room}.")
    ]
    assert past_the_door == []


def test_no_folder_is_too_full() -> None:
    folders = {path.parent for _, path in modules()}
    full = {str(folder.relative_to(ROOT)): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: count for name, count in full.items() if count > MOST_FILES} == {}
