"""Annotations as no browser sends them to Label Studio: a seeded stream of rows of an export, most of them hostile."""

import json
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

from labeling.widgets import widget_of
from studies.task_types import TASK_TYPES

VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**31,
    2**63,
    10**400,
    -0.0,
    1e300,
    float("nan"),
    float("inf"),
    float("-inf"),
    "",
    " ",
    "0",
    "99999999999",
    "\x00",
    "\ud800",
    "good\x00",
    "٣",
    "x" * 100_000,
    "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999-12:00",
    "2026-11-22T15:02:10",
    "not-a-uuid",
    "00000000-0000-0000-0000-000000000000",
    "{8df9d5d8792345ad8e2f6b44672214ad}",
    [],
    {},
    [[]],
    [None],
    [{}],
    {"id": None},
    {"id": "3"},
    {"id": {"id": 3}},
    [{"from_name": "label", "value": None}],
    [{"from_name": "label", "value": {"choices": None}}],
    [{"from_name": "label", "value": {"choices": [["good"]]}}],
    [{"from_name": "label", "value": {"choices": [float("nan")]}}],
    [{"from_name": "label", "value": {"choices": ["good", "bad"]}}],
    [{"from_name": ["label"], "value": {"choices": ["good"]}}],
    [{"from_name": "label", "value": {"choices": ["\ud83d"]}}],
    [{"from_name": "label", "value": {"choices": ["good\x00"]}, "\x00": "\udfff"}],
)
FIELDS = ("unique_id", "id", "completed_by", "updated_by", "was_cancelled", "result", "lead_time", "created_at")
ALL_FIELDS = (*FIELDS, "updated_at", "import_id", "ground_truth")
PEOPLE = (1, 2, 3, 9)


def deep(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


def good_row(draw: random.Random, number: int, value: str = "good") -> dict[str, Any]:
    """An annotation as Label Studio's page sends it."""
    person = draw.choice(PEOPLE)
    made_at = f"2026-11-22T15:{number // 60 % 60:02}:{number % 60:02}.{number:06}Z"
    return {
        "id": number,
        "unique_id": str(UUID(int=draw.getrandbits(128), version=4)),
        "completed_by": person,
        "updated_by": person,
        "was_cancelled": draw.random() < 0.1,
        "result": widget_of(TASK_TYPES["text_classification"]).result(target=value, fields={}),
        "lead_time": 4.5,
        "created_at": made_at,
        "updated_at": made_at,
        "import_id": None,
        "ground_truth": False,
    }


def odd_rows(*, seed: int, count: int) -> Iterator[Any]:
    """Spoil one to three fields of each row; a few are no rows at all, and one in ten is left as it is."""
    draw = random.Random(seed)
    seen: list[str] = []
    for number in range(1, count + 1):
        row: Any = good_row(draw, number, draw.choice(("good", "bad", "ugly")))
        kind = draw.random()
        if kind < 0.02:
            row = draw.choice(VALUES)
        elif kind < 0.9:
            for name in draw.sample(ALL_FIELDS, draw.randint(1, 3)):
                row[name] = deep(draw.choice((40, 60, 900))) if draw.random() < 0.05 else draw.choice(VALUES)
                if draw.random() < 0.1:
                    del row[name]
        if isinstance(row, dict) and seen and draw.random() < 0.05:
            row["unique_id"] = draw.choice(seen)
        if isinstance(row, dict) and isinstance(row.get("unique_id"), str):
            seen.append(row["unique_id"])
        yield row


def odd_bodies(*, seed: int, count: int) -> Iterator[str]:
    """Write requests' bodies as JSON texts: a good answer with one to three fields spoilt, or no object at all."""
    draw = random.Random(seed)
    for number in range(1, count + 1):
        body: Any = {name: good_row(draw, number)[name] for name in ("result", "lead_time")}
        # A new one each time: Label Studio still has those of an earlier run, and would refuse them.
        body["unique_id"] = str(uuid4())
        if draw.random() < 0.05:
            body = draw.choice(VALUES)
        else:
            for name in draw.sample(
                (*ALL_FIELDS, "task", "project", "draft_id", "parent_annotation"), draw.randint(1, 3)
            ):
                body[name] = deep(draw.choice((40, 300))) if draw.random() < 0.1 else draw.choice(VALUES)
            if draw.random() < 0.1:
                body.pop("result", None)
        yield json.dumps(body)
