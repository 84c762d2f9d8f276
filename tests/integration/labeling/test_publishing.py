from typing import Any

import pytest
from pytest_django import Settings

from accounts.permissions import Forbidden
from budgets.ledger import BudgetExceeded
from config.refusals import Refusal
from labeling.label_studio import LabelStudioClient, LabelStudioUnreachable
from labeling.models import Batch, LabelingProject
from labeling.publishing import publish
from studies.models import Split, Study
from tests import factories
from tests.integration.labeling.conftest import Member, project_id, published_ids, spent_and_held
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db


def test_publishing_holds_the_price_of_each_example_and_publishes_it(
    study: Study, client_of: LabelStudioClient
) -> None:
    assert spent_and_held(study) == ("0.00", "0.30")
    listed = client_of.examples(project_id=project_id(study))
    assert {one.id for one in listed} == set(published_ids(study))


def test_publishing_again_changes_nothing(study: Study, client_of: LabelStudioClient) -> None:
    again = publish(actor=study.created_by, study=study)
    assert (again.num_published, again.num_already, again.num_short) == (0, 3, 0)
    assert spent_and_held(study) == ("0.00", "0.30")
    assert len(client_of.examples(project_id=project_id(study))) == 3


def test_the_same_request_sent_twice_publishes_once(label_studio: LabelStudioServer) -> None:
    study = factories.study()
    factories.examples(study, ["one", "two", "three"])
    first, again = (
        publish(actor=study.created_by, study=study, num_examples=1, request_key="form-7") for _ in range(2)
    )
    assert (first.num_published, again.num_published, again.num_short) == (1, 0, 0)
    assert (first.num_before, again.num_before) == (0, 1)


def test_a_budget_too_small_for_all_publishes_what_it_takes_and_says_how_many_are_short(
    label_studio: LabelStudioServer,
) -> None:
    study = factories.study(limit="0.25")
    factories.examples(study, ["one", "two", "three", "four"])
    result = publish(actor=study.created_by, study=study)
    assert (result.num_published, result.num_short) == (2, 2)
    assert spent_and_held(study) == ("0.00", "0.20")
    assert len(published_ids(study)) == 2


def test_a_budget_that_takes_none_is_an_error_and_nothing_is_held(label_studio: LabelStudioServer) -> None:
    study = factories.study(limit="0.05")
    factories.examples(study, ["one"])
    with pytest.raises(BudgetExceeded, match=r"0\.05 USD left; this needs 0\.10"):
        publish(actor=study.created_by, study=study)
    assert spent_and_held(study) == ("0.00", "0.00")
    assert not Batch.objects.exists()


def test_an_example_that_asks_for_three_annotations_is_held_whole_or_not_at_all(
    label_studio: LabelStudioServer,
) -> None:
    study = factories.study(limit="0.50", annotations_per_example=3)
    factories.examples(study, ["one", "two"])
    assert publish(actor=study.created_by, study=study).num_published == 1
    assert spent_and_held(study) == ("0.00", "0.30")


def test_examples_with_a_label_and_of_other_splits_are_left_alone(label_studio: LabelStudioServer) -> None:
    study = factories.study()
    factories.examples(study, ["labelled"], labels=["good"])
    factories.examples(study, ["test"], split=Split.TEST)
    factories.examples(study, ["pool"])
    assert publish(actor=study.created_by, study=study).num_published == 1


def test_a_lost_project_id_is_found_again_by_its_marker(study: Study) -> None:
    before = study.labeling_project.label_studio_id
    LabelingProject.objects.filter(study=study).update(label_studio_id=None)
    publish(actor=study.created_by, study=study)
    assert LabelingProject.objects.get(study=study).label_studio_id == before


def test_a_label_studio_that_cannot_be_reached_is_an_error_and_nothing_is_held(
    label_studio: LabelStudioServer, settings: Settings
) -> None:
    study = factories.study()
    factories.examples(study, ["one"])
    settings.LABEL_STUDIO_URL = "http://127.0.0.1:9"
    with pytest.raises(LabelStudioUnreachable, match="does not answer"):
        publish(actor=study.created_by, study=study)
    assert spent_and_held(study) == ("0.00", "0.00")
    assert not Batch.objects.exists()


def test_annotators_may_not_publish(study: Study, annotator: Member) -> None:
    with pytest.raises(Forbidden):
        publish(actor=annotator.person, study=study)


@pytest.mark.parametrize("wrong", [{"num_examples": 0}, {"split": "train"}])
def test_a_wrong_number_or_split_is_refused(study: Study, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match=r"0 must be 1 or more|'train' is not one of"):
        publish(actor=study.created_by, study=study, **wrong)
