"""What a run can do, by the kind its spec names."""

from collections.abc import Callable
from typing import Any

from training.distil import distil
from training.finetune import finetune
from training.job import Job
from training.teacher import score

METHODS: dict[str, Callable[[Job], dict[str, Any]]] = {"finetune": finetune, "score": score, "distil": distil}
