import pytest

from labeling.label_studio import LabelStudioClient, LabelStudioRefused
from labeling.models import Batch, Publication
from labeling.publishing import publish
from labeling.publishing.batches import publishable
from labeling.sync import sync_study
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import Member, is_exact, published_ids, spent_and_held, synced
from tests.labelling import close_reasons
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db


def test_an_example_deleted_in_label_studio_gives_its_hold_back_and_can_be_published_again(
    study: Study, annotator: Member, client_of: LabelStudioClient
) -> None:
    client_of.sdk.tasks.delete(id=str(published_ids(study)[0]))
    sync_study(actor=study.created_by, study=study)
    assert spent_and_held(study) == ("0.00", "0.20")
    assert close_reasons(study) == {"deleted in Label Studio"}
    assert publish(actor=study.created_by, study=study).num_published == 1
    assert spent_and_held(study) == ("0.00", "0.30")
    annotator.annotate(published_ids(study)[0])
    synced(study)
    assert spent_and_held(study) == ("0.10", "0.20")
    assert is_exact(study)


def test_an_example_that_never_arrived_gives_its_hold_back(study: Study, client_of: LabelStudioClient) -> None:
    lost = Publication.objects.order_by("pk")[0]
    client_of.sdk.tasks.delete(id=str(lost.label_studio_id))
    Publication.objects.filter(pk=lost.pk).update(label_studio_id=None)
    sync_study(actor=study.created_by, study=study)
    assert close_reasons(study) == {"never arrived in Label Studio"}
    assert list(publishable(study=study, split="pool")) == [lost.example]


def test_a_batch_that_label_studio_refuses_gives_its_holds_back(
    label_studio: LabelStudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = factories.study()
    factories.examples(study, ["one", "two"])
    with monkeypatch.context() as patch, pytest.raises(LabelStudioRefused, match="too large"):
        patch.setattr(LabelStudioClient, "create_examples", refuse)
        publish(actor=study.created_by, study=study)
    assert spent_and_held(study) == ("0.00", "0.00")
    assert close_reasons(study) == {"refused by Label Studio: too large"}
    assert Batch.objects.get().state == Batch.State.WITHDRAWN
    assert publish(actor=study.created_by, study=study).num_published == 2


def refuse(*_: object, **__: object) -> None:
    raise LabelStudioRefused("too large")


def test_an_answered_example_that_is_deleted_is_not_published_again(
    study: Study, annotator: Member, client_of: LabelStudioClient
) -> None:
    annotator.annotate(published_ids(study)[0])
    synced(study)
    client_of.sdk.tasks.delete(id=str(published_ids(study)[0]))
    sync_study(actor=study.created_by, study=study)
    assert not publishable(study=study, split="pool").exists()
    assert spent_and_held(study) == ("0.10", "0.20")
