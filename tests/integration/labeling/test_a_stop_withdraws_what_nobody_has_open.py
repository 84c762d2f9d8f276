"""What becomes of a study's examples in a real Label Studio when its budget stops."""

import pytest
from pytest_django import Settings

from accounts.models import Role
from budgets.ledger import BudgetStopped
from budgets.models import LedgerEntry
from labeling.label_studio import LabelStudioClient, Withdrawal
from labeling.models import Annotation, Publication
from labeling.publishing import publish
from labeling.queries import status, work_waiting
from labeling.sign_in import enter_url
from labeling.withdraw import follow_stops
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import (
    Enter,
    Member,
    is_exact,
    project_id,
    published_ids,
    spent_and_held,
    stopped,
    synced,
)
from tests.labelling import published_study
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
State = Annotation.State


def there(client: LabelStudioClient, study: Study) -> set[int]:
    return {one.id for one in client.examples(project_id=project_id(study))}


def test_what_nobody_opened_is_deleted_and_its_money_comes_back(study: Study, client_of: LabelStudioClient) -> None:
    project = stopped(study)
    assert there(client_of, study) == set()
    assert spent_and_held(study) == ("0.00", "0.00")
    assert {hold.close_reason for hold in study.budget.holds.all()} == {"withdrawn: Enough"}
    assert project.withdrawn_at is not None and project.last_error == ""


def test_what_a_person_has_open_is_kept_and_paid_as_overshoot(study: Study, annotator: Member) -> None:
    opened = annotator.open_next(study)
    assert opened is not None
    stopped(study)
    assert spent_and_held(study) == ("0.00", "0.10")
    assert annotator.open_next(study) == opened
    assert annotator.annotate(opened).status_code == 201
    (annotation,) = synced(study)
    assert annotation.entry is not None and annotation.entry.overshoot
    assert spent_and_held(study) == ("0.10", "0.00")
    assert is_exact(study)


def test_after_what_was_open_nothing_more_can_be_opened(study: Study, annotator: Member, enter: Enter) -> None:
    opened = annotator.open_next(study)
    stopped(study)
    annotator.annotate(opened or 0)
    assert annotator.open_next(study) is None
    assert enter(factories.person(Role.ANNOTATOR)).open_next(study) is None


def test_a_manager_cannot_open_a_new_example_either(study: Study, enter: Enter) -> None:
    stopped(study)
    assert enter(factories.person(Role.MANAGER)).open_next(study) is None


def test_a_draft_counts_as_open_and_of_several_the_latest_is_kept(study: Study, annotator: Member) -> None:
    first, second, _ = published_ids(study)
    for example in (first, second):
        annotator.http.post(f"/api/tasks/{example}/drafts", json={"result": [], "lead_time": 1})
    stopped(study)
    assert spent_and_held(study) == ("0.00", "0.10")
    assert annotator.annotate(first).status_code in (403, 404)
    assert annotator.annotate(second).status_code == 201


def test_a_half_answered_example_stays_but_cannot_be_opened(
    label_studio: LabelStudioServer, annotator: Member, enter: Enter, client_of: LabelStudioClient
) -> None:
    study = published_study("one", annotations_per_example=2)
    (example,) = published_ids(study)
    annotator.annotate(example)
    stopped(study)
    other = enter(factories.person(Role.ANNOTATOR))
    assert there(client_of, study) == {example}
    assert other.open_next(study) is None
    assert other.http.get(f"/api/tasks/{example}").status_code == 403
    assert "stopped: Enough" in other.annotate(example).text
    assert annotator.http.get(f"/api/tasks/{example}").status_code == 200
    assert spent_and_held(study) == ("0.10", "0.00")


def test_what_was_submitted_before_the_stop_is_paid_though_nobody_had_fetched_it(
    study: Study, annotator: Member
) -> None:
    annotator.annotate(published_ids(study)[0])
    stopped(study)
    assert spent_and_held(study) == ("0.10", "0.00")
    assert not LedgerEntry.objects.get().overshoot


