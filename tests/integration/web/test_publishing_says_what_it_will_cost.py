import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from budgets.limits import stop_everything
from labeling.models import LabelingProject
from studies.models import Split, Study
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(db: None) -> Study:
    study = factories.study(limit="1")
    factories.examples(study, [f"text {number}" for number in range(12)])
    factories.examples(study, ["a test text"], split=Split.TEST)
    return study


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(factories.person(Role.MANAGER))
    return client


def quote(manager: Client, study: Study, num_examples: str, *, split: str = Split.POOL) -> str:
    typed = {"num_examples": num_examples, "split": split}
    answer = manager.get(reverse("publish-quote", args=[study.pk]), typed)
    return " ".join(answer.content.decode().split())


def test_the_page_says_what_is_likely_held_and_left(manager: Client, study: Study) -> None:
    said = quote(manager, study, "4")
    assert "$0.40" in said and "$1.00" in said and "min" in said
    assert "there is none yet" in said


def test_what_does_not_fit_is_said_with_what_would(manager: Client, study: Study) -> None:
    said = quote(manager, study, "12")
    assert "10 of 12 fit." in said and "$0.20" in said


def test_no_more_is_priced_than_is_left_to_publish(manager: Client, study: Study) -> None:
    said = quote(manager, study, "32", split=Split.TEST)
    assert "Only 1 of 32 are left to publish" in said
    assert "Holds <strong>" in said and "$0.10" in said and "$3.20" not in said


def test_a_split_without_examples_has_nothing_left(manager: Client, study: Study) -> None:
    assert "Nothing is left to publish." in quote(manager, study, "1", split=Split.DEV)


def test_a_stopped_budget_is_said_of_free_work_too(manager: Client, study: Study) -> None:
    stop_everything(actor=factories.person(), budget=study.budget, reason="Enough.")
    assert "including unpaid work" in quote(manager, study, "1")


def test_a_number_that_is_none_is_taken_for_one(manager: Client, study: Study) -> None:
    assert "1 example:" in quote(manager, study, "many")


def test_without_a_price_for_an_hour_an_admin_is_asked_for_one(manager: Client) -> None:
    study = factories.study(pay_basis="per_hour")
    assert "No price for an hour of labelling yet." in quote(manager, study, "1")


def test_the_labelling_page_says_why_it_is_stopped(manager: Client, study: Study) -> None:
    LabelingProject.objects.create(study=study, label_studio_id=1)
    stop_everything(actor=factories.person(), budget=study.budget, reason="Enough.")
    page = manager.get(reverse("labelling", args=[study.pk])).content.decode()
    assert "Stopped: Enough." in page and "are being withdrawn" in page
