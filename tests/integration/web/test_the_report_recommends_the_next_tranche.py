from html import escape
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from budgets.models import Path
from reports.advice import next_tranche, recommend
from reports.formatting import money_range
from reports.models import Recommendation
from runs.models import Run, RunKind
from studies.models import Split, Study
from tests import factories
from tests.integration.reports import ground
from tests.integration.reports.autopilots import recommended
from tests.integration.web.test_the_start_page_takes_what_a_plan_has import any_model

__all__ = ["any_model"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(db: None) -> Study:
    made = factories.study()
    factories.examples(made, [f"row {number}" for number in range(40)], labels=["good", "bad"] * 20)
    factories.examples(made, [f"test {number}" for number in range(20)], labels=["good", "bad"] * 10, split=Split.TEST)
    factories.examples(made, [f"new {number}" for number in range(200)])
    return made


def report(client: Client, study: Study) -> str:
    return client.get(reverse("report", args=[study.pk])).content.decode()


def test_the_page_works_nothing_out_and_says_so(manager: Client, study: Study) -> None:
    page = report(manager, study)
    assert "Nothing has been recommended yet." in page
    assert f'hx-get="{reverse("next-tranche", args=[study.pk])}"' in page
    assert not Recommendation.objects.exists()


def test_a_recommendation_of_the_present_state_stands_on_the_page(manager: Client, study: Study) -> None:
    ground.annotated(study, num_labels=40)
    found = recommend(study=study)
    response = manager.get(reverse("report", args=[study.pk]))
    page = response.content.decode()
    assert escape(found.words) in page
    assert 'hx-get="/studies' not in page.split("</section>")[0]
    assert "with 90 %" in page and "Marginal utility from here" in page
    part = manager.get(reverse("next-tranche", args=[study.pk])).content.decode()
    best = next_tranche(study).best
    assert escape(found.words) in part
    assert best is not None and best.price_interval is not None
    assert f"likely {money_range(*best.price_interval, currency='USD')}" in part


def test_one_of_an_earlier_state_stays_without_a_button(manager: Client, study: Study) -> None:
    found = recommend(study=study)
    ground.annotated(study, num_labels=40)
    response = manager.get(reverse("report", args=[study.pk]))
    assert found.words in response.content.decode()
    assert "have changed since" in response.content.decode()
    assert response.context["first_step"] is None


def test_the_button_leads_to_a_start_page_that_quotes_that_run(manager: Client, study: Study) -> None:
    ground.annotated(study, num_labels=40)
    recommend(study=study)
    response = manager.get(reverse("report", args=[study.pk]))
    best, step = response.context["next"].best, response.context["first_step"]
    assert not best.num_new
    page = manager.get(step.url)
    form, quote = page.context["form"], page.context["quote"]
    assert form["num_labels"].value() == str(best.labels)
    assert quote.estimate.runs and not page.context.get("refusal")
    shown = {name: form[name].value() for name in form.fields}
    shown = {name: value for name, value in shown.items() if value not in (None, "") and value is not False}
    posted = manager.post(step.url, {**shown, "shown": page.context["shown"]})
    assert posted.status_code == 302
    run = study.runs.latest("pk")
    assert (run.num_labels, run.num_unlabelled) == (best.labels, best.pseudo_labels)


def test_the_button_for_fewer_layers_fills_them_in(manager: Client, study: Study) -> None:
    recommended(study, layers=(0, 1), of_layers=3)
    page = manager.get(manager.get(reverse("report", args=[study.pk])).context["first_step"].url)
    assert page.context["form"]["student_layers"].value() == "0, 1"
    assert [group.title for group in page.context["form"].groups if group.is_open] == ["The model"]
    assert not page.context.get("refusal")


def test_the_button_for_labels_fills_in_the_publish_page(manager: Client) -> None:
    study = factories.study()
    factories.examples(study, [f"test {number}" for number in range(20)], labels=["good", "bad"] * 10, split=Split.TEST)
    factories.examples(study, [f"new {number}" for number in range(200)])
    ground.annotated_none(study, utility=0.5)
    teacher = ground.run(study, RunKind.FINETUNE_TEACHER, path=Path.DISTIL)
    ground.evaluate(teacher, 0.5)
    Run.objects.filter(pk=teacher.pk).update(model=study.teacher_model)
    recommend(study=study)
    response = manager.get(reverse("report", args=[study.pk]))
    best, step = response.context["next"].best, response.context["first_step"]
    assert best.num_new
    page = manager.get(step.url)
    assert dict(parse_qsl(urlsplit(step.url).query)) == {"num_examples": str(best.num_new), "split": "pool"}
    assert page.context["form"]["num_examples"].value() == str(best.num_new)
    assert page.context["quote"].estimate.expected == best.label_cost


def test_a_link_fills_in_no_consent_and_no_request_key(manager: Client, study: Study) -> None:
    page = manager.get(reverse("start-run", args=[study.pk]), {"licence_confirmed": "on", "path": "distil"})
    assert not page.context["form"]["licence_confirmed"].value()
    page = manager.get(reverse("publish", args=[study.pk]), {"request_key": "mine"})
    assert page.context["form"]["request_key"].value() != "mine"


def test_what_came_stands_beside_what_was_said(manager: Client, study: Study) -> None:
    ground.annotated(study, num_labels=40)
    recommend(study=study)
    ground.annotated(study, num_labels=20, utility=0.65)
    recommend(study=study)
    page = report(manager, study)
    assert "Forecasts and results" in page
    assert "inside the 90 % band 1 of 1" in page


def test_more_students_ask_the_database_no_more(
    manager: Client, study: Study, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for num_labels in (5, 10, 15, 20, 30, 40):
        ground.annotated(study, num_labels=num_labels)
    recommend(study=study)
    manager.get(reverse("report", args=[study.pk]))
    with django_assert_max_num_queries(60):
        manager.get(reverse("report", args=[study.pk]))
