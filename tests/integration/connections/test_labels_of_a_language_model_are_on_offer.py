"""A language model's labels on the report: on offer at their price, recommended once audited, bought within caps."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from budgets.models import Budget, Path
from connections.models import AnswerUse, Connection, Outputs, TokenBatch
from planning.surfaces import Cell
from reports.advice import measured_points, recommend, situation_of
from reports.autopilot import step
from reports.autopilot.spending import spending_of
from reports.model_labels import NUM_AUDITED, labeller_of
from reports.models import Autopilot, AutopilotStep
from reports.points import points
from reports.verify import verify
from runs.models import LabelingJob
from runs.prompting import carry_out_labeling_job
from studies.models import Label, Study
from tests import factories
from tests.integration.connections.labelled_ground import advised, audit, by_model, job, notes, study
from tests.integration.reports import ground
from tests.integration.reports.autopilots import outside, recommended, switched_on
from web.views.next_tranche import first_step

__all__ = ["outside", "study"]

pytestmark = pytest.mark.django_db


def test_they_are_on_offer_at_the_price_of_their_tokens(study: Study, connection: Connection) -> None:
    found = advised(study)
    offers = {one.num_new: one for one in by_model(found)}
    assert sorted(offers) == [10, 60, 160, 200]
    one = offers[160]
    assert one.name == (
        f"160 more labels by {connection.name} and a student of 200 labels, 160 of them by a language model"
    )
    assert one.labeller == connection.pk and one.label_cost == 16 * offers[10].label_cost > 0
    assert one.arm == "Further labels by a language model, annotate"
    assert one.band_90 is not None and not one.can_tell
    low, high = one.price_interval or (Decimal(0), Decimal(0))
    assert low < one.price < high
    people = next(other for other in found.offers if other.labels == 200 and not other.num_by_model)
    assert people.label_cost == Decimal(16) and people.num_by_model == 0


def test_before_an_audit_it_cannot_be_told_and_the_audit_has_a_price(study: Study, connection: Connection) -> None:
    found = advised(study)
    each = by_model(found)[0].label_cost / by_model(found)[0].num_new
    price = f"${NUM_AUDITED * (Decimal('0.10') + each):.2f}"
    text = notes(found)
    assert f"Labels by {connection.name} are taken to be 70 % right (80 %: 51 to 89 %), as of published models." in text
    assert f"An audit of 30 of them for {price} would tell how good they are." in text
    best = by_model(found)[0]
    found.__dict__["best"] = best
    step = first_step(found)
    assert (best.num_to_audit, best.num_missing) == (30, 30)
    assert step is not None and step.text == "Have a language model give 30 labels to audit"
    assert step.url.endswith(f"/labelling/model/start/?connection={connection.pk}&num_unlabelled=30")
    job(study, connection, num=30)
    found = advised(study)
    found.__dict__["best"] = by_model(found)[0]
    step = first_step(found)
    assert step is not None and step.text == "Audit 30 labels" and step.url.endswith("/audit/?num_examples=30")


def test_an_audit_tells_and_the_arm_is_told_like_the_others(study: Study, connection: Connection) -> None:
    job(study, connection, num=60)
    audit(study, num_wrong=3)
    labeller = labeller_of(study)
    assert labeller is not None and labeller.is_audited
    assert 0.8 < labeller.accuracy.mean < 0.95 and labeller.accuracy.sd < 0.1
    found = advised(study)
    assert f"Labels by {connection.name} are taken to be" in notes(found) and "30 of an audit say" in notes(found)
    offers = {one.num_new: one for one in by_model(found)}
    # The model's 30 that nobody has looked at, and 70 of people.
    assert (offers[0].labels, offers[0].num_by_model, offers[0].is_startable) == (100, 30, True)
    assert any(one.can_tell for one in offers.values()) and not any(one.num_to_audit for one in offers.values())
    found.__dict__["best"] = offers[max(offers)]
    step = first_step(found)
    assert step is not None and step.text == f"Have a language model give {max(offers)} labels"


def test_students_of_people_leave_its_labels_out(study: Study, connection: Connection) -> None:
    job(study, connection, num=30)
    found = advised(study)
    of_people = [one for one in found.offers if not one.num_by_model and one.path == Path.ANNOTATE]
    assert of_people and all(one.request(study).plan.gold_only for one in of_people)
    with_its = next(one for one in by_model(found) if not one.num_new)
    assert not with_its.request(study).plan.gold_only
    assert Cell(70, by_model=30) not in situation_of(study).measured
    ground.annotated(study, num_labels=70, utility=0.72)
    (point,) = [one for one in points(study) if one.num_labels == 70]
    assert point.num_by_model == 30
    assert Cell(70, by_model=30) in situation_of(study).measured
    assert Cell(70, by_model=30) in [one.cell for one in measured_points(situation_of(study)).curve]


def test_what_it_may_not_or_cannot_do_is_said(study: Study, connection: Connection) -> None:
    Connection.objects.update(outputs=Outputs.UNKNOWN)
    found = advised(study)
    assert not by_model(found) and "its terms are not stated to let its outputs train" in notes(found)
    Connection.objects.update(outputs=Outputs.MAY_TRAIN, name="another")
    found = advised(study)
    assert not by_model(found) and "No labels by another are on offer" in notes(found)
    Connection.objects.update(is_active=False)
    found = advised(study)
    assert not by_model(found) and "another" not in notes(found)


def test_entities_and_written_answers_are_not_labelled(connection: Connection) -> None:
    for task_type in ("entity_extraction", "text_generation"):
        labels = ("good",) if task_type == "entity_extraction" else ()
        assert labeller_of(factories.study(task_type=task_type, labels=labels)) is None


def test_a_new_price_of_tokens_or_an_audit_gets_a_new_recommendation(study: Study, connection: Connection) -> None:
    before = situation_of(study).key
    job(study, connection, num=30)
    labelled = situation_of(study).key
    audit(study)
    assert len({before, labelled, situation_of(study).key}) == 3


def test_the_pages_that_the_button_leads_to_take_the_number(
    study: Study, connection: Connection, client: Client
) -> None:
    client.force_login(study.created_by)
    url = f"/studies/{study.pk}/labelling/model/"
    page = client.get(f"{url}start/", {"connection": connection.pk, "num_unlabelled": 60}).content.decode()
    assert 'value="60"' in page
    job(study, connection, num=60)
    assert 'value="30"' in client.get(f"{url}audit/", {"num_examples": 30}).content.decode()
    recommend(study=study)
    report = client.get(f"/studies/{study.pk}/report/").content.decode()
    assert f"more labels by {connection.name}" in report


def of_model(connection: Connection, *, num_new: int = 60) -> dict[str, Any]:
    return {"num_new": num_new, "num_by_model": num_new, "labeller": connection.pk, "label_cost": Decimal("0.5")}


def test_an_autopilot_has_them_given_once_within_its_caps(study: Study, connection: Connection) -> None:
    switched_on(study)
    recommended(study, **of_model(connection))
    for _ in range(3):
        step(study_id=study.pk)
    made = LabelingJob.objects.get()
    (bought,) = AutopilotStep.objects.all()
    assert list(bought.jobs.all()) == [made] and len(made.example_ids) == 60
    most = Decimal(bought.figures["held"])
    autopilot = Autopilot.objects.get()
    assert spending_of(autopilot).in_all == most > 0
    assert "its labels come first" in autopilot.reason
    carry_out_labeling_job(job_id=made.pk)
    assert Label.objects.filter(source=Label.Source.LANGUAGE_MODEL).count() == 60
    budget = Budget.objects.get(pk=study.budget_id)
    paid = sum(entry.amount for entry in budget.entries.filter(work_key=made.source_key))
    assert spending_of(autopilot).in_all == paid and 0 < paid < most
    assert verify(budgets=[budget]) == []


def test_a_cap_that_does_not_take_the_most_stops_it(study: Study, connection: Connection) -> None:
    switched_on(study, cap="0.01")
    recommended(study, **of_model(connection))
    step(study_id=study.pk)
    assert not LabelingJob.objects.exists()
    assert "Its cap does not take the next purchase" in Autopilot.objects.get().reason


def test_a_job_that_a_person_stopped_is_not_bought_again(study: Study, connection: Connection) -> None:
    switched_on(study)
    recommended(study, **of_model(connection))
    step(study_id=study.pk)
    LabelingJob.objects.update(state=LabelingJob.State.STOPPED, ended_at=study.created_at)
    step(study_id=study.pk)
    autopilot = Autopilot.objects.get()
    assert not autopilot.is_on and "which it started, was stopped" in autopilot.reason


def test_answers_that_label_and_teach_are_shared_once(study: Study, connection: Connection) -> None:
    made = job(study, connection, num=30)
    ground.annotated(study, num_labels=70, utility=0.72)
    taught = ground.distilled(study, teacher=ground.teacher(study, num_labels=10))
    scoring = taught.run.parents.get()
    batch = TokenBatch.objects.get(work_key=made.source_key)
    AnswerUse.objects.create(batch=batch, work_key=scoring.source_key)
    assert verify(budgets=[Budget.objects.get(pk=study.budget_id)]) == []