def test_following_a_stop_again_changes_nothing(study: Study, annotator: Member) -> None:
    annotator.open_next(study)
    before = stopped(study)
    follow_stops()
    after = status(study)
    assert after.last_synced_at == before.last_synced_at
    assert spent_and_held(study) == ("0.00", "0.10")


def test_a_withdrawal_that_was_killed_half_way_is_ended_by_the_next(
    study: Study, annotator: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = annotator.open_next(study)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("labeling.withdraw.stops._release_all", killed)
        stopped(study)
    assert spent_and_held(study) == ("0.00", "0.30")
    follow_stops()
    assert spent_and_held(study) == ("0.00", "0.10")
    assert annotator.open_next(study) == opened


def killed(*_: object, **__: object) -> int:
    raise KeyboardInterrupt


def test_while_label_studio_is_down_the_reason_is_shown_and_it_is_tried_again(
    study: Study, label_studio: LabelStudioServer, settings: Settings
) -> None:
    settings.LABEL_STUDIO_URL = "http://127.0.0.1:9"
    assert "does not answer" in stopped(study).last_error
    assert spent_and_held(study) == ("0.00", "0.30")
    settings.LABEL_STUDIO_URL = label_studio.url
    follow_stops()
    assert spent_and_held(study) == ("0.00", "0.00")
    assert status(study).last_error == ""


def test_what_is_kept_open_too_long_is_given_back(
    study: Study, annotator: Member, settings: Settings, client_of: LabelStudioClient
) -> None:
    annotator.open_next(study)
    stopped(study)
    settings.KEPT_OPEN_HOURS = 0
    follow_stops()
    assert spent_and_held(study) == ("0.00", "0.00")
    assert there(client_of, study) == set()
    assert annotator.open_next(study) is None


def test_a_kept_example_that_is_skipped_gives_its_money_back(study: Study, annotator: Member) -> None:
    opened = annotator.open_next(study)
    stopped(study)
    annotator.skip(opened or 0)
    synced(study)
    follow_stops()
    assert spent_and_held(study) == ("0.00", "0.00")


def test_an_answer_that_raced_past_the_withdrawal_is_paid_once_per_person(
    study: Study, annotator: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = published_ids(study)
    stopped_behind_their_backs(study, monkeypatch)
    for example in (first, second):
        annotator.annotate(example)
    paid, surplus = synced(study)
    assert (paid.state, surplus.state) == (State.ACCEPTED, State.SURPLUS)
    assert paid.entry is not None and paid.entry.overshoot and paid.entry.hold is None
    assert "after the stop" in surplus.reason
    assert is_exact(study)


def stopped_behind_their_backs(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give everything back here while Label Studio still lets people answer."""

    def withdraw(client: LabelStudioClient, **_: object) -> Withdrawal:
        return Withdrawal(kept=(), left=frozenset(published_ids(study)))

    monkeypatch.setattr(LabelStudioClient, "withdraw", withdraw)
    stopped(study)
    assert spent_and_held(study) == ("0.00", "0.00")


def test_a_stopped_study_cannot_be_entered_but_by_who_has_something_open(
    study: Study, annotator: Member, enter: Enter
) -> None:
    annotator.open_next(study)
    stopped(study)
    assert [one.num_left for one in work_waiting(annotator.person)] == [1]
    assert enter_url(actor=annotator.person, study=study)
    other = factories.person(Role.ANNOTATOR)
    assert work_waiting(other) == []
    with pytest.raises(BudgetStopped, match="Enough"):
        enter_url(actor=other, study=study)


def test_a_stopped_study_publishes_nothing(study: Study) -> None:
    factories.examples(study, ["four"])
    stopped(study)
    with pytest.raises(BudgetStopped, match="Enough"):
        publish(actor=study.created_by, study=study)


def test_the_status_tells_what_was_withdrawn_and_who_keeps_what(study: Study, annotator: Member) -> None:
    annotator.open_next(study)
    stopped(study)
    stop = status(study).stop
    assert stop is not None and stop.is_standing and stop.is_done
    assert (stop.reason, stop.num_withdrawn, stop.num_kept, stop.num_people) == ("Enough", 2, 1, 1)
    assert Publication.objects.filter(withdrawn_at__isnull=False).count() == 2
