"""How near the engine is to its floor, and how far ahead of the libraries' own loops.

`python3 manage.py bench engine` measures in CPU seconds of one thread, side by side in one process, on newsgroup posts:
distillation beside bare loops and beside the study's recipe (a teacher's forward pass in every epoch); training, of all
layers and with the lower half of them frozen, beside transformers' Trainer; scoring beside its pipeline. Then the
memory of scoring a million rows beside that of 20,000, of distilling a million above the model, and of a hundred
thousand rows of 10,000 classes; and by the clock the seconds of a run from the click to its first step, those of
loading the model taken off. What asks for bf16 is measured where the processor has it, and has no goal elsewhere.
`--quick` takes a tenth of the rows, to see that it runs.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RAYON_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

# The paths and threads above must be set first.
from bench.parts.engine import batches, machine, memory, overhead, sides  # noqa: E402

BF16_GOALS = {
    "training_over_trainer": (">=", 3.0),
    "scoring_over_pipeline": (">=", 4.0),
}
GOALS = {
    "tokens_computed_per_token_read": ("<=", 1.15),
    "pairs_that_meet_again": ("<=", 0.20),
    "distil_over_floor": ("<=", 1.10),
    "study_recipe_over_distil": (">=", 3.0),
    "training_over_trainer_half_frozen": (">=", 1.8),
    "training_share_of_machine": (">=", 0.55),
    "scoring_over_pipeline_fp32": (">=", 1.8),
    "scoring_share_of_machine": (">=", 0.68),
    "labels_agree": (">=", 0.995),
    "accuracy_behind_trainer": ("<=", 0.05),
    "memory_of_a_million_rows": ("<=", 1.25),
    "mib_of_distilling_a_million": ("<=", 600),
    "gib_of_many_classes": ("<=", 1.0),
    "seconds_to_first_step": ("<=", 5.0),
    **(BF16_GOALS if sides.has_bf16() else {}),
}
EPOCHS = 10
PARTS = ("batches", "distilling", "training", "scoring", "memory", "first-step")
# A row takes about five times as long without bf16.
NUM_UNLABELLED = 640 if sides.has_bf16() else 240


def main() -> int:
    options = _options()
    share = 10 if options.quick else 1
    with tempfile.TemporaryDirectory(prefix="fulcrum-bench-") as folder:
        ground = sides.Ground(folder=Path(folder), num_train=640 // share, num_unlabelled=NUM_UNLABELLED // share)
        parts: dict[str, Callable[[], dict[str, float]]] = {
            "batches": lambda: _batches(ground),
            "distilling": lambda: _distilling(ground),
            "training": lambda: _training(ground),
            "scoring": lambda: _scoring(ground),
            "memory": lambda: {
                "memory_of_a_million_rows": memory.many_over_few(Path(folder), share=share),
                "mib_of_distilling_a_million": memory.distilling_a_million(Path(folder), share=share),
                "gib_of_many_classes": memory.many_classes(Path(folder), share=share),
            },
            "first-step": _first_step,
        }
        figures = {name: value for part in options.parts or parts for name, value in parts[part]().items()}
    is_ok = _print(figures)
    goals = {name: goal for name, (_, goal) in GOALS.items() if name in figures}
    print(json.dumps({"bench": "engine", "figures": figures, "goals": goals, "ok": is_ok}))
    return 0 if is_ok else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py bench engine", description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="*", choices=PARTS, help="only these")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, to see that it runs")
    return parser.parse_args()


def _first_step() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="fulcrum-bench-") as folder:
        return {"seconds_to_first_step": overhead.first_steps(folder=Path(folder))["overhead"]}


def _batches(ground: sides.Ground) -> dict[str, float]:
    lengths = sides.lengths_of_training_rows(ground)
    padding, meetings = batches.padding_and_meetings(lengths=lengths, batch_size=sides.BATCH_SIZE)
    return {"tokens_computed_per_token_read": padding, "pairs_that_meet_again": meetings}


def _distilling(ground: sides.Ground) -> dict[str, float]:
    teacher = sides.trained_teacher(ground)
    whole = seconds_of(lambda: sides.distil_whole(ground, teacher, epochs=EPOCHS))
    floor = seconds_of(lambda: sides.distil_bare(ground, teacher, epochs=EPOCHS))
    study = seconds_of(lambda: sides.distil_as_the_study(ground, teacher, epochs=EPOCHS))
    return {"distil_over_floor": whole / floor, "study_recipe_over_distil": study / whole}


def _training(ground: sides.Ground) -> dict[str, float]:
    theirs, their_student = timed(lambda: sides.train_by_trainer(ground))
    plain, our_student = timed(lambda: sides.train(ground, precision="fp32"))
    fast, fast_student = timed(lambda: sides.train(ground, precision="fp32", frozen_layers=sides.NUM_FROZEN))
    work = sides.training_work(ground)
    figures = {
        "training_over_trainer_fp32": theirs / plain,
        "training_over_trainer_half_frozen": theirs / fast,
        "training_share_of_machine": work.flops / plain / machine.machine_flops(),
        "padding_allows_training": work.padding_of_theirs / work.padding,
    }
    if sides.has_bf16():
        ours, our_student = timed(lambda: sides.train(ground, precision="bf16"))
        figures["training_over_trainer"] = theirs / ours
    accuracies = {
        "accuracy_of_trainer": sides.accuracy(ground, their_student),
        "accuracy": sides.accuracy(ground, our_student),
        "accuracy_half_frozen": sides.accuracy(ground, fast_student),
    }
    behind = accuracies["accuracy_of_trainer"] - accuracies["accuracy"]
    return {**figures, **accuracies, "accuracy_behind_trainer": behind}


def _scoring(ground: sides.Ground) -> dict[str, float]:
    classifier = sides.scorer(ground)
    theirs, their_labels = timed(lambda: sides.score_by_pipeline(ground, classifier))
    plain, our_labels = timed(lambda: sides.score(ground, classifier, bf16=False))
    work = sides.scoring_work(ground, classifier)
    figures = {
        "scoring_over_pipeline_fp32": theirs / plain,
        "scoring_share_of_machine": work.flops / plain / machine.machine_flops(),
        "padding_allows_scoring": work.padding_of_theirs / work.padding,
    }
    if sides.has_bf16():
        ours, our_labels = timed(lambda: sides.score(ground, classifier, bf16=True))
        figures["scoring_over_pipeline"] = theirs / ours
    agreeing = sum(a == b for a, b in zip(their_labels, our_labels, strict=True)) / len(our_labels)
    return {**figures, "labels_agree": agreeing}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of some work, and what it returns."""
    started = time.process_time()
    found = work()
    return time.process_time() - started, found


def seconds_of(work: Callable[[], object]) -> float:
    return timed(work)[0]


def _is_met(name: str, value: float) -> bool:
    """Compare a figure with its goal; what explains other figures has none."""
    if name not in GOALS:
        return True
    sign, goal = GOALS[name]
    return value <= goal if sign == "<=" else value >= goal


def _print(figures: dict[str, float]) -> bool:
    for name, value in figures.items():
        goal = "goal {} {}".format(*GOALS[name]) if name in GOALS else ""
        print(f"{name:<34} {value:>8.3f}   {goal}   {'' if _is_met(name, value) else 'missed'}".rstrip())
        figures[name] = round(value, 4)
    return all(_is_met(name, value) for name, value in figures.items())


if __name__ == "__main__":
    sys.exit(main())
