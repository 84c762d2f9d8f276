"""Two texts, one of several labels for their relation."""

from training.tasks.base import PAIR_POOLINGS
from training.tasks.text_classification import TextClassificationType


class PairClassificationType(TextClassificationType):
    """Assigns a label to a pair (claim and evidence, two sentences)."""

    name = "pair_classification"
    title = "Pair classification"
    input_fields = ("text_a", "text_b")
    asks = "Two texts, as a claim and its evidence, get one of the labels for their relation."
    poolings = PAIR_POOLINGS
