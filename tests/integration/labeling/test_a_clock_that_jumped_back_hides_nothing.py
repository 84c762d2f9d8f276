"""Label Studio's clock tells nothing about what is new: whatever differs from what was merged is fetched."""

import psycopg
import pytest

from embedded import postgres
from labeling.models import Annotation
from studies.models import Study
from tests.integration.labeling.conftest import Member, published_ids, spent_and_held, synced
from tests.services import PATHS

pytestmark = pytest.mark.django_db


def set_clock_back(example_id: int) -> None:
    """Date an example's last change, and its annotations', as a clock would that jumped back by a day."""
    with psycopg.connect(postgres.database_url(paths=PATHS, name=postgres.LABEL_STUDIO)) as connection:
        for table, column in (("task", "id"), ("task_completion", "task_id")):
            connection.execute(
                f"UPDATE {table} SET updated_at = updated_at - interval '1 day' WHERE {column} = %s", [example_id]
            )


def test_an_annotation_whose_time_lies_behind_is_found_at_the_next_sync(study: Study, annotator: Member) -> None:
    first, second, _ = published_ids(study)
    annotator.annotate(first)
    synced(study)
    annotator.annotate(second)
    set_clock_back(second)
    assert len(synced(study)) == 2
    assert spent_and_held(study) == ("0.20", "0.10")


def test_an_edit_whose_time_lies_behind_is_found_at_the_next_sync(study: Study, annotator: Member) -> None:
    made = annotator.annotate(published_ids(study)[0], "good").json()
    synced(study)
    annotator.edit(made["id"], "bad")
    set_clock_back(published_ids(study)[0])
    synced(study)
    assert Annotation.objects.get().value == "bad"


def test_an_example_that_vanished_is_found_at_the_next_sync(study: Study, annotator: Member) -> None:
    with psycopg.connect(postgres.database_url(paths=PATHS, name=postgres.LABEL_STUDIO)) as connection:
        connection.execute("DELETE FROM task WHERE id = %s", [published_ids(study)[0]])
    synced(study)
    assert spent_and_held(study) == ("0.00", "0.20")
