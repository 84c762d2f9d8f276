"""Bodies that no page sends, posted and patched in the real Label Studio, beside somebody's ordinary work."""

from collections import Counter

import httpx
import pytest

from accounts.models import Role
from labeling.models import Annotation
from labeling.sync import sync_all, sync_study
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import Enter, Member, is_exact, published_ids, spent_and_held, stopped, synced
from tests.odd_annotations import odd_bodies

pytestmark = pytest.mark.django_db
State = Annotation.State
NUM_BODIES = 200
JSON = {"Content-Type": "application/json"}


def send(member: Member, method: str, path: str, body: str) -> int:
    """Send a body as it is; Label Studio may refuse it, and fails at some."""
    try:
        return member.http.request(method, path, content=body, headers=JSON).status_code
    except httpx.RemoteProtocolError:
        return 0


def assert_all_is_well(study: Study) -> None:
    assert sync_study(actor=study.created_by, study=study).error == ""
    accepted = Annotation.objects.filter(example__study=study, state=State.ACCEPTED)
    assert set(Counter(accepted.values_list("example", "annotator")).values()) <= {1}
    before = list(Annotation.objects.order_by("pk").values())
    assert sync_study(actor=study.created_by, study=study).num_changed == 0
    assert list(Annotation.objects.order_by("pk").values()) == before
    assert is_exact(study)


def test_posted_ones_keep_nobody_from_being_paid(study: Study, annotator: Member, enter: Enter) -> None:
    first, second, third = published_ids(study)
    statuses: Counter[int] = Counter()
    for number, body in enumerate(odd_bodies(seed=11, count=NUM_BODIES)):
        statuses[send(annotator, "POST", f"/api/tasks/{(first, second)[number % 2]}/annotations", body)] += 1
    enter(factories.person(Role.ANNOTATOR)).annotate(third, "bad")
    assert statuses[201] > NUM_BODIES / 20
    assert_all_is_well(study)
    paid = Annotation.objects.get(example__publication__label_studio_id=third)
    assert (paid.state, paid.value) == (State.ACCEPTED, "bad")
    stopped(study)
    assert spent_and_held(study)[1] == "0.00"


def test_patched_ones_keep_nobody_from_being_paid(study: Study, annotator: Member, enter: Enter) -> None:
    first, second, third = published_ids(study)
    answers = [annotator.annotate(first).json()["id"], annotator.annotate(second, "ugly").json()["id"]]
    enter(factories.person(Role.ANNOTATOR)).annotate(third, "bad")
    for number, body in enumerate(odd_bodies(seed=12, count=NUM_BODIES)):
        send(annotator, "PATCH", f"/api/annotations/{answers[number % 2]}", body)
        if number % 20 == 0:
            sync_all()
            assert is_exact(study)
    assert_all_is_well(study)
    states = [one.state for one in synced(study) if one.example.publication.label_studio_id in (first, third)]
    assert states == [State.ACCEPTED, State.ACCEPTED]
