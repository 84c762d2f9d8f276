"""What a plan means for the trainer of each kind of run: the settings that it is given."""

from typing import Any

from runs.requests.plan import (
    STUDENT_LEARNING_RATE,
    STUDENT_LEARNING_RATES,
    STUDENT_STEPS,
    TEACHER_LEARNING_RATE,
    TEACHER_LEARNING_RATES,
    TEACHER_STEPS,
    UNTRAINED,
    RunPlan,
)
from training.spec import (
    AUTO,
    OF_WRITTEN,
    SOFT,
    DistillationSettings,
    DistilTraining,
    Settings,
    SharedSearch,
    SharedTraining,
    StudentTraining,
    settings_of,
)

# Named in every spec; any other setting only where not at its default, so that requests from before it keep their key.
_ALWAYS_NAMED = {
    *("batch_size", "max_length", "head_learning_rate_factor", "temperature", "gold_weight"),
    *("filter", "keep", "gold_epochs"),
}
# How a teacher writes answers.
FOR_WRITING = ("answer_length", "num_answers")


def student_settings(plan: RunPlan) -> dict[str, Any]:
    rates = plan.learning_rates or (STUDENT_LEARNING_RATE,)
    length = _length(plan, plan.steps, plan.epochs, STUDENT_STEPS)
    return {**_named(plan, SharedTraining, StudentTraining), **length, "learning_rate": rates[0]}


def teacher_settings(plan: RunPlan) -> dict[str, Any]:
    rates = plan.teacher_learning_rates or (TEACHER_LEARNING_RATE,)
    length = _length(plan, plan.teacher_steps, plan.teacher_epochs, TEACHER_STEPS)
    return {**_named(plan, SharedTraining), **length, "learning_rate": rates[0]}


def scoring_settings(plan: RunPlan) -> dict[str, Any]:
    """The trainer's settings for a teacher that scores: what shapes its input."""
    # Its batches are cut by tokens. A student's batch size here would make another request of the same scoring.
    shape = {"batch_size": settings_of(RunPlan)["batch_size"].default, "max_length": plan.max_length}
    written = {name: getattr(plan, name) for name in FOR_WRITING if plan.is_given(name)}
    return {**shape, **written, **({} if plan.distil_from in (SOFT, *OF_WRITTEN) else {"keep_vectors": True})}


def untrained_scoring_settings(plan: RunPlan) -> dict[str, Any]:
    """The settings of a teacher that scores without any training."""
    # What is said of a student that is trained leaves the choice of the teacher's head open.
    recipe = plan.recipe if plan.recipe in (*UNTRAINED, AUTO) else AUTO
    return {**scoring_settings(plan), "recipe": recipe}


def distilling_settings(plan: RunPlan) -> dict[str, Any]:
    return {**student_settings(plan), **_named(plan, DistilTraining)}


def student_search(plan: RunPlan, *, has_dev: bool, is_trained: bool = True) -> dict[str, Any]:
    """What is tried for a student; empty where it is one training, or its checkpoint stays as it is."""
    if not is_trained:
        # A head that is fitted comes out the same from every seed.
        return {}
    tried = _tried(plan, plan.learning_rates, STUDENT_LEARNING_RATES if has_dev else ())
    return {**tried, **_named(plan, SharedSearch)}


def teacher_search(plan: RunPlan, *, has_dev: bool, is_trained: bool = True) -> dict[str, Any]:
    """What is tried for a teacher; empty where it is one training, or its checkpoint stays as it is."""
    if not is_trained:
        return {}
    # From one seed: a teacher of another seed is a run of its own.
    return _tried(plan, plan.teacher_learning_rates, TEACHER_LEARNING_RATES if has_dev else ())


def distillation(plan: RunPlan) -> dict[str, Any]:
    """How soft labels are chosen and what follows; empty where all of it is at its default."""
    named, settings = _named(plan, DistillationSettings), settings_of(DistillationSettings)
    return named if any(value != settings[name].default for name, value in named.items()) else {}


def student_model(plan: RunPlan, reference: dict[str, Any]) -> dict[str, Any]:
    return reference if plan.student_layers is None else {**reference, "layers": list(plan.student_layers)}


def _named(plan: RunPlan, *groups: type[Settings]) -> dict[str, Any]:
    return {
        name: getattr(plan, name)
        for group in groups
        for name, one in settings_of(group).items()
        if name in _ALWAYS_NAMED or getattr(plan, name) != one.default
    }


def _tried(plan: RunPlan, given: tuple[float, ...] | None, default: tuple[float, ...]) -> dict[str, Any]:
    rates = default if given is None else given
    return {
        **({"learning_rates": list(rates)} if len(rates) > 1 else {}),
        **({"epochs": list(plan.search_epochs)} if plan.search_epochs else {}),
    }


def _length(plan: RunPlan, steps: int | None, epochs: int | None, default: int) -> dict[str, Any]:
    epochs = plan.search_epochs[0] if plan.search_epochs else epochs
    return {"steps": steps or (None if epochs else default), "epochs": epochs}
