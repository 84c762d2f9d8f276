"""Overlap: how many answers Label Studio asks for of each example. Set by Fulcrum, which knows how many it accepts."""

from collections import defaultdict
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from tasks.models import Annotation, Task

from labeling.server.projects.closing import project_of

MAX_ANSWERS = 1_000_000


@api_view(["POST"])
def list_examples(request: Request) -> Response:
    """List all examples of a project: id, time of the last change, answers asked for, answers and skips there."""
    counts = {
        "num_answers": Count("annotations", filter=Q(annotations__was_cancelled=False)),
        "num_skips": Count("annotations", filter=Q(annotations__was_cancelled=True)),
    }
    tasks = Task.objects.filter(project=project_of(request)).order_by("pk").annotate(**counts)
    rows = tasks.values_list("pk", "updated_at", "overlap", *counts)
    return Response({"examples": [[pk, changed.isoformat(), *numbers] for pk, changed, *numbers in rows]})


@api_view(["POST"])
@transaction.atomic
def set_overlap(request: Request) -> Response:
    """Set how many answers each example asks for, existing ones included. May be repeated."""
    project, wanted = project_of(request), _wanted(request)
    tasks = Task.objects.filter(project=project, pk__in=wanted)
    found = list(tasks.select_for_update().order_by("pk").values_list("pk", flat=True))
    answers = Annotation.objects.filter(task__in=found, was_cancelled=False)
    there = dict(answers.order_by().values_list("task").annotate(Count("pk")))
    alike: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for pk in found:
        alike[wanted[pk], there.get(pk, 0) >= wanted[pk]].append(pk)
    for (overlap, is_labeled), pks in alike.items():
        # Not by save(), which would make each a change that Fulcrum has to look at.
        Task.objects.filter(pk__in=pks).update(overlap=overlap, is_labeled=is_labeled)
    return Response({})


def _wanted(request: Request) -> dict[int, int]:
    given = request.data.get("overlap")
    if not isinstance(given, list) or not all(_is_pair(one) for one in given):
        raise ValidationError({"overlap": ["This is not a list of pairs of an id and a number."]})
    return dict(given)


def _is_pair(one: Any) -> bool:
    is_pair = isinstance(one, list) and len(one) == 2 and all(type(part) is int for part in one)
    return is_pair and 0 <= one[1] <= MAX_ANSWERS
