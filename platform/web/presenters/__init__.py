"""What pages show, prepared for templates."""

from web.presenters.answers import shown
from web.presenters.holds import held_for
from web.presenters.previews import SHOWN, is_as_shown, shown_as
from web.presenters.queries import earned, num_publishable, study_rows
from web.presenters.quotes import label_price
from web.presenters.run_quotes import quote_runs
from web.presenters.stops import stopped, would_stop
from web.presenters.wording import action_in_words, key_in_words, model_name, recorded_value

__all__ = [
    "SHOWN",
    "action_in_words",
    "earned",
    "held_for",
    "is_as_shown",
    "key_in_words",
    "label_price",
    "model_name",
    "num_publishable",
    "quote_runs",
    "recorded_value",
    "shown",
    "shown_as",
    "stopped",
    "study_rows",
    "would_stop",
]
