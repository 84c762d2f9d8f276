from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from labeling.models import LabelingProject
from labeling.publishing import PublishResult
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


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((3, 2, 0), ["3 more examples published with its labels shown", "could not take 2 more: $0.20 short"]),
        ((0, 0, 5), ["Nothing more was published: this request was already carried out, and published 5"]),
    ],
)
def test_what_became_of_a_review_is_said(
    manager: Client, study: Study, monkeypatch: pytest.MonkeyPatch, numbers: tuple[int, int, int], said: list[str]
) -> None:
    published, short, before = numbers
    done = PublishResult(
        num_published=published, num_already=0, num_short=short, missing=Decimal("0.2"), num_before=before
    )
    monkeypatch.setattr("web.views.language_models.labels.publish_review", lambda **_: done)
    sent = {"num_examples": "5", "request_key": "one form"}
    page = manager.post(reverse("review-labels", args=[study.pk]), sent, follow=True).content.decode()
    assert all(one in page for one in said)


def test_a_form_that_is_sent_again_says_what_it_published(
    manager: Client, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = LabelingProject.objects.create(study=study, label_studio_id=1)
    monkeypatch.setattr("labeling.publishing.publish_examples.connect", lambda: None)
    monkeypatch.setattr("labeling.publishing.publish_examples.open_project", lambda **_: project)
    monkeypatch.setattr("labeling.publishing.publish_examples.send", lambda batch, client: True)
    factories.examples(study, ["one", "two", "three"])
    url, sent = reverse("publish", args=[study.pk]), {"num_examples": "2", "split": "pool", "request_key": "one form"}
    first, again = (manager.post(url, sent, follow=True).content.decode() for _ in range(2))
    assert "2 more examples published in Label Studio" in first
    assert "Nothing more was published: this request was already carried out, and published 2" in again
    assert study.examples.filter(publication__isnull=False).count() == 2


def test_an_annotator_cannot_enter_as_a_manager(study: Study) -> None:
    annotator = signed_in_as(factories.person(Role.ANNOTATOR))
    answer = annotator.post(reverse("enter-label-studio", args=[study.pk]), {"manage": "yes"})
    assert answer.status_code == 403
