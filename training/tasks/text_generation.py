"""One text, another text made from it: a paraphrase, a summary, a translation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from tables.signs import clean
from training.answers import (
    BaselineAnswers,
    Floats,
    MetricTally,
    Rows,
    Similarity,
    Written,
    overlap_scores,
    overlap_table,
    rouge_l,
    tally_from_table,
    written_to_json,
)
from training.tasks.base import TaskType
from training.tasks.written import WrittenAnswerType

COPIED = "Imported although the text to write is the source itself"


class TextGenerationType(WrittenAnswerType):
    """Writes a text from a source text; several texts may be right, which are its references.

    BERT-iBLEU is among its scores where a `similarity` measures how alike texts are.
    """

    name = "text_generation"
    title = "Text generation"
    input_fields: ClassVar[tuple[str, ...]] = ("text",)
    usual_columns: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "text": ("source", "input", "original", "article", "document"),
        "label": ("target", "paraphrase", "summary", "translation", "references", "reference", "output"),
    }
    metrics = ("bleu", "chrf", "rouge_l", "harmonic_ibleu", "bert_ibleu", "not_copied")
    metrics_of_examples = ("rouge_l",)
    metrics_beside = ("not_copied",)
    metrics_of_texts = ("harmonic_ibleu", "bert_ibleu", "not_copied")
    page_score = "mean ROUGE-L"
    agreement_measure = "ROUGE-L of texts"
    asks = "For each text another text is written, such as a paraphrase, a summary or a translation."
    in_a_file = 'the text itself, or a JSON list of texts that are all right, ["a text", "another"]'

    def __init__(self, similarity: Similarity | None = None) -> None:
        self.similarity = similarity

    def measured_with(self, similarity: Similarity) -> TaskType:
        return TextGenerationType(similarity)

    @property
    def measured_by(self) -> Mapping[str, str]:
        return {} if self.similarity is None else {"bert_ibleu": self.similarity.name}

    def similarities(self, *, rows: Rows, predicted: Sequence[str | None]) -> list[float | None]:
        found: list[float | None] = [None] * len(predicted)
        answered = [row for row, answer in enumerate(predicted) if answer is not None]
        if self.similarity is None or not answered:
            return [] if self.similarity is None else found
        sources = [rows.columns["text"][row] for row in answered]
        written = [self._one(predicted[row] or "") for row in answered]
        for row, alike in zip(answered, self.similarity(sources=sources, written=written), strict=True):
            found[row] = float(alike)
        return found

    def read_cell(
        self, *, cell: str, cells: Mapping[str, str], labels: Sequence[str], remarks: Counter[str] | None = None
    ) -> str:
        answer = super().read_cell(cell=cell, cells=cells, labels=labels)
        if remarks is not None and clean(cells["text"]) in self.texts(answer):
            remarks[COPIED] += 1
        return answer

    def example_score(self, *, gold: str, predicted: str | None) -> float:
        return 0.0 if predicted is None else rouge_l(written=self._one(predicted), references=self.texts(gold))

    def tally(self, *, rows: Rows, predicted: Sequence[str | None], labels: Sequence[str]) -> MetricTally:
        return tally_from_table(
            overlap_table(
                sources=rows.columns["text"],
                references=[self.texts(answer) for answer in rows.labelled()],
                written=[None if answer is None else self._one(answer) for answer in predicted],
                similarity=self.similarity,
            )
        )

    def score(self, *, totals_RK: Floats) -> dict[str, Floats]:
        return overlap_scores(totals_RK)

    def baselines(self, *, train: Rows, test: Rows, labels: Sequence[str]) -> dict[str, BaselineAnswers]:
        """Answer as written answers are answered, and with the source itself."""
        return {**super().baselines(train=train, test=test, labels=labels), "source": _copied_sources(test)}


def _copied_sources(rows: Rows) -> BaselineAnswers:
    return BaselineAnswers(
        label="the source, copied", predicted=[written_to_json([Written(text)]) for text in rows.columns["text"]]
    )
