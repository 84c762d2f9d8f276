"""What a run can do, by the kind its spec names."""

from collections.abc import Callable
from typing import Any

from training.job import Job
from training.methods.distilling import distil
from training.methods.fine_tuning import finetune
from training.methods.label_names import score_label_names
from training.methods.scoring import score

__all__ = ["METHODS", "score_label_names"]

METHODS: dict[str, Callable[[Job], dict[str, Any]]] = {"finetune": finetune, "score": score, "distil": distil}
