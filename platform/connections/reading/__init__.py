"""What a reply says of an example: probabilities of labels, entities, a text, or why there is none of them. Pure."""

from connections.reading.replies import LEAST_LABEL_MASS, Reading, pooled, read_answer

__all__ = ["LEAST_LABEL_MASS", "Reading", "pooled", "read_answer"]
