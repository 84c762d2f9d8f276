"""What a prompt is made of: what a study says of its answers, labelled examples, and what a person chooses. Pure."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from config.refusals import Refusal
from connections.prompts.texts import PromptText

BALANCED, NEAREST = "balanced", "nearest"
CHOICES_OF_EXAMPLES = {
    BALANCED: "The same for every text, all labels about equally often",
    NEAREST: "Those most like the text, by TF-IDF",
}


class PromptImpossible(Refusal):
    """No prompt can be made for these labels and this connection."""


class AnswerForm(StrEnum):
    """What an answer is."""

    LABELS = "labels"  # one label, or those that apply
    ENTITIES = "entities"  # words of the text, each with a label
    TEXT = "text"  # a text that is written


class Method(StrEnum):
    """How an answer is kept to its form, and where its probabilities come from."""

    LETTERS = "letters"  # one letter per label; probabilities of the first token
    SCHEMA = "schema"  # JSON that a schema constrains; the stated confidence
    TEXT = "text"  # the label's own text, JSON that nothing constrains, or a written text; the stated confidence
    TOKENS = "tokens"  # a written text; the probabilities of its tokens


@dataclass(frozen=True, kw_only=True)
class LabelledExample:
    """An example that is shown with its answer: one label, or those that apply, or an `answer` as it is written."""

    fields: Mapping[str, str]
    labels: tuple[str, ...]
    answer: str = ""


@dataclass(frozen=True, kw_only=True)
class PromptSource:
    """What a prompt is made of.

    `meanings` have, by label, what is known beside its name. `asks` says what is to be written, where that is the same
    in every study of the task type.
    """

    labels: tuple[str, ...]
    meanings: Mapping[str, str]
    instructions: str
    is_exclusive: bool
    fields: tuple[str, ...]
    text: PromptText
    examples: tuple[LabelledExample, ...] = ()
    form: AnswerForm = AnswerForm.LABELS
    asks: str = ""


@dataclass(frozen=True, kw_only=True)
class PromptSettings:
    """What a person chooses of a prompt beside its text.

    `samples` answers are asked for where the server tells no probabilities of labels, at that `temperature`. A written
    text has at most `answer_length` tokens.
    """

    shots: int
    shots_by: str
    confidence: float
    samples: int
    temperature: float
    answer_length: int


def entities_as_json(named: Sequence[tuple[str, str]]) -> str:
    """Write entities, pairs of words and label in the order of the text, as a language model is to write them."""
    return json.dumps({"entities": [{"text": text, "label": label} for text, label in named]}, ensure_ascii=False)


def balanced(examples: Sequence[LabelledExample], *, num: int) -> tuple[LabelledExample, ...]:
    """Choose examples so that labels are shown about equally often: the first of each, then the second, and so on."""
    by_label: dict[tuple[str, ...], list[LabelledExample]] = defaultdict(list)
    for one in examples:
        by_label[one.labels].append(one)
    rounds = (group[place] for place in range(len(examples)) for group in by_label.values() if place < len(group))
    return tuple(one for one, _ in zip(rounds, range(num), strict=False))
