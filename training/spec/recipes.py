"""When the recipe `auto` compares training with a head on the checkpoint as it is, and by how many trainings."""

from training.spec.settings import FINETUNE, PROBE
from training.tasks import BI_ENCODER, TaskType

# Labels, and labels per class, below which training is not tried, and from which nothing else is.
FEWEST_LABELS, FEWEST_PER_LABEL = 50, 8
PLENTY_ROWS, PLENTY_PER_LABEL = 1_000, 200
# Of pairs so many times as many: a cosine of sentence vectors is long ahead of what training makes of them.
TIMES_FOR_PAIRS = 10
# Dev decides from so many rows on, and so many per label.
FEWEST_DEV, FEWEST_DEV_PER_LABEL = 100, 5
NUM_FOLDS = 3
# From so many labels on, one fold of them is a sure enough judge.
ONE_FOLD_ROWS = 1_500


def fewest_labels(num_classes: int) -> int:
    """From how many labels on training is tried."""
    return max(FEWEST_LABELS, FEWEST_PER_LABEL * num_classes)


def plenty_per_label(task_type: TaskType) -> int:
    """From how many labels per class on training needs no comparison."""
    return PLENTY_PER_LABEL * _times(task_type)


def are_plenty(num_labels: int, *, num_rows: int, num_classes: int, task_type: TaskType) -> bool:
    """Whether labels are so many that training needs no comparison."""
    are_enough_rows = num_rows >= PLENTY_ROWS * _times(task_type)
    return num_labels >= plenty_per_label(task_type) * num_classes and are_enough_rows


def _times(task_type: TaskType) -> int:
    return TIMES_FOR_PAIRS if len(task_type.input_fields) > 1 else 1


def dev_decides(num_dev: int, *, num_classes: int) -> bool:
    """Whether dev is large enough to compare on; else folds of the labels are."""
    return num_dev >= max(FEWEST_DEV, FEWEST_DEV_PER_LABEL * num_classes)


def num_folds(num_rows: int) -> int:
    """How many folds are trained without at most, where folds decide."""
    return NUM_FOLDS if num_rows < ONE_FOLD_ROWS else 1


def pairs_texts(task_type: TaskType) -> bool:
    """Whether labelled texts can be paired by their labels: those that are single, and labelled as a whole."""
    return len(task_type.input_fields) == 1 and task_type.unit != "word"


def recipes_that_compete(task_type: TaskType, *, pooling: str) -> tuple[str, ...]:
    """Name the recipes that train and are compared with a head, simpler ones first.

    `contrast` is not among them: it was not shown to beat `probe`, and would double what comparing costs.
    """
    # Pairs that are read as one text are tried in both ways of reading them.
    is_joint = len(task_type.input_fields) > 1 and pooling != BI_ENCODER
    return (PROBE, FINETUNE) if is_joint else (PROBE,)
