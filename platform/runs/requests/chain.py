"""What answers a request: its runs, each after those that it needs, and what makes two of them equal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connections.models import Connection
from connections.prompts import LabelPrompt
from runs.models import Run, RunKind
from runs.requests.inputs import FixedInputs, Inputs, RunRequest
from runs.requests.language_models import is_language_model
from runs.requests.plan import WITHOUT_LABELS, RunPlan
from runs.run_kinds import RUN_KINDS
from studies.editing import texts_of_labels
from studies.hashing import list_hash
from studies.models import Study
from training.spec import FINETUNE

CPU = "cpu"


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """A checkpoint to be fine-tuned or to score as it is, or with `run`, what that run made of it.

    With a connection and its prompt it is a language model, which is asked.
    """

    model: dict[str, Any]
    run: Run | None = None
    connection: Connection | None = None
    prompt: LabelPrompt | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One run of a chain; `model` is None where it loads what the run before it trained from `base_model`.

    `after` are the places in the chain of the runs that it waits for: of a student, one scoring or one for each seed.
    `asked_model` is the checkpoint of a teacher that is asked while the student learns.
    """

    kind: RunKind
    seed: int
    model: dict[str, Any] | None
    base_model: dict[str, Any]
    training: dict[str, Any]
    search: dict[str, Any] = field(default_factory=dict)
    distillation: dict[str, Any] = field(default_factory=dict)
    after: tuple[int, ...] = ()
    asked_model: dict[str, Any] | None = None

    @property
    def loads_trained(self) -> bool:
        """Whether it only loads what an earlier run trained."""
        return self.kind == RunKind.SCORE and self.model is None

    @property
    def asks(self) -> bool:
        """Whether it asks a language model, and needs no device for that."""
        return is_language_model(self.model)

    @property
    def recipe(self) -> str:
        return str(self.training.get("recipe", FINETUNE))

    @property
    def reads_pool(self) -> bool:
        """Whether it may start from unlabelled texts of the pool."""
        return self.recipe != FINETUNE and not self.loads_trained

    @property
    def needs_labels(self) -> bool:
        """Whether it comes to nothing without labels; a student that is distilled has soft labels."""
        return self.trains_on_labels and self.recipe not in WITHOUT_LABELS

    @property
    def trains_on_labels(self) -> bool:
        """Whether it learns from labels, where there are any, and from no teacher."""
        return self.kind != RunKind.DISTIL and not self.loads_trained and not self.asks


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The runs of a request, each behind those that it waits for, and one that made its teacher before all of them.

    `teachers_why` says why the seeds of a distilled student have one teacher, or each its own; empty of one seed.
    """

    request: RunRequest
    inputs: Inputs
    device: str
    teacher: Teacher | None = None
    runs: Sequence[PlannedRun]
    teachers_why: str = ""

    @property
    def study(self) -> Study:
        return self.request.study

    @property
    def plan(self) -> RunPlan:
        return self.request.plan

    @property
    def num_teachers(self) -> int:
        """How many teachers a student of it learns from, an earlier run's included."""
        return len(self.runs[-1].after)

    @property
    def student(self) -> dict[str, Any]:
        return self.runs[-1].base_model

    def device_of(self, run: PlannedRun) -> str:
        """The device that a run is billed for: a language model's answers are only stored here."""
        return CPU if run.asks else self.device

    @property
    def models(self) -> dict[str, dict[str, Any]]:
        """Checkpoints by role."""
        if self.teacher and not self.plan.teaches:
            return {"teacher": self.teacher.model}
        loaded = {} if self.teacher is None or self.teacher.connection else {"teacher": self.teacher.model}
        return {"student": self.student, **loaded}


def request_key(*, chain: Chain, inputs: FixedInputs, run: PlannedRun, parents: Sequence[Run]) -> str:
    """Hash of all that decides a run's result. The time limit does not: it only decides when there is one."""
    study, lists = chain.study, (inputs.snapshot, inputs.dev, inputs.test, inputs.unlabelled_of(run.kind))
    # Parts that came later are left out where empty, so that earlier requests keep their keys.
    further = {
        "search": run.search,
        "distillation": run.distillation,
        # A teacher that scores is calibrated on dev, where there is one.
        "calibration": {"on": "dev"} if RUN_KINDS[run.kind].scores and inputs.dev else {},
        "pool": {"texts": inputs.pool.content_hash} if run.reads_pool and inputs.pool else {},
        "label_texts": {} if run.loads_trained else texts_of_labels(study),
    }
    return list_hash(
        [
            (run.kind, study.task_type, study.labels, study.metric),
            tuple(rows.content_hash if rows else None for rows in lists),
            # The database keeps no order of keys, so a loaded model reference may have another than a fresh one.
            (sorted((run.model or {}).items()), sorted(run.training.items()), run.seed, chain.device),
            tuple(parent.request_key for parent in parents),
            *((name, sorted(part.items())) for name, part in further.items() if part),
        ]
    )
