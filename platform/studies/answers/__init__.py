"""The forms of an answer, and where its spans are in a text."""

from studies.answers.forms import FORMS, AnswerInvalid, in_one_line

__all__ = ["FORMS", "AnswerInvalid", "in_one_line"]
