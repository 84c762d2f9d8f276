"""What a task type is, without torch: its fields, its answers, its metrics, and answers that need no training."""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from training.answers import (
    NO_MATCH,
    SHOWN_CHARACTERS,
    AnswerInvalid,
    BaselineAnswers,
    Floats,
    GoldInvalid,
    Item,
    LabelledSpan,
    MetricTally,
    Rows,
    Similarity,
    compared_texts,
    constant_answer,
    f1_scores,
    joined_texts,
    most_frequent,
    nearest_texts,
    tally_items,
)

# How an encoder's tokens become one vector.
POOLINGS = ("mean", "first", "max")
# Reads the two texts of a pair apart.
BI_ENCODER = "bi_encoder"
# The segmentation of answers that are marked in a passage.
TOKEN = "token"
PAIR_POOLINGS = (*POOLINGS, BI_ENCODER)


class TaskType(ABC):
    """One kind of problem; a new one is a file here, a file in training.learners, and a line in each dict.

    An answer, gold or predicted, is a text in one form per task type, so that equal answers are equal texts: the label
    itself, or JSON. A model gives C outputs per unit; a unit is a row or a word of it. In all methods `labels` are the
    study's, in their order.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    input_fields: ClassVar[tuple[str, ...]]
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "macro_f1", "micro_f1")
    unit: ClassVar[str] = "row"
    poolings: ClassVar[tuple[str, ...]] = POOLINGS
    # Input fields that an example may lack; they are then empty.
    optional_fields: ClassVar[tuple[str, ...]] = ()
    # Other names that files give a field's column, and, as "label", the label's.
    usual_columns: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # What two people's answers to one example are compared by, in a few words.
    agreement_measure: ClassVar[str] = "equal labels"
    # Of `metrics`, those that ask for an example's text, and not only for what was answered to it.
    metrics_of_texts: ClassVar[tuple[str, ...]] = ()
    # What the scores of single examples come to, in a few words.
    page_score: ClassVar[str] = "accuracy"
    # Of `metrics`, those that are the mean of scores of single examples, as `score_of_example` gives them.
    metrics_of_examples: ClassVar[tuple[str, ...]] = ("accuracy",)
    # Of `metrics`, those that are reported beside the others and that no study may be measured by.
    metrics_beside: ClassVar[tuple[str, ...]] = ()
    # What chooses steps and settings on dev, where that is not the study's metric.
    dev_criterion: ClassVar[str] = ""
    # Whether answers are given from a study's labels, of which there are at least so many; else they are written.
    has_labels: ClassVar[bool] = True
    # Whether a model writes an answer, token by token.
    is_written: ClassVar[bool] = False
    min_labels: ClassVar[int] = 2
    # Of metrics whose usual title does not fit.
    metric_titles: ClassVar[Mapping[str, str]] = {}
    # What a model is told of a label that has a description; of one without, the label itself.
    label_template: ClassVar[str] = "{label}: {description}"
    # What annotators are asked, by which widget (a key of labeling.widgets.WIDGETS), and how a file has the answer.
    asks: ClassVar[str]
    widget: ClassVar[str]
    in_a_file: ClassVar[str]
    # What whoever writes an answer is told of it, where that is the same in every study.
    told_to_write: ClassVar[str] = ""
    # The field in which annotators mark parts, if any.
    marked_field: ClassVar[str] = ""
    # Whether an answer is a JSON list, and how an empty one is shown.
    is_list: ClassVar[bool] = False
    nothing: ClassVar[str] = ""
    # Whether one place of an example has one label at most, so that a wrong label stands for the right one.
    is_exclusive: ClassVar[bool] = True
    # What a text is cut into, where a unit is a part of it.
    segmentation: str = "word"

    def segmented(self, segmentation: str) -> "TaskType":
        """Return the same task type over units of one segmentation: word, character or TOKEN; else itself."""
        return self

    def answered_by(self, *, writes: bool) -> "TaskType":
        """Return the task type as a model answers it that writes, or one that only reads; mostly itself."""
        return self

    def measured_with(self, similarity: Similarity) -> "TaskType":
        """Return the same task type with what measures how alike texts are, where a metric asks for it; else itself."""
        return self

    @property
    def measured_by(self) -> Mapping[str, str]:
        """By metric, the checkpoint that measures it; empty where there is none."""
        return {}

    def similarities(self, *, rows: Rows, predicted: Sequence[str | None]) -> list[float | None]:
        """Return how alike each row and its answer are, None of no answer; empty where nothing measures it."""
        return []

    @property
    def can_be_marked(self) -> bool:
        """Whether a model that only reads can mark what one that writes would write."""
        return self.is_written and not self.answered_by(writes=False).is_written

    def segmentation_for(self, *, columns: Mapping[str, Sequence[str]], gold: Sequence[str]) -> str:
        """Choose the segmentation, word or character, in which training rows can be learned."""
        return "word"

    @property
    def utilities(self) -> tuple[str, ...]:
        """The metrics that a study may be measured by, its usual one first."""
        return tuple(name for name in self.metrics if name not in self.metrics_beside)

    def kept_together(self, fields: Mapping[str, str]) -> Mapping[str, str]:
        """Return what of an example's fields must not be in two splits."""
        return fields

    @abstractmethod
    def read_gold(
        self, *, gold: Sequence[Any], columns: Mapping[str, Sequence[str]], labels: Sequence[str]
    ) -> list[str]:
        """Check N values of a label column and return them as answers. Raises: GoldInvalid, with the row's number."""

    def read_answer(self, *, given: str, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        """Read one answer that a person gave to an example with these input fields. Raises: AnswerInvalid."""
        columns = {name: [text] for name, text in fields.items()}
        try:
            return self.read_gold(gold=[given], columns=columns, labels=labels)[0]
        except GoldInvalid as error:
            raise AnswerInvalid(f"it {error}") from None

    def read_cell(
        self, *, cell: str, cells: Mapping[str, str], labels: Sequence[str], remarks: Counter[str] | None = None
    ) -> str:
        """Read the answer in a row of a file, counting assumptions in `remarks`. Raises: AnswerInvalid."""
        return self.read_answer(given=cell, fields=cells, labels=labels)

    def parts(self, *, answer: str, fields: Mapping[str, str]) -> list[LabelledSpan]:
        return [LabelledSpan(label=answer)]

    def marked(self, *, answer: str, fields: Mapping[str, str]) -> list[LabelledSpan]:
        """Cut the text into its labelled parts and those between; [] where labels are given to the whole."""
        return []

    def one_line(self, *, answer: str, fields: Mapping[str, str]) -> str:
        shown = ", ".join(map(str, self.parts(answer=answer, fields=fields))) or self.nothing
        return shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}…"

    def example_score(self, *, gold: str, predicted: str | None) -> float:
        """Say how right an answer is to one example, 0 to 1."""
        return float(predicted == gold)

    def score_of_example(self, *, metric: str, gold: str, predicted: str) -> float:
        """Score one answer by one of `metrics_of_examples`, 0 to 1."""
        return self.example_score(gold=gold, predicted=predicted)

    def agreement(self, first: str, second: str) -> float:
        """Say how far two people's answers to one example agree, 0 to 1."""
        if not self.is_list:
            return float(first == second)
        parts = [{json.dumps(part) for part in json.loads(answer)} for answer in (first, second)]
        total = sum(map(len, parts))
        return 2 * len(parts[0] & parts[1]) / total if total else 1.0

    def json_pieces(self, label: str) -> list[str]:
        """Return texts of which every stored answer with this label contains one, and no other does."""
        return [label]

    def as_json(self, answer: str) -> Any:
        return json.loads(answer) if self.is_list else answer

    def prediction_as_json(self, answer: str) -> Any:
        """Return what a model answered, as whoever asks it over HTTP is to get it."""
        return self.as_json(answer)

    @abstractmethod
    def items(self, *, answer: str, place: Mapping[str, int]) -> frozenset[Item]:
        """Return what an answer consists of, for counting; `place` is each label's number."""

    @abstractmethod
    def as_text(self, *, answer: str, text: str, labels: Sequence[str] = ()) -> str:
        """Write an answer as a text-to-text model is to write it; `text` is the example's first input field."""

    @abstractmethod
    def from_text(self, *, generated: str, text: str, names: Mapping[str, str]) -> str | None:
        """Read what a model generated, None if no answer; `names` has the labels by how its tokenizer writes them."""

    def written_samples(self, labels: Sequence[str]) -> list[tuple[str, str]]:
        """Return pairs of a text and its answer that a tokenizer must be able to write and read back."""
        return [(label, label) for label in labels]

    def output_names(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Return what each of the C outputs of a unit means."""
        return tuple(labels)

    def is_varied(self, gold: Sequence[str]) -> bool:
        """Say whether there is anything to tell apart in gold answers."""
        return len(set(gold)) > 1

    def tally(self, *, rows: Rows, predicted: Sequence[str | None], labels: Sequence[str]) -> MetricTally:
        """Count, per labelled row, what the metrics need; sums over any resample give its metrics."""
        place = {label: index for index, label in enumerate(labels)}
        return tally_items(
            gold=[self.items(answer=answer, place=place) for answer in rows.labelled()],
            predicted=[None if answer is None else self.items(answer=answer, place=place) for answer in predicted],
            num_classes=len(labels),
        )

    def score(self, *, totals_RK: Floats) -> dict[str, Floats]:
        """Turn R sums of tallies into R values of 0 to 1 for each name in `metrics` that can be measured."""
        return f1_scores(totals_RK)

    def baselines(self, *, train: Rows, test: Rows, labels: Sequence[str]) -> dict[str, BaselineAnswers]:
        """Answer test rows by the most frequent training answer, and by that of the most similar training text."""
        train_gold, texts = train.labelled(), joined_texts(train)
        majority = most_frequent(train_gold, labels)
        places = compared_texts(num_train=len(train), num_test=len(test))
        alike = nearest_texts(train=[texts[place] for place in places], test=joined_texts(test))
        copied = [majority if row == NO_MATCH else train_gold[places[row]] for row in alike]
        of = "" if len(places) == len(train) else f", {len(places):,} of {len(train):,} compared"
        return {
            "majority": constant_answer(majority, len(test)),
            "copy": BaselineAnswers(label=f"most similar training text{of}", predicted=copied),
        }

    def constants(self, *, test: Rows, labels: Sequence[str]) -> list[BaselineAnswers]:
        """Return answers that ignore the text, among them the best one on test itself by each metric."""
        return [constant_answer(most_frequent(test.labelled(), labels), len(test))]
