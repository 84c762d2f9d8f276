import json

import pytest

from labeling.widgets import widget_of
from studies.models import Study
from studies.segmentation import is_marked_by_characters
from studies.task_types import TASK_TYPES
from tests import factories

pytestmark = pytest.mark.django_db


def entities(*rows: tuple[str, tuple[int, int] | None]) -> Study:
    """A study of entities with these texts, each with a span where one is given."""
    study = factories.study(task_type="entity_extraction", labels=["City"])
    for text, span in rows:
        spans = [{"start": span[0], "end": span[1], "label": "City"}] if span else []
        factories.examples(study, [text], labels=[json.dumps(spans)])
    return study


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("in Oslo", (3, 7))], False),
        ([("東京で", None)], True),
        ([("서울에서", None)], True),
        ([("in Osloer Straße", (3, 7))], True),
        ([], False),
    ],
)
def test_it_goes_by_the_first_examples(rows: list[tuple[str, tuple[int, int] | None]], expected: bool) -> None:
    assert is_marked_by_characters(entities(*rows)) is expected


def test_only_spans_are_marked() -> None:
    study = factories.study()
    factories.examples(study, ["東京で"])
    assert not is_marked_by_characters(study)


@pytest.mark.parametrize(("by_characters", "granularity"), [(True, "symbol"), (False, "word")])
def test_label_studio_is_told(by_characters: bool, granularity: str) -> None:
    config = widget_of(TASK_TYPES["entity_extraction"]).config(labels=["City"], by_characters=by_characters)
    assert f'granularity="{granularity}"' in config
