"""Answers that a language model gave elsewhere, into the soft-label store: rows without one are left out."""

from training.methods.answered.storing import store_answers

__all__ = ["store_answers"]
