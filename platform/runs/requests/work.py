"""The rows that a run goes through."""

from typing import Any

from planning.footprint import num_layer_parameters
from planning.run_estimates import Work
from runs.checkpoints import shape_of
from runs.models import Run, RunKind
from runs.requests.chain import PlannedRun
from runs.requests.inputs import Inputs
from runs.requests.plan import trains
from runs.run_kinds import RUN_KINDS
from training.spec import (
    AUTO,
    FINETUNE,
    ON_POLICY,
    DistillationSettings,
    are_plenty,
    dev_decides,
    fewest_labels,
    num_folds,
    recipes_that_compete,
    settings_of,
)

# A student that writes an answer takes as long as it takes to read so many rows.
READS_PER_ANSWER = 2


def work_of(run: PlannedRun | Run, inputs: Inputs) -> Work:
    """The rows that a run goes through, in each training of its search and from each seed."""
    kind, recipe = RunKind(run.kind), run.training.get("recipe", FINETUNE)
    # A scoring with a recipe is that of a teacher that nobody trained.
    pool = inputs.num_pool if recipe != FINETUNE else 0
    if RUN_KINDS[kind].scores:
        return Work(num_read=inputs.num_labels + inputs.num_unlabelled + pool)
    if not inputs.study.definition.has_labels:
        pool = 0
    if kind != RunKind.DISTIL and not trains(recipe, num_labels=inputs.num_labels):
        return Work(num_read=inputs.num_labels + pool + inputs.num_measured)
    lengths = _learned_per_training(run, inputs)
    num_rates = max(len(run.search.get("learning_rates", ())), 1)
    further = run.search.get("num_seeds", 1) - 1
    # The training that is chosen is that of the first seed; the others may be as long as the longest.
    learned = num_rates * sum(lengths) + further * max(lengths)
    num_trainings = num_rates * len(lengths) + further
    gold = num_trainings * run.distillation.get("gold_epochs", 0) * inputs.num_labels
    whole, on_folds = _compared_trainings(run, inputs)
    return Work(
        num_learned=whole * (learned + gold) + on_folds * lengths[0],
        num_read=whole * num_trainings * inputs.num_measured + pool + _written_and_judged(run, learned),
    )


def _written_and_judged(run: PlannedRun | Run, num_learned: int) -> int:
    """What a student writes itself and its teacher reads, of so many rows learned from, in rows that the student reads.

    By the clock of one core, to write an answer takes half of a step on it or more, and to read one a third.
    """
    if run.distillation.get("distil_from") != ON_POLICY:
        return 0
    share: float = run.distillation.get("on_policy_share", settings_of(DistillationSettings)["on_policy_share"].default)
    return round(num_learned * share * (READS_PER_ANSWER + _times_the_student(run)))


def _times_the_student(run: PlannedRun | Run) -> float:
    """How many times as large as the student the teacher is that it asks; as large where a size is not known."""
    student, teacher = run.model, run.asked_model if isinstance(run, PlannedRun) else _asked_model(run)
    shapes = [shape_of(model) for model in (student, teacher) if model]
    sizes = [num_layer_parameters(shape) for shape in shapes if shape is not None]
    return sizes[1] / sizes[0] if len(sizes) == 2 else 1.0


def _asked_model(run: Run) -> dict[str, Any] | None:
    """The checkpoint of the teacher whose scoring a run learned from."""
    models = run.parents.values_list("parents__model", flat=True)
    return next((model for model in models if model), None)


def _compared_trainings(run: PlannedRun | Run, inputs: Inputs) -> tuple[int, int]:
    """How often a run trains as a whole and on folds; not once, or more often, where `auto` compares recipes."""
    study, num_labels, num_classes = inputs.study, inputs.num_labels, len(inputs.study.labels)
    is_auto = run.training.get("recipe", FINETUNE) == AUTO and RunKind(run.kind) != RunKind.DISTIL
    # Written answers come of fine-tuning alone, which is compared with nothing.
    compares = is_auto and study.definition.has_labels
    sizes = {"num_rows": num_labels, "num_classes": num_classes}
    if not compares or are_plenty(num_labels, **sizes, task_type=study.definition):
        return 1, 0
    if num_labels < fewest_labels(num_classes):
        return 0, 0
    num_candidates = len(recipes_that_compete(study.definition, pooling=run.training.get("pooling", "mean")))
    if dev_decides(inputs.num_dev, num_classes=num_classes):
        return num_candidates, 0
    return 1, num_candidates * num_folds(num_labels)


def _learned_per_training(run: PlannedRun | Run, inputs: Inputs) -> list[int]:
    """The rows learned from, for each length tried."""
    rows = inputs.num_labels + (inputs.num_unlabelled if RUN_KINDS[RunKind(run.kind)].reads_unlabelled else 0)
    steps, epochs = run.training.get("steps"), run.training.get("epochs")
    if steps and not run.search.get("epochs"):
        return [steps * run.training.get("batch_size", 1)]
    return [tried * rows for tried in run.search.get("epochs") or [epochs or 1]]


def inputs_of(run: Run) -> Inputs:
    return Inputs(
        study=run.study,
        num_labels=run.num_labels,
        num_unlabelled=run.num_unlabelled,
        num_dev=run.dev.num_examples if run.dev else 0,
        num_test=run.test.num_examples if run.test else 0,
        num_pool=run.pool.num_examples if run.pool else 0,
    )
