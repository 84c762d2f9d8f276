import threading

import pytest
from django.db import connection, transaction

from config.advisory_locks import LockClass, advisory_lock
from labeling.label_studio import LabelStudioClient, LabelStudioUnreachable, connect, ensure_project
from labeling.models import LabelingProject
from labeling.publishing import publish
from tests import factories
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db(transaction=True)


def test_publishing_asks_label_studio_outside_of_any_transaction(
    label_studio: LabelStudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = factories.study()
    factories.examples(study, ["one"])
    in_transaction: list[bool] = []
    once = LabelStudioClient._once

    def watched(self: LabelStudioClient, *what: object) -> object:
        in_transaction.append(transaction.get_connection().in_atomic_block)
        return once(self, *what)  # type: ignore[arg-type]

    monkeypatch.setattr(LabelStudioClient, "_once", watched)
    publish(actor=study.created_by, study=study)
    assert in_transaction and not any(in_transaction)


def test_two_who_publish_at_once_make_one_project(label_studio: LabelStudioServer) -> None:
    study, made = factories.study(), set()

    def prepare() -> None:
        made.add(ensure_project(study=study, client=connect()).label_studio_id)
        connection.close()

    threads = [threading.Thread(target=prepare) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_who_waits_too_long_for_another_is_told_so(
    label_studio: LabelStudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = factories.study()
    project = LabelingProject.objects.create(study=study)
    monkeypatch.setattr("labeling.label_studio.project.WAIT_SECONDS", 0)
    refusals: list[str] = []

    def prepare() -> None:
        with pytest.raises(LabelStudioUnreachable) as refusal:
            ensure_project(study=study, client=connect())
        refusals.append(str(refusal.value))
        connection.close()

    with advisory_lock(LockClass.PREPARING, project.pk) as is_ours:
        assert is_ours
        thread = threading.Thread(target=prepare)
        thread.start()
        thread.join()
    assert "Another process has been preparing" in refusals[0]
