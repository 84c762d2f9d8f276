"""What each kind of run reads and makes."""

from dataclasses import dataclass

from runs.models import ArtifactKind, RunKind


@dataclass(frozen=True, kw_only=True)
class RunKindTraits:
    """One that scores reads its teacher's training rows too; any other learns and is measured."""

    trainer_kind: str
    role: str
    makes: ArtifactKind
    scores: bool = False
    reads_unlabelled: bool = False
    reads_soft_labels: bool = False


RUN_KINDS = {
    RunKind.FINETUNE_STUDENT: RunKindTraits(trainer_kind="finetune", role="student", makes=ArtifactKind.STUDENT),
    RunKind.FINETUNE_TEACHER: RunKindTraits(trainer_kind="finetune", role="teacher", makes=ArtifactKind.TEACHER),
    RunKind.SCORE: RunKindTraits(
        trainer_kind="score", role="teacher", makes=ArtifactKind.SOFT_LABELS, scores=True, reads_unlabelled=True
    ),
    RunKind.DISTIL: RunKindTraits(
        trainer_kind="distil", role="student", makes=ArtifactKind.STUDENT, reads_unlabelled=True, reads_soft_labels=True
    ),
}
