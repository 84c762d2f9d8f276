"""What labelling must be able to do for one kind of problem."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

Result = list[dict[str, Any]]


class ResultInvalid(ValueError):
    """An annotation's result is no answer to what was asked; the message says what is wrong with it."""


class LabelingTaskType(ABC):
    """One kind of problem as Label Studio shows it; a new one is a file here and a line in `LABELING_TASK_TYPES`."""

    name: ClassVar[str]
    input_fields: ClassVar[tuple[str, ...]]

    @abstractmethod
    def config(self, *, labels: Sequence[str], instructions: str = "") -> str:
        """Build the labelling configuration (XML) for a label set, in its order."""

    @abstractmethod
    def target(self, *, result: Any, labels: Sequence[str]) -> str:
        """Read what an annotator answered. Raises: ResultInvalid."""

    @abstractmethod
    def result(self, *, target: str) -> Result:
        """Write a target as an annotator's answer, for predictions and for replay."""

    def data(self, *, fields: Mapping[str, str]) -> dict[str, str]:
        """Pick the fields that Label Studio shows."""
        return {name: fields[name] for name in self.input_fields}
