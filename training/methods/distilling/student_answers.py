"""On-policy distillation: the teacher that is asked about what the student writes."""

from functools import lru_cache, partial
from pathlib import Path

from training.answers import Rows
from training.compute import Compute
from training.data import EncodedRows
from training.distil import SoftLabels, learns_distributions, taught_sources
from training.job import Job
from training.learners import load_classifier
from training.methods.preparing import TeacherUnfit
from training.models import TextToText, tokenizer_hash
from training.spec import ON_POLICY, ModelSource
from training.tasks import TaskType
from training.train import ModelLoader, OwnAnswers, without_answers


def own_answers(
    job: Job, soft: SoftLabels, rows: EncodedRows, gold: Rows | None, loader: ModelLoader, compute: Compute
) -> OwnAnswers | None:
    """Return what lets a student learn from its own answers, where the spec asks for it; `rows` are those it trains on.

    Raises: TeacherUnfit (the teacher does not write, or not with the student's tokenizer), PretrainedMissing.
    """
    distillation, settings, codec = job.spec.distillation, job.spec.training, loader.codec
    if distillation.distil_from != ON_POLICY:
        return None
    assert job.spec.teacher_artifact is not None
    if codec is None or not learns_distributions(codec=codec, soft=soft, distil_from=ON_POLICY):
        raise _unfit("student and teacher do not write with one tokenizer")
    load = partial(
        _teacher,
        job.spec.teacher_artifact,
        task_type=loader.task_type,
        max_length=settings.max_length,
        answer_length=settings.answer_length,
        compute=compute,
    )
    of_teacher = load().codec
    if tokenizer_hash(of_teacher.tokenizer) != tokenizer_hash(codec.tokenizer):
        raise _unfit(f"{job.spec.teacher_artifact} has another tokenizer than the student")
    share = distillation.on_policy_share
    job.progress.log(f"on-policy: of the steps, {share:.0%} are on answers that the student writes itself")
    return OwnAnswers(
        teacher=load,
        sources=without_answers(rows),
        teacher_sources=taught_sources(soft=soft, gold=gold, codec=of_teacher, max_length=settings.max_length),
        share=share,
        num_top=settings.top_tokens,
        temperature=settings.temperature,
        compute=compute,
        stop=job.stop,
    )


@lru_cache(maxsize=1)
def _teacher(folder: Path, *, task_type: TaskType, max_length: int, answer_length: int, compute: Compute) -> TextToText:
    """Load a teacher; of those of several seeds one at a time is in memory."""
    source = ModelSource(source="folder", name=str(folder))
    model = load_classifier(
        source=source, task_type=task_type, labels=(), max_length=max_length, answer_length=answer_length
    ).model
    if not isinstance(model, TextToText):
        raise _unfit(f"{folder} does not write")
    model.requires_grad_(False)
    return model.to(compute.device).eval()


def _unfit(why: str) -> TeacherUnfit:
    return TeacherUnfit(
        f"distillation.distil_from: is {ON_POLICY}, and {why}, so that the teacher can say nothing of the student's "
        "tokens. Take two models that write with the same tokenizer, or set it to answers."
    )
