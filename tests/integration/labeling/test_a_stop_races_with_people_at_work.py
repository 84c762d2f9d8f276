"""People who open, answer and draft as fast as they can while a stop comes."""

import threading
from collections import Counter
from collections.abc import Sequence

import pytest

from accounts.models import Role
from budgets.models import LedgerEntry
from labeling.queries import status
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import Enter, Member, is_exact, project_id, resumed, stopped, synced
from tests.labelling import published_study
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
NUM_EXAMPLES = 60


def work(member: Member, project: int, done: threading.Event, answered: list[int]) -> None:
    """Open the next example and answer it, until told to stop; what is open then stays so."""
    query: dict[str, str | int] = {"id": "next_task", "project": project}
    while not done.is_set():
        given = member.http.post("/api/dm/actions", params=query, json={})
        if given.status_code == 200 and not done.is_set():
            answer = member.annotate(given.json()["id"])
            if answer.status_code == 201:
                answered.append(given.json()["id"])


def at_work(members: Sequence[Member], study: Study) -> list[int]:
    """Stop the study while everybody works. Returns: what Label Studio took of their answers."""
    done, answered = threading.Event(), list[int]()
    people = [threading.Thread(target=work, args=(one, project_id(study), done, answered)) for one in members]
    for one in people:
        one.start()
    while len(answered) < len(members) * 2:
        done.wait(0.05)
    stopped(study)
    done.wait(1)
    done.set()
    for one in people:
        one.join()
    return answered


def test_every_answer_that_was_taken_is_paid_and_after_a_stop_at_most_one_each(
    label_studio: LabelStudioServer, enter: Enter
) -> None:
    study = published_study(*(f"text {number}" for number in range(NUM_EXAMPLES)))
    members = [enter(factories.person(Role.ANNOTATOR)) for _ in range(4)]
    answered = at_work(members, study)
    synced(study)
    paid = LedgerEntry.objects.filter(budget=study.budget)
    assert len(answered) == len(set(answered)) == paid.count()
    overshoot = Counter(paid.filter(overshoot=True).values_list("payee", flat=True))
    assert all(count == 1 for count in overshoot.values())
    stop = status(study).stop
    assert stop is not None and stop.num_kept <= len(members)
    assert [member.open_next(study) for member in members].count(None) == len(members) - stop.num_kept
    assert is_exact(study)
    resumed(study)
    assert status(study).published == NUM_EXAMPLES
    assert is_exact(study)
