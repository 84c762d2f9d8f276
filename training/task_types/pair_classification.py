"""Two texts, one of several labels for how they stand to each other."""

from __future__ import annotations

from training.task_types.text_classification import TextClassification


class PairClassification(TextClassification):
    """Assigns a label to a pair (claim and evidence, two sentences), read together as two segments."""

    name = "pair_classification"
    title = "Pair classification"
    input_fields = ("text_a", "text_b")
