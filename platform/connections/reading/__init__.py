"""What a reply says of an example: probabilities of labels, entities, a text, or why there is none of them. Pure."""

from connections.reading.replies import Reading, pooled, read_answer

__all__ = ["Reading", "pooled", "read_answer"]
