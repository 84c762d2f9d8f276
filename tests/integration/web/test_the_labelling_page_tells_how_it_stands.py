import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from labeling.models import LabelingProject
from studies.models import Study
from tests import factories
from tests.integration.reports import ground
from tests.integration.web.pages import signed_in_as

pytestmark = pytest.mark.django_db


def shown(client: Client, study: Study) -> str:
    return client.get(reverse("labelling", args=[study.pk])).content.decode()


def test_answers_are_listed_with_their_cost(manager: Client, study: Study) -> None:
    ground.buy_labels(study, 2)
    assert shown(manager, study).count('title="0.100000 USD"') >= 2


def test_trouble_with_label_studio_is_said(manager: Client, study: Study) -> None:
    LabelingProject.objects.create(study=study, last_error="It does not answer.")
    assert "The last contact with Label Studio failed." in shown(manager, study)


def test_fetching_before_publishing_says_what_is_missing(manager: Client, study: Study) -> None:
    page = manager.post(reverse("sync-labels", args=[study.pk]), follow=True)
    assert "a manager publishes examples first" in page.content.decode()


def test_what_could_be_published_leaves_out_what_is_published_or_labelled(manager: Client, study: Study) -> None:
    factories.examples(study, ["one", "two"])
    ground.buy_labels(study, 2)
    page = manager.get(reverse("publish", args=[study.pk]))
    assert [total for _, total in page.context["publishable"]] == [2, 0, 0]


def test_the_same_form_sent_twice_names_the_same_request(manager: Client, study: Study) -> None:
    url = reverse("publish", args=[study.pk])
    keys = [manager.get(url).context["form"]["request_key"].value() for _ in range(2)]
    assert keys[0] != keys[1]
    page = manager.post(url, {"num_examples": "none", "split": "pool", "request_key": keys[0]})
    assert page.context["form"]["request_key"].value() == keys[0]


def test_an_annotator_cannot_enter_as_a_manager(study: Study) -> None:
    annotator = signed_in_as(factories.person(Role.ANNOTATOR))
    answer = annotator.post(reverse("enter-label-studio", args=[study.pk]), {"manage": "yes"})
    assert answer.status_code == 403
