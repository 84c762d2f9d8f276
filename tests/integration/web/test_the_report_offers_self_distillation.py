from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from reports.advice import next_tranche
from runs.models import RunKind
from studies.models import Study
from tests.integration.reports.test_the_students_own_checkpoint_may_teach import own, study
from tests.integration.web.test_the_start_page_takes_what_a_plan_has import any_model
from web.views.next_tranche import first_step

__all__ = ["any_model", "study"]

pytestmark = pytest.mark.django_db


def test_its_button_leads_to_a_start_page_that_starts_it(manager: Client, study: Study) -> None:
    offer, found = own(study)[0], next_tranche(study)
    found.__dict__["best"] = offer
    step = first_step(found)
    assert step is not None
    assert dict(parse_qsl(urlsplit(step.url).query))["teacher"] == "student"
    page = manager.get(step.url)
    shown = {name: page.context["form"][name].value() for name in page.context["form"].fields}
    shown = {name: value for name, value in shown.items() if value not in (None, "") and value is not False}
    assert manager.post(step.url, {**shown, "shown": page.context["shown"]}).status_code == 302
    run = study.runs.latest("pk")
    assert (run.kind, run.num_unlabelled) == (RunKind.DISTIL, offer.pseudo_labels)
    assert run.parents.get().parents.get().model == study.student_model
