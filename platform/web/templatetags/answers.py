"""Answers as people read them: labels, and the parts of the text that they are given to."""

from typing import Any

from django import template

from labeling.models import Annotation
from studies.models import Label

register = template.Library()

SHOWN_PARTS = 8


@register.inclusion_tag("web/label.html")
def show_answer(one: Annotation | Label | None) -> dict[str, Any]:
    """Take the answer of a label or an annotation apart; none where it has none."""
    if one is None or not one.value:
        return {"has_answer": False}
    definition = one.example.study.definition
    parts = definition.parts(answer=one.value, fields=one.example.fields)
    return {
        "has_answer": True,
        "is_list": definition.is_list,
        "is_written": not definition.has_labels,
        "parts": parts[:SHOWN_PARTS],
        "num_more": max(len(parts) - SHOWN_PARTS, 0),
        "nothing": definition.nothing,
    }
