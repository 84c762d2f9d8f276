"""How a run trains: the settings a manager chooses, and which of them go together."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from config.refusals import Refusal
from connections.prompts import BALANCED, CHOICES_OF_EXAMPLES, PromptSettings
from runs.money import SECONDS_PER_MINUTE
from studies.task_types import TaskType
from training.spec import (
    AUTO,
    DISTIL_FROM_CHOICES,
    FINETUNE,
    FROZEN,
    NAMES,
    OF_WRITTEN,
    SOFT,
    DistillationSettings,
    DistilTraining,
    FormGroup,
    ModelSource,
    RunSpec,
    SearchSettings,
    Settings,
    SharedSearch,
    SharedTraining,
    StudentTraining,
    TrainingSettings,
    like,
    setting,
    settings_of,
)

# Tried on the models that packages carry: a few hundred steps need a higher rate than the usual 2e-5, few labels a
# lower one than many, and a teacher of twelve layers stays below its student.
STUDENT_STEPS = 400
STUDENT_LEARNING_RATES = (1e-4, 3e-4)
STUDENT_LEARNING_RATE = 2e-4
TEACHER_STEPS = 400
TEACHER_LEARNING_RATES = (5e-5, 1.5e-4)
TEACHER_LEARNING_RATE = 1e-4
# The fewest whose spread an interval can hold.
NUM_SEEDS = 3
# Those that a hybrid adds where none are given.
HYBRID_EPOCHS = 5
# Recipes that need no label, and those that leave a checkpoint as it is.
WITHOUT_LABELS = (NAMES, AUTO)
UNTRAINED = (NAMES, FROZEN)
# How many teachers the seeds of a distilled student have.
WHERE_CHEAP, ONE_FOR_ALL, ONE_EACH = "where_cheap", "one", "each"
TEACHER_SEEDS_CHOICES = {
    WHERE_CHEAP: "One for each, where cheap",
    ONE_FOR_ALL: "One for all",
    ONE_EACH: "One for each",
}
LARGEST_ID = 2**63 - 1
# Read only where a language model is asked.
OF_LANGUAGE_MODEL = ("prompt_version", "shots", "shots_by", "stated_confidence", "samples", "sampling_temperature")
FOR_TEACHER_TRAINING = ("teacher_steps", "teacher_epochs", "teacher_learning_rates")
FOR_DISTIL = (
    *(*FOR_TEACHER_TRAINING, "self_distil", "untrained_teacher", "teacher_run", "teacher_only", "score_only"),
    *("teacher_connection", "teacher_seeds"),
    *OF_LANGUAGE_MODEL,
    *settings_of(DistilTraining),
    *settings_of(DistillationSettings),
)


class PlanInvalid(Refusal):
    """A setting is out of its range, or does not go with another."""


def recipes_of(task_type: TaskType) -> list[str]:
    """Those that come to something: without labels there is no head that one could start from."""
    return list(settings_of(RunPlan)["recipe"].choices) if task_type.has_labels else [AUTO, FINETUNE]


def teachings_of(task_type: TaskType) -> list[str]:
    """What a student can be distilled from, by the names of `distil_from`."""
    of_labels = [name for name in DISTIL_FROM_CHOICES if name not in OF_WRITTEN]
    return of_labels if task_type.has_labels else [SOFT, *OF_WRITTEN]


def settings_of_prompt(task_type: TaskType | None = None) -> tuple[str, ...]:
    """The names of all that decides what a language model is asked: of a task type, or of any."""
    is_written = task_type is None or not task_type.has_labels
    return (*OF_LANGUAGE_MODEL, *(("answer_length",) if is_written else ()))


def trains(recipe: str, *, num_labels: int) -> bool:
    """Whether a recipe may change the weights of its checkpoint, given so many labels."""
    return recipe not in UNTRAINED and (num_labels > 0 or recipe not in WITHOUT_LABELS)


@dataclass(frozen=True, kw_only=True)
class PlannedSearch(Settings):
    """What is tried on dev, alike on both paths; no learning rates given is the default search."""

    learning_rates: tuple[float, ...] | None = like(
        SearchSettings,
        "learning_rates",
        label="Student learning rates",
        help="Each is tried and the best on dev is used, for annotate and distil alike. One: no search.",
        placeholder=", ".join(f"{rate:f}".rstrip("0") for rate in STUDENT_LEARNING_RATES),
        group=FormGroup.SEARCH,
    )
    search_epochs: tuple[int, ...] = like(
        SearchSettings,
        "epochs",
        (),
        label="Epochs to try",
        help="Instead of steps, for student and teacher; combined with each rate.",
        group=FormGroup.SEARCH,
    )


@dataclass(frozen=True, kw_only=True)
class RunPlan(DistillationSettings, DistilTraining, StudentTraining, SharedSearch, SharedTraining, PlannedSearch):
    """Settings of a run, or of a distil chain. With `teacher_connection` a language model is the teacher.

    With neither steps nor epochs given, a training takes the default steps; without dev labels the default search is
    one rate. The teacher is the study's, unless `self_distil` or `teacher_run` names another; with `untrained_teacher`
    it is not fine-tuned, and with `teacher_only` nothing else is done; with `score_only` the model of `teacher_run`
    scores, and teaches nobody. `max_minutes` bounds each run over all its attempts, and is what the hold is placed for.
    """

    # A spec without it is one of a time before recipes, and fine-tunes.
    recipe: str = like(SharedTraining, "recipe", AUTO)
    steps: int | None = like(
        TrainingSettings, "steps", label="Student steps", help="Per training.", blank=str(STUDENT_STEPS)
    )
    epochs: int | None = like(TrainingSettings, "epochs", help="Epochs of the student, instead of steps.")
    teacher_steps: int | None = like(
        TrainingSettings, "steps", label="Teacher steps", help="For distil only.", blank=str(TEACHER_STEPS)
    )
    teacher_epochs: int | None = like(TrainingSettings, "epochs", help="Epochs of the teacher, instead of steps.")
    max_minutes: int = setting(
        60,
        least=1,
        most=7 * 24 * 60,
        label="Time limit (minutes)",
        help="Per run, search and seeds included. Their cost is held; the unused part is released.",
    )
    go_on: bool = setting(
        False,
        label="At the time limit, extend the run while the budget has money",
        help="Otherwise it saves a checkpoint and pauses until it is given more minutes.",
    )
    gold_only: bool = setting(
        False,
        label="Leave out labels that a language model gave",
        help="For annotate. On the distil path they are left out always.",
    )
    num_seeds: int = like(
        SharedSearch,
        "num_seeds",
        NUM_SEEDS,
        help="Repeats with other seeds; each adds cost. From one, intervals hold other examples only.",
    )
    seed: int | None = like(RunSpec, "seed", label="Seed", blank="the study's", group=FormGroup.SEARCH)
    teacher_learning_rates: tuple[float, ...] | None = like(
        SearchSettings,
        "learning_rates",
        label="Teacher learning rates",
        placeholder=", ".join(f"{rate:f}".rstrip("0") for rate in TEACHER_LEARNING_RATES),
        group=FormGroup.SEARCH,
    )
    student_layers: tuple[int, ...] | None = like(
        ModelSource,
        "layers",
        label="Layers kept of the student",
        help="For example 0, 2, 5 for a smaller student.",
        blank="all",
        group=FormGroup.MODEL,
    )
    self_distil: bool = setting(False, help="The student's own checkpoint is the teacher.")
    untrained_teacher: bool = setting(
        False, help="The teacher is not fine-tuned: it scores with a head made of label names and labels."
    )
    teacher_run: int | None = setting(
        None, least=1, most=LARGEST_ID, help="An ended training of the study whose model is the teacher."
    )
    teacher_only: bool = setting(False, help="The teacher is fine-tuned and measured, and teaches nobody yet.")
    score_only: bool = setting(
        False, help="The model of the run that is named scores examples, and teaches nobody: to choose what to label."
    )
    teacher_connection: int | None = setting(
        None, least=1, most=LARGEST_ID, help="A connection to a language model, which is asked for labels as teacher."
    )
    teacher_seeds: str = setting(
        WHERE_CHEAP,
        choices=TEACHER_SEEDS_CHOICES,
        label="Teachers of the seeds",
        help="From one, intervals leave out how teachers of other seeds differ; each further one adds cost.",
        group=FormGroup.DISTILLING,
    )
    prompt_version: int | None = setting(
        None,
        most=LARGEST_ID,
        help="Version of the study's prompt. 0: the text before any version.",
        blank="the latest",
    )
    shots: int = setting(
        8,
        most=64,
        label="Examples in the prompt",
        help="Labelled ones of the pool; for a language model.",
        group=FormGroup.DISTILLING,
    )
    shots_by: str = setting(BALANCED, choices=CHOICES_OF_EXAMPLES, label="Which examples", group=FormGroup.DISTILLING)
    stated_confidence: float = setting(
        0.9,
        least=0.5,
        most=0.999,
        label="Stated confidence",
        help="Probability of its answer, where the language model's server tells none.",
        group=FormGroup.DISTILLING,
    )
    samples: int = setting(
        1,
        least=1,
        most=20,
        label="Answers per text",
        help="Of written texts, or where its server tells no probabilities: shares are the soft labels. Each is paid.",
        group=FormGroup.DISTILLING,
    )
    sampling_temperature: float = setting(
        1.0,
        least=0.1,
        most=2,
        label="Temperature of the answers",
        help="Where several are asked for: how much they differ.",
        group=FormGroup.DISTILLING,
    )

    def check_together(self) -> None:
        super().check_together()
        for whose in ("", "teacher_"):
            if getattr(self, f"{whose}steps") is not None and getattr(self, f"{whose}epochs") is not None:
                raise PlanInvalid(f"{whose}steps and {whose}epochs are both given; give one of them.")
        lengths = ("steps", "epochs", "teacher_steps", "teacher_epochs")
        fixed = [name for name in lengths if getattr(self, name) is not None]
        if self.search_epochs and fixed:
            self.refuse("search_epochs", f"the search chooses the length, and {fixed[0]} fixes it; give one of them.")
        if self.teacher_run is not None:
            self._check_teacher_run()
        if self.teacher_only and (self.untrained_teacher or self.teacher_run is not None):
            self.refuse("teacher_only", "the teacher that is named is not trained by it. Name no other teacher.")
        if self.teacher_only and self.teacher_seeds == ONE_EACH:
            self.refuse("teacher_seeds", "the teacher alone is trained, from one seed. Leave it out.")
        if self.score_only and self.teacher_run is None:
            self.refuse("score_only", "a model trained before scores; name its run as the teacher.")
        self._check_language_model()
        if self.untrained_teacher:
            fault = "the teacher is not trained. Leave it out, or have the teacher fine-tuned."
            self._refuse_given(FOR_TEACHER_TRAINING, fault)

    def _check_language_model(self) -> None:
        if self.teacher_connection is None:
            self._refuse_given(OF_LANGUAGE_MODEL, "only a language model is asked so. Leave it out.")
            return
        others = ("self_distil", "untrained_teacher", "teacher_run", "teacher_only")
        fault = "a language model is the teacher, and it is not trained. Leave it out, or choose another teacher."
        self._refuse_given((*others, *FOR_TEACHER_TRAINING, "segmentation"), fault)
        self._refuse_given(("num_answers",), "a language model is asked for so many samples. Give samples instead.")

    def _check_teacher_run(self) -> None:
        if self.self_distil:
            self.refuse("teacher_run", "the student's own checkpoint is the teacher already; choose one of them.")
        if self.teacher_seeds == ONE_EACH:
            self.refuse("teacher_seeds", f"the teacher, run {self.teacher_run}, is one. Leave it out, or train others.")
        fault = f"the teacher, run {self.teacher_run}, is trained already. Leave it out, or train another teacher."
        # A student of entities tags by what its teacher was trained to tag by.
        self._refuse_given((*FOR_TEACHER_TRAINING, "segmentation", "untrained_teacher"), fault)

    def _refuse_given(self, names: Iterable[str], fault: str) -> None:
        for name in names:
            if self.is_given(name):
                self.refuse(name, fault)

    def is_given(self, name: str) -> bool:
        """Whether a setting is not at its default."""
        return bool(getattr(self, name) != settings_of(RunPlan)[name].default)

    @classmethod
    def refuse(cls, name: str, fault: str) -> NoReturn:
        raise PlanInvalid(fault, field=name)

    @property
    def max_seconds(self) -> int:
        return self.max_minutes * SECONDS_PER_MINUTE

    @property
    def searches(self) -> bool:
        """Whether more than the default search is to be chosen on dev."""
        lists = (self.learning_rates, self.teacher_learning_rates, self.search_epochs)
        return any(len(tried or ()) > 1 for tried in lists)

    @property
    def reads_pool(self) -> bool:
        """Whether any run of it may start from unlabelled texts of the pool."""
        return self.recipe != FINETUNE or self.untrained_teacher

    @property
    def teaches(self) -> bool:
        """Whether a student learns from its teacher, where there is one."""
        return not (self.teacher_only or self.score_only)

    @property
    def of_prompt(self) -> PromptSettings:
        """What it says of a language model's prompt beside the text."""
        return PromptSettings(
            shots=self.shots,
            shots_by=self.shots_by,
            confidence=self.stated_confidence,
            samples=self.samples,
            temperature=self.sampling_temperature,
            answer_length=self.answer_length,
        )

    @property
    def is_hybrid(self) -> bool:
        return self.gold_epochs > 0
