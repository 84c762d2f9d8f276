"""How long the demo takes and how much memory all its processes hold at most.

`python3 manage.py bench demo` runs it warm: packages are there, the data folder is new. With `--cold` it runs in a new
clone of this repository, so that every package is fetched and every environment made.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GOALS = {"minutes_warm": 12.0, "minutes_cold": 30.0, "peak_gib": 8.0}
SAMPLE_SECONDS = 1.0


def main() -> int:
    is_cold = "--cold" in sys.argv[1:]
    folder = Path(tempfile.mkdtemp(prefix="fulcrum-bench-"))
    try:
        root = _clone(folder) if is_cold else ROOT
        minutes, peak, status = _run(root, data=folder / "var")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    name = "minutes_cold" if is_cold else "minutes_warm"
    figures = {name: round(minutes, 2), "peak_gib": round(peak / 2**30, 2)}
    goals = {key: GOALS[key] for key in figures}
    is_ok = status == 0 and all(figures[key] <= goals[key] for key in figures)
    for key, value in figures.items():
        print(f"{key:<14} {value:>8}   goal <= {goals[key]}")
    print(json.dumps({"bench": "demo", "figures": figures, "goals": goals, "ok": is_ok}))
    return 0 if is_ok else 1


def _clone(folder: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder / "clone")], check=True)
    return folder / "clone"


def _run(root: Path, *, data: Path) -> tuple[float, int, int]:
    """Minutes, peak bytes and exit status of one demo."""
    python = shutil.which("python3.11") or sys.executable
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("FULCRUM_", "DATABASE_", "LABEL_"))
    }
    command = [python, str(root / "manage.py"), "demo", "--no-serve"]
    started = time.monotonic()
    peak = 0
    with subprocess.Popen(command, env={**kept, "FULCRUM_DATA_DIR": str(data)}, stdin=subprocess.DEVNULL) as demo:
        while demo.poll() is None:
            peak = max(peak, _memory(demo.pid))
            time.sleep(SAMPLE_SECONDS)
    return (time.monotonic() - started) / 60, peak, demo.returncode


def _memory(pid: int) -> int:
    """Bytes held by a process and all below it; a page that several share is divided among them (PSS)."""
    return sum(_proportional_size(each) for each in _tree(pid))


def _tree(root: int) -> set[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _proportional_size(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    sys.exit(main())
