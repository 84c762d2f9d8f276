"""What pages show, prepared for templates."""

from web.presenters.amounts import money, money_text
from web.presenters.answers import shown, shown_differences, shown_scores
from web.presenters.drawings import with_marks
from web.presenters.label_quotes import number_typed, quote_publishing
from web.presenters.queries import earned, held_for, label_price, num_publishable, study_rows
from web.presenters.run_quotes import quote_runs
from web.presenters.stops import stopped, would_stop
from web.presenters.students import student_rows
from web.presenters.wording import action_in_words, key_in_words, model_name, recorded_value

__all__ = [
    "action_in_words",
    "earned",
    "held_for",
    "key_in_words",
    "label_price",
    "model_name",
    "money",
    "money_text",
    "num_publishable",
    "number_typed",
    "quote_publishing",
    "quote_runs",
    "recorded_value",
    "shown",
    "shown_differences",
    "shown_scores",
    "stopped",
    "student_rows",
    "study_rows",
    "with_marks",
    "would_stop",
]
