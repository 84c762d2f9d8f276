"""A trainer that learns nothing but keeps the whole contract: files, signals, exit codes, checkpoints, its parent.

How it behaves is the last word of the model's name: steady, refusing, refusing-seed-1, crashing, crashing-once,
without-room-once, deaf, odd-result. A step is 50 ms, and 5 ms for one that goes on from a checkpoint, which nobody
disturbs again.
"""

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SECONDS_PER_STEP = 0.05
SECONDS_PER_RESUMED_STEP = 0.005
STEPS_BETWEEN_CHECKPOINTS = 10
stopping = False


def write(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content))
    temporary.replace(path)


def stop(*_: object) -> None:
    global stopping
    stopping = True


def main(folder: Path) -> int:
    spec = json.loads((folder / "spec.json").read_text())
    behaviour = ((spec["model"] or {}).get("name") or "steady").rpartition("/")[2]
    signal.signal(signal.SIGTERM, signal.SIG_IGN if behaviour == "deaf" else stop)
    if behaviour in ("refusing", f"refusing-seed-{spec['seed']}"):
        write(folder / "error.json", {"error": "PretrainedMissing", "message": "The model is not there. Name another."})
        return 2
    checkpoint = folder / "checkpoint.json"
    first = json.loads(checkpoint.read_text())["step"] if checkpoint.exists() else 0
    num_steps = spec["training"].get("steps") or 1
    print(f"starting at step {first}", flush=True)
    for step in range(first, num_steps):
        if stopping or os.getppid() != int(os.environ["FULCRUM_PARENT_PID"]):
            write(checkpoint, {"step": step})
            print(f"stopped at step {step}", flush=True)
            return 3
        if behaviour == "crashing" or (behaviour == "crashing-once" and first == 0 and step == num_steps // 2):
            return 1
        if behaviour == "without-room-once" and first == 0 and step == num_steps // 2:
            write(folder / "error.json", {"error": "DiskFull", "message": "there is no room (3 MB are free)"})
            return 4
        time.sleep(SECONDS_PER_RESUMED_STEP if first else SECONDS_PER_STEP)
        say(folder, step + 1, num_steps)
        if step % STEPS_BETWEEN_CHECKPOINTS == 0:
            write(checkpoint, {"step": step})
    finish(folder, spec, is_odd=behaviour == "odd-result")
    return 0


def say(folder: Path, step: int, num_steps: int) -> None:
    now = datetime.now(UTC).isoformat()
    content = {"stage": "train", "step": step, "num_steps": num_steps, "fraction": step / num_steps, "at": now}
    write(folder / "progress.json", content)


def finish(folder: Path, spec: dict[str, Any], *, is_odd: bool) -> None:
    made = "soft_labels" if spec["kind"] == "score" else "artifact"
    (folder / made).mkdir(exist_ok=True)
    measure = {"accuracy": {"value": 0.8, "low": 0.7, "high": 0.9}, "num_examples": 4, "num_unparsed": 0}
    if is_odd:
        del measure["accuracy"]["high"]  # type: ignore[attr-defined]
    energy = {"kwh": 0.0002, "carbon_kg": 0.0001}
    used = {"device_seconds": 1.0, "working_seconds": 0.1, "stages": {"start": 0.9, "train": 0.1}, "energy": energy}
    write(folder / "meter.json", {**used, "peak_memory_bytes": 2**20})
    metrics = {"test": measure, "baseline": {"label": (spec["labels"] or ["a text"])[0], "value": 0.5}}
    if "dev" in spec["data"]:
        metrics["dev"] = measure
    content = {"artifact": made, "artifact_hash": "0" * 64, "metrics": metrics if made == "artifact" else {}}
    write(folder / "result.json", content)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).parent))
