import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from accounts.models import Role
from budgets.limits import stop_everything
from labeling.label_studio import LabelStudioUnreachable
from labeling.models import OpinionPurchase
from studies.models import Split, Study
from tests import factories
from tests.integration.reports.opinion_ground import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(db: None) -> Study:
    """Five examples that the first of three annotators labelled; a dollar."""
    study = factories.study(limit="1")
    factories.examples(study, [f"text {number}" for number in range(5)])
    desk = Desk.of(study)
    desk.answer_all(0, "good")
    return study


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(factories.person(Role.MANAGER))
    return client


def quote(manager: Client, study: Study, num_examples: str, *, split: str = Split.POOL) -> str:
    typed = {"num_examples": num_examples, "split": split, "order": "differing"}
    answer = manager.get(reverse("second-opinions-quote", args=[study.pk]), typed)
    return " ".join(strip_tags(answer.content.decode()).split())


def test_the_page_says_what_is_expected_held_and_left(manager: Client, study: Study) -> None:
    said = quote(manager, study, "2")
    assert "expected $0.30, from $0.20 where all agree to $0.40 where every two differ" in said
    assert "Holds $0.40 of the $0.50" in said
    assert "or ask for fewer." in quote(manager, study, "4") and "2 of 4 fit." in quote(manager, study, "4")
    assert "Only 5 of 40 can get one now." in quote(manager, study, "40")


def test_the_labelling_page_leads_there_and_the_form_is_filled_in_by_a_link(manager: Client, study: Study) -> None:
    page = reverse("second-opinions", args=[study.pk])
    assert page in manager.get(reverse("labelling", args=[study.pk])).content.decode()
    said = manager.get(page, {"num_examples": "3"}).content.decode()
    assert 'value="3"' in said and "No example has two annotations so far." in said


def test_why_none_can_be_asked_for_is_said_before_and_after_the_button(manager: Client, study: Study) -> None:
    assert "No example of that split is labelled by people here" in quote(manager, study, "1", split=Split.DEV)
    asked = {"num_examples": "1", "split": Split.DEV, "order": "random"}
    said = manager.post(reverse("second-opinions", args=[study.pk]), asked).content.decode()
    assert said.count("No example of that split is labelled by people here") == 2


def test_a_stopped_budget_takes_none(manager: Client, study: Study) -> None:
    stop_everything(actor=factories.person(), budget=study.budget, reason="Enough.")
    assert "The budget is stopped." in quote(manager, study, "1")


def test_a_label_studio_that_does_not_answer_is_said_and_nothing_is_bought(
    manager: Client, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise LabelStudioUnreachable("Label Studio does not answer.")

    monkeypatch.setattr("labeling.publishing.opinions.connect", fail)
    asked = {"num_examples": "1", "split": Split.POOL, "order": "random"}
    said = manager.post(reverse("second-opinions", args=[study.pk]), asked).content.decode()
    assert "Label Studio does not answer." in said and not OpinionPurchase.objects.exists()


def test_what_the_form_cannot_take_is_said_at_its_field(manager: Client, study: Study) -> None:
    asked = {"num_examples": "5000", "split": Split.POOL, "order": "most"}
    said = manager.post(reverse("second-opinions", args=[study.pk]), asked).content.decode()
    assert "less than or equal to 1000" in said and "not one of the available choices" in said
