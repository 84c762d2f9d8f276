"""How fast an exported student answers beside its torch model, and what int8 costs.

`python3 manage.py bench serve` trains MiniLM-L3 on newsgroup posts and exports it to ONNX and to int8. All three answer
the same posts on one thread, one by one and 32 at once, from text to label: in turns, the best of several rounds, in
CPU seconds. Torch is in fp32; where the processor has bf16, which `predict` and `serve` then use, it is shown beside.
Utility is on posts that nothing was trained on. `--quick` takes a tenth of the rows, to see that it runs.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RAYON_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

# The paths and threads above must be set first.
from bench.parts.engine import sides  # noqa: E402
from training.compute import Compute  # noqa: E402
from training.data import InputLine, read_labelled  # noqa: E402
from training.evaluation import Predictor, load_predictor  # noqa: E402
from training.runtime import StopFlag  # noqa: E402
from training.serving import Speed, export_model, lines_of, speed_of, standing_of  # noqa: E402

GOALS = {
    "largest_difference": ("<=", 1e-4),
    "onnx_over_torch_1": (">=", 1.0),
    "onnx_over_torch_32": (">=", 1.0),
    "int8_over_torch_1": (">=", 1.0),
    "int8_over_torch_32": (">=", 1.0),
    "onnx_agrees": (">=", 0.999),
    "int8_loss": ("<=", 0.02),
}
NUM_TRAIN, NUM_HELD_OUT = 1_000, 1_000
ROUNDS = 3
PLAIN = "torch"


def main() -> int:
    options = _options()
    share = 10 if options.quick else 1
    with tempfile.TemporaryDirectory(prefix="fulcrum-bench-") as folder:
        ground = sides.Ground(folder=Path(folder), num_train=NUM_TRAIN // share, num_unlabelled=NUM_HELD_OUT // share)
        figures = _figures(ground)
    is_ok = _print(figures)
    goals = {name: goal for name, (_, goal) in GOALS.items()}
    print(json.dumps({"bench": "serve", "figures": figures, "goals": goals, "ok": is_ok}))
    return 0 if is_ok else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py bench serve", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, to see that it runs")
    return parser.parse_args()


def _figures(ground: sides.Ground) -> dict[str, float]:
    artifact, held_out = sides.trained_student(ground), Path(ground.saved("held_out", ground.unlabelled))
    exports = {name: ground.folder / name for name in ("onnx", "int8")}
    made = {
        name: export_model(artifact=artifact, export_format=name, target=target, rows_folder=held_out)
        for name, target in exports.items()
    }
    loaded = {name: load_predictor(folder, stop=StopFlag()) for name, folder in {PLAIN: artifact, **exports}.items()}
    models = {**loaded, PLAIN: replace(loaded[PLAIN], compute=Compute(device=sides.CPU, bf16=False))}
    if sides.has_bf16():
        models["torch_bf16"] = loaded[PLAIN]
    rows = read_labelled(folder=held_out, name="held_out", task_type=sides.TASK, labels=ground.labels)
    lines = lines_of(rows)
    fastest = _fastest(models, lines)
    answers = {name: [one.predicted for one in model.answers(lines)] for name, model in models.items()}
    figures = {"largest_difference": float(made["onnx"]["largest_difference"])}
    for name in models:
        standing = standing_of(
            task_type=sides.TASK,
            labels=ground.labels,
            rows=rows,
            answers=(answers[name], answers[PLAIN]),
            metric="accuracy",
        )
        figures[f"{name}_utility"] = standing.utility
        figures[f"{name}_p50_ms"], figures[f"{name}_p95_ms"] = fastest[name].p50_ms, fastest[name].p95_ms
        if name != PLAIN:
            one_by_one = fastest[name].requests_per_second / fastest[PLAIN].requests_per_second
            at_once = fastest[name].texts_per_second / fastest[PLAIN].texts_per_second
            figures[f"{name}_over_torch_1"], figures[f"{name}_over_torch_32"] = one_by_one, at_once
            figures[f"{name}_agrees"] = standing.agreement
            figures[f"{name}_loss"] = 0 - standing.difference.difference
            figures[f"{name}_loss_at_most"] = 0 - standing.difference.low
    return figures


def _fastest(models: dict[str, Predictor], lines: list[InputLine]) -> dict[str, Speed]:
    """Measure models in turns, so that none has the quiet moments; of each the best of every measure."""
    rounds = [
        {name: speed_of(model, lines, clock=time.process_time) for name, model in models.items()} for _ in range(ROUNDS)
    ]
    return {
        name: Speed(
            p50_ms=min(one[name].p50_ms for one in rounds),
            p95_ms=min(one[name].p95_ms for one in rounds),
            requests_per_second=max(one[name].requests_per_second for one in rounds),
            texts_per_second=max(one[name].texts_per_second for one in rounds),
        )
        for name in models
    }


def _is_met(name: str, value: float) -> bool:
    sign, goal = GOALS.get(name, ("", 0.0))
    return not sign or (value <= goal if sign == "<=" else value >= goal)


def _print(figures: dict[str, float]) -> bool:
    for name, value in figures.items():
        goal = "goal {} {}".format(*GOALS[name]) if name in GOALS else ""
        print(f"{name:<26} {value:>12.6f}   {goal}   {'' if _is_met(name, value) else 'missed'}".rstrip())
    met = all(_is_met(name, value) for name, value in figures.items())
    figures.update({name: round(value, 8) for name, value in figures.items()})
    return met


if __name__ == "__main__":
    sys.exit(main())
