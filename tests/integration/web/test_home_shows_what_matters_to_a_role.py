import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role
from studies.models import Study
from tests import factories
from tests.integration.reports import ground
from tests.integration.web.pages import signed_in_as

pytestmark = pytest.mark.django_db


def test_a_manager_sees_labels_and_the_best_utility_of_each_path(manager: Client, study: Study) -> None:
    ground.buy_labels(study, 3)
    ground.annotated(study, num_labels=2, utility=0.6)
    ground.annotated(study, num_labels=3, utility=0.7)
    row = manager.get(reverse("home")).context["rows"][0]
    assert (row.facts.num_labels, row.best_annotate, row.best_distil) == (3, 0.7, None)


def test_each_study_says_what_to_do_next(manager: Client, study: Study) -> None:
    factories.examples(factories.study(), ["one"])
    steps = [row.step.link for row in manager.get(reverse("home")).context["rows"]]
    assert steps == ["Import test examples", "Import examples"]


def test_a_manager_without_studies_is_told_how_to_begin(manager: Client) -> None:
    assert "There is no study yet." in manager.get(reverse("home")).content.decode()


def test_more_studies_take_no_more_queries(
    manager: Client, study: Study, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        factories.study()
    with django_assert_max_num_queries(14):
        manager.get(reverse("home"))


def test_an_annotator_sees_no_money_of_the_studies(study: Study) -> None:
    page = signed_in_as(factories.person(Role.ANNOTATOR)).get(reverse("home")).content.decode()
    assert "spent" not in page


def test_an_annotator_sees_their_pay_line_by_line(study: Study) -> None:
    ground.buy_labels(study, 2)
    page = signed_in_as(study.created_by).get(reverse("my-work"))
    assert [one.pay for one in page.context["page"]] == [one.amount for one in study.budget.entries.all()]
    assert page.context["earned"][0].amount == sum(one.amount for one in study.budget.entries.all())


def test_another_persons_work_stays_theirs(study: Study) -> None:
    ground.buy_labels(study, 2)
    page = signed_in_as(factories.person(Role.ANNOTATOR)).get(reverse("my-work"))
    assert "You have not labelled anything yet." in page.content.decode()


def test_the_menu_has_only_what_a_role_may_open() -> None:
    page = signed_in_as(factories.person(Role.ANNOTATOR)).get(reverse("home"))
    assert [item["title"] for item in page.context["menu"]] == ["Home", "My work"]
