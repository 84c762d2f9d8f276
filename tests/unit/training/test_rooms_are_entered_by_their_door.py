import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROOMS = {path.parent.name for path in (ROOT / "training").glob("*/__init__.py")}
TORCH_FREE = {"answers", "model_files", "reporting", "runtime", "spec", "tasks"}


def imports(path: Path) -> Iterator[str]:
    """Yield what a file imports of training, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("training."):
            yield str(node.module)


def test_nobody_imports_past_a_rooms_door() -> None:
    outside = [(path, "") for folder in ("platform", "bench") for path in (ROOT / folder).rglob("*.py")]
    inside = [(path, path.relative_to(ROOT / "training").parts[0]) for path in (ROOT / "training").rglob("*.py")]
    past = [
        f"{path.relative_to(ROOT)}: {module}"
        for path, own in [*outside, *inside]
        for module in imports(path)
        if module.count(".") > 1 and module.split(".")[1] in ROOMS - {own}
    ]
    assert past == []


def test_every_room_says_what_others_may_use() -> None:
    doors = [ROOT / "training" / room / "__init__.py" for room in ROOMS]
    assert [str(door) for door in doors if "__all__ = [" not in door.read_text()] == []


def test_rooms_for_web_processes_import_no_torch() -> None:
    code = (
        f"import sys, {', '.join(f'training.{room}' for room in sorted(TORCH_FREE))}, training.contract, training.job\n"
    )
    code += "sys.exit(bool({'torch', 'transformers', 'datasets', 'onnx'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
