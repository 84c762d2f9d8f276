import pytest

from labeling.queries import status, work_done, work_waiting
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import Member, published_ids, synced

pytestmark = pytest.mark.django_db


def test_status_counts_what_became_of_the_annotations(study: Study, annotator: Member) -> None:
    first, second, third = published_ids(study)
    annotator.annotate(first)
    annotator.annotate(first)
    annotator.annotate(second, result=[], was_cancelled=True)
    annotator.annotate(third, "ugly")
    synced(study)
    found = status(study)
    assert (found.published, found.annotated, found.being_sent) == (3, 1, 0)
    assert (found.accepted, found.surplus, found.skipped, found.rejected) == (1, 1, 1, 1)
    assert found.last_synced_at is not None
    assert found.url.endswith(f"/projects/{study.labeling_project.label_studio_id}/data")


def test_work_waiting_shrinks_as_a_person_answers(study: Study, annotator: Member) -> None:
    (waiting,) = work_waiting(annotator.person)
    assert (waiting.study, waiting.num_left) == (study, 3)
    annotator.annotate(published_ids(study)[0])
    synced(study)
    assert [one.num_left for one in work_waiting(annotator.person)] == [2]
    assert [one.num_left for one in work_waiting(factories.person())] == [2]


def test_work_done_lists_what_was_paid(study: Study, annotator: Member) -> None:
    annotator.annotate(published_ids(study)[0])
    annotator.annotate(published_ids(study)[1], result=[], was_cancelled=True)
    synced(study)
    assert [str(one.pay) for one in work_done(annotator.person)] == ["0.000000", "0.100000"]


def test_a_study_that_was_never_published_has_a_status_too(db: None) -> None:
    found = status(factories.study())
    assert (found.published, found.url, found.last_error) == (0, "", "")
