"""What Label Studio takes, and Fulcrum cannot read, is rejected with its reason; the rest goes on."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from labeling.label_studio import LabelStudioClient
from labeling.label_studio.client import LabelStudioBadResponse
from labeling.models import Annotation, LabelingProject, Publication
from labeling.publishing import publish
from labeling.sync import sync_all, sync_study
from notices.models import Notice
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import Enter, Member, is_exact, published_ids, spent_and_held, stopped, synced

pytestmark = pytest.mark.django_db
State = Annotation.State


def send(member: Member, example_id: int, body: dict[str, Any]) -> int:
    """Send a body as it is. Returns: the annotation's id."""
    answer = member.http.post(f"/api/tasks/{example_id}/annotations", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def states(study: Study) -> list[tuple[str, str]]:
    return [(one.state, one.reason) for one in synced(study)]


def test_one_without_a_result_is_rejected_and_the_others_are_paid(study: Study, annotator: Member) -> None:
    first, second, _ = published_ids(study)
    send(annotator, first, {"lead_time": 1})
    annotator.annotate(second)
    assert states(study) == [(State.REJECTED, "It has no result."), (State.ACCEPTED, "")]
    assert spent_and_held(study) == ("0.10", "0.20")


def test_other_studies_are_synced_too(study: Study, annotator: Member) -> None:
    send(annotator, published_ids(study)[0], {"lead_time": 1})
    other = factories.study()
    factories.examples(other, ["four"])
    publish(actor=other.created_by, study=other)
    annotator.annotate(published_ids(other)[0])
    sync_all()
    assert Annotation.objects.get(example__study=other).state == State.ACCEPTED


def test_a_fault_in_one_study_is_shown_there_and_keeps_no_other_waiting(
    study: Study, annotator: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = factories.study()
    factories.examples(other, ["four"])
    publish(actor=other.created_by, study=other)
    annotator.annotate(published_ids(other)[0])
    monkeypatch.setattr("labeling.sync.project_sync.pay_waiting", failing_for(study))
    sync_all()
    assert "ZeroDivisionError" in LabelingProject.objects.get(study=study).last_error
    assert Annotation.objects.get(example__study=other).state == State.ACCEPTED


def failing_for(failing: Study) -> Any:
    def pay_waiting(*, study: Study) -> int:
        return 1 // (study.pk != failing.pk)

    return pay_waiting


def test_a_fault_with_one_example_is_shown_and_keeps_no_other_waiting(
    study: Study, annotator: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = published_ids(study)
    annotator.annotate(first)
    annotator.annotate(second)
    with monkeypatch.context() as patch:
        patch.setattr("labeling.annotations.accept.assess", failing_at(first))
        assert [one.example.publication.label_studio_id for one in synced(study)] == [second]
    assert "ZeroDivisionError" in Publication.objects.get(label_studio_id=first).trouble
    assert sync_study(actor=study.created_by, study=study).num_changed == 1
    assert Publication.objects.get(label_studio_id=first).trouble == ""


def failing_at(example_id: int) -> Any:
    from labeling.annotations.accept import assess

    def failing(**what: Any) -> Any:
        return assess(**what) if what["example"].publication.label_studio_id != example_id else 1 // 0

    return failing


def test_an_example_that_cannot_be_exported_keeps_no_other_waiting(
    study: Study, annotator: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    for example_id in published_ids(study):
        annotator.annotate(example_id)
    monkeypatch.setattr(LabelStudioClient, "export", failing_export(published_ids(study)[1]))
    assert [one.state for one in synced(study)] == [State.ACCEPTED, State.ACCEPTED]
    assert Publication.objects.get(label_studio_id=published_ids(study)[1]).trouble == "It fails at it."


def failing_export(example_id: int) -> Any:
    export = LabelStudioClient.export

    def failing(self: LabelStudioClient, *, project_id: int, ids: list[int]) -> Any:
        if example_id in ids:
            raise LabelStudioBadResponse("It fails at it.")
        return export(self, project_id=project_id, ids=ids)

    return failing


def test_a_moved_unique_id_that_is_used_again_pays_once_and_is_rejected(study: Study, annotator: Member) -> None:
    first, second, third = published_ids(study)
    unique_id = str(uuid4())
    made = annotator.annotate(first, unique_id=unique_id).json()
    synced(study)
    annotator.edit(made["id"], "bad", unique_id=str(uuid4()))
    annotator.annotate(second, unique_id=unique_id)
    annotator.annotate(third)
    moved, again, other = synced(study)
    assert (moved.state, moved.value, str(moved.unique_id)) == (State.ACCEPTED, "bad", unique_id)
    assert (again.state, again.reason) == (State.REJECTED, "Its unique id belongs to another annotation.")
    assert other.state == State.ACCEPTED
    assert spent_and_held(study) == ("0.20", "0.10")
    assert is_exact(study)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ('[{"a": 1' + "0" * 300 + "}]", "too large"),
        ("[" + '{"a":' * 300 + "1" + "}" * 300 + "]", "nested too deeply"),
        ('[{"from_name": "label", "value": {"choices": [["good"]]}}]', "exactly one choice"),
    ],
    ids=["a long number", "depth", "a list in a list"],
)
def test_what_postgresql_or_python_could_not_keep_is_rejected(
    study: Study, annotator: Member, result: str, reason: str
) -> None:
    answer = annotator.http.post(
        f"/api/tasks/{published_ids(study)[0]}/annotations",
        content=f'{{"result": {result}}}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 201, answer.text
    annotator.annotate(published_ids(study)[1])
    (odd, why), (good, _) = states(study)
    assert (odd, good) == (State.REJECTED, State.ACCEPTED)
    assert reason in why


def test_a_stop_completes_in_spite_of_it(study: Study, annotator: Member) -> None:
    first, second, _ = published_ids(study)
    send(annotator, first, {"lead_time": 1})
    annotator.annotate(second)
    project = stopped(study)
    assert project.withdrawn_at is not None
    assert spent_and_held(study) == ("0.10", "0.00")


def test_its_maker_corrects_it_and_is_paid_once(study: Study, annotator: Member) -> None:
    made = send(annotator, published_ids(study)[0], {"lead_time": 1})
    assert states(study) == [(State.REJECTED, "It has no result.")]
    annotator.edit(made, "bad")
    assert states(study) == [(State.ACCEPTED, "")]
    assert spent_and_held(study) == ("0.10", "0.20")


def test_it_is_told_once_and_shown_with_its_reason(study: Study, annotator: Member) -> None:
    send(annotator, published_ids(study)[0], {"lead_time": 1})
    web = Client()
    web.force_login(factories.person(Role.MANAGER))
    for _ in range(2):
        page = web.post(reverse("sync-labels", args=[study.pk]), follow=True)
        assert page.status_code == 200
    assert "It has no result." in page.content.decode()
    assert Notice.objects.filter(kind="labelling_trouble").count() == 1


def test_sync_now_says_what_could_not_be_read(study: Study, annotator: Member) -> None:
    send(annotator, published_ids(study)[0], {"lead_time": 1})
    web = Client()
    web.force_login(factories.person(Role.MANAGER))
    page = web.post(reverse("sync-labels", args=[study.pk]), follow=True)
    assert "1 annotation could not be read" in page.content.decode()


def test_a_fault_is_shown_by_sync_now(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labeling.sync.project_sync.pay_waiting", failing_for(study))
    web = Client()
    web.force_login(factories.person(Role.MANAGER))
    page = web.post(reverse("sync-labels", args=[study.pk]), follow=True)
    assert page.status_code == 200
    assert "ZeroDivisionError" in page.content.decode()


def test_a_copied_example_is_not_published_and_its_answer_counts(
    study: Study, annotator: Member, enter: Enter, client_of: LabelStudioClient
) -> None:
    publication = Publication.objects.get(label_studio_id=published_ids(study)[0])
    data = {"text": "one", "item_uid": str(publication.example.uid), "batch_uid": str(uuid4())}
    project = study.labeling_project.label_studio_id
    assert project is not None
    client_of.create_examples(project_id=project, rows=[{"data": data}])
    copy = max(one.id for one in client_of.examples(project_id=project))
    annotator.annotate(copy)
    enter(factories.person(Role.ANNOTATOR)).annotate(published_ids(study)[0])
    assert sorted(one.state for one in synced(study)) == [State.ACCEPTED, State.SURPLUS]
    assert sync_study(actor=study.created_by, study=study).num_changed == 0
    assert not [one for one in Annotation.objects.all() if one.deleted_at]
    assert next(one for one in client_of.examples(project_id=project) if one.id == copy).overlap == 0
    client_of.sdk.tasks.delete(id=str(copy))
    assert [one.label_studio_example_id for one in synced(study) if one.deleted_at] == [copy]
    assert spent_and_held(study) == ("0.10", "0.20")
