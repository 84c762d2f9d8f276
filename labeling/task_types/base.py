"""What labelling must be able to do for one kind of problem."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

Result = list[dict[str, Any]]
Item = TypeVar("Item", bound=Hashable)


class ResultInvalid(Exception):
    """An annotation's result is not a valid answer; the message says why."""


class LabelingTaskType(ABC):
    """One kind of problem as Label Studio shows it; a new one is a file here and a line in `LABELING_TASK_TYPES`."""

    name: ClassVar[str]
    input_fields: ClassVar[tuple[str, ...]]
    takes_empty: ClassVar[bool] = False

    @abstractmethod
    def config(self, *, labels: Sequence[str], instructions: str = "", by_characters: bool = False) -> str:
        """Build the labelling configuration (XML) for a label set, in its order.

        Parameters: `by_characters` lets parts of words be marked, where parts of a text are.
        """

    @abstractmethod
    def target(self, *, result: Any, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        """Read what an annotator answered to an example. Raises: ResultInvalid."""

    @abstractmethod
    def result(self, *, target: str, fields: Mapping[str, str]) -> Result:
        """Write a target of an example as an annotator's answer, for predictions and for replay."""

    def data(self, *, fields: Mapping[str, str]) -> dict[str, str]:
        """Pick the fields that Label Studio shows."""
        return {name: fields[name] for name in self.input_fields}

    def agreed(self, *, targets: Sequence[str], labels: Sequence[str]) -> str:
        """Decide between answers to one example, earliest first: the one most gave; of equal ones, the earliest."""
        return Counter(targets).most_common(1)[0][0]


def of_majority(answers: Sequence[Sequence[Item]]) -> list[Item]:
    """Keep what more than half of the answers have; where exactly half have it, what the earliest one says of it."""
    counts = Counter(item for answer in answers for item in dict.fromkeys(answer))
    return [
        item
        for item, count in counts.items()
        if 2 * count > len(answers) or (2 * count == len(answers) and item in answers[0])
    ]
