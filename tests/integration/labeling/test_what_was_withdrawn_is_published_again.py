import pytest

from accounts.models import Role
from budgets.limits import resume, set_limit, stop_everything, top_up
from labeling.label_studio import LabelStudioClient
from labeling.models import Annotation, LabelingProject
from labeling.publishing import publish
from labeling.queries import status
from labeling.withdraw import follow_stops
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import (
    Enter,
    Member,
    is_exact,
    project_id,
    published_ids,
    resumed,
    spent_and_held,
    stopped,
    synced,
)
from tests.labelling import published_study
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
ALL = 3


def uids(client: LabelStudioClient, study: Study) -> list[str]:
    tasks = client.sdk.tasks.list(project=project_id(study))
    return sorted(task.data["item_uid"] for task in tasks)


def test_after_a_resume_each_example_is_published_again_once_with_new_holds(
    study: Study, annotator: Member, client_of: LabelStudioClient
) -> None:
    stopped(study)
    project = resumed(study)
    assert (project.closed_at, project.withdrawn_at) == (None, None)
    assert uids(client_of, study) == sorted(str(one.uid) for one in study.examples.all())
    assert spent_and_held(study) == ("0.00", "0.30")
    again = study.budget.holds.filter(closed_at__isnull=True).values_list("source_key", flat=True)
    assert all(key.endswith(":1:2") for key in again)
    annotator.annotate(published_ids(study)[0])
    assert [one.state for one in synced(study)] == [Annotation.State.ACCEPTED]
    assert is_exact(study)


def test_what_was_kept_open_goes_on_as_if_nothing_had_been(study: Study, annotator: Member) -> None:
    opened = annotator.open_next(study)
    stopped(study)
    resumed(study)
    assert annotator.open_next(study) == opened
    annotator.annotate(opened or 0)
    (annotation,) = synced(study)
    assert annotation.entry is not None and not annotation.entry.overshoot
    assert spent_and_held(study) == ("0.10", "0.20")


def test_only_as_many_as_the_money_takes_come_back_the_first_in_rank_first(
    study: Study, client_of: LabelStudioClient
) -> None:
    stopped(study)
    set_limit(actor=factories.person(), budget=study.budget, limit="0.25")
    resumed(study)
    first = study.examples.order_by("rank")[:2]
    assert uids(client_of, study) == sorted(str(one.uid) for one in first)
    assert spent_and_held(study) == ("0.00", "0.20")


def test_an_exhausted_budget_goes_on_by_a_top_up(
    label_studio: LabelStudioServer, annotator: Member, client_of: LabelStudioClient
) -> None:
    study = factories.study(limit="0.20")
    factories.examples(study, ["one", "two"])
    publish(actor=study.created_by, study=study)
    for example in published_ids(study):
        annotator.annotate(example)
    synced(study)
    follow_stops()
    stop = status(study).stop
    assert stop is not None and stop.reason == "All of it is spent"
    factories.examples(study, ["three"])
    top_up(actor=factories.person(), budget=study.budget, amount="0.10")
    follow_stops()
    assert status(study).stop is None
    assert publish(actor=study.created_by, study=study).num_published == 1
    assert annotator.open_next(study) is not None


def half_answered(annotator: Member) -> Study:
    study = published_study("one", annotations_per_example=2)
    annotator.annotate(published_ids(study)[0])
    stopped(study)
    return study


def test_a_half_answered_example_is_asked_for_again_where_it_is(
    label_studio: LabelStudioServer, annotator: Member, enter: Enter, client_of: LabelStudioClient
) -> None:
    study = half_answered(annotator)
    (before,) = published_ids(study)
    resumed(study)
    assert published_ids(study) == [before]
    assert len(uids(client_of, study)) == 1
    other = enter(factories.person(Role.ANNOTATOR))
    assert other.open_next(study) == before
    other.annotate(before)
    assert [one.state for one in synced(study)] == [Annotation.State.ACCEPTED] * 2
    assert spent_and_held(study) == ("0.20", "0.00")


def test_a_half_answered_example_without_money_stays_shut_until_there_is_some(
    label_studio: LabelStudioServer, annotator: Member, enter: Enter
) -> None:
    study = half_answered(annotator)
    set_limit(actor=factories.person(), budget=study.budget, limit="0.15")
    resumed(study)
    other = enter(factories.person(Role.ANNOTATOR))
    assert other.open_next(study) is None
    top_up(actor=factories.person(), budget=study.budget, amount="1")
    assert publish(actor=study.created_by, study=study).num_published == 1
    assert other.open_next(study) == published_ids(study)[0]


def test_a_resume_that_was_killed_half_way_is_ended_by_the_next(
    study: Study, client_of: LabelStudioClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(study)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(LabelStudioClient, "create_examples", killed)
        resumed(study)
    study.labeling_project.batches.update(leased_until=None)
    follow_stops()
    assert len(uids(client_of, study)) == ALL
    assert spent_and_held(study) == ("0.00", "0.30")


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_stop_that_comes_again_before_the_resume_was_followed_keeps_all_withdrawn(
    study: Study, annotator: Member
) -> None:
    stopped(study)
    actor = factories.person()
    resume(actor=actor, budget=study.budget)
    stop_everything(actor=actor, budget=study.budget, reason="Again")
    follow_stops()
    assert annotator.open_next(study) is None
    assert spent_and_held(study) == ("0.00", "0.00")
    assert LabelingProject.objects.get(study=study).closed_at is not None
