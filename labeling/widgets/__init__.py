"""How Label Studio asks for an answer: its labelling interfaces, and what annotators make with them."""

from labeling.widgets.base import Result, ResultInvalid, Widget
from labeling.widgets.choices import Choices, MultipleChoices
from labeling.widgets.spans import Spans
from labeling.widgets.writing import Answering, Writing
from studies.task_types import TaskType

__all__ = [
    "WIDGETS",
    "Answering",
    "Choices",
    "MultipleChoices",
    "Result",
    "ResultInvalid",
    "Spans",
    "Widget",
    "Writing",
    "widget_of",
]

WIDGETS: dict[str, type[Widget]] = {
    "choices": Choices,
    "multiple_choices": MultipleChoices,
    "spans": Spans,
    "writing": Writing,
    "answering": Answering,
}


def widget_of(task_type: TaskType) -> Widget:
    return WIDGETS[task_type.widget](task_type.input_fields)
