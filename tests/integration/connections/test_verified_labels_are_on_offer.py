"""People verify the labels that a language model is least sure of: on offer, bought by a button or an autopilot."""

from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from budgets.models import Budget, Path
from connections.models import Connection
from labeling.annotations import give_back
from labeling.models import LabelingProject, Publication
from labeling.publishing import PublishRequest, audited, hold_batch, publishable
from planning.surfaces import Cell
from reports.advice import NextTranche, OfferRecord, situation_of
from reports.autopilot import step
from reports.exports import planned_csv
from reports.model_labels import NO_CONFIDENCE, ReviewOrder, labeller_of, reviewable, start_audit
from reports.models import Autopilot, AutopilotStep
from reports.points import points
from reports.queries import report_of
from reports.tables import report_text
from reports.verify import verify
from runs.models import RunKind
from studies.labels import assign_label
from studies.models import ChosenBy, Example, Label, Study
from studies.snapshots import take_snapshot
from tests.integration.connections.labelled_ground import advised, audit, by_model, job, notes, study
from tests.integration.reports import ground
from tests.integration.reports.autopilots import outside, recommended, switched_on
from web.views.next_tranche import first_step

__all__ = ["outside", "study"]

pytestmark = pytest.mark.django_db


def verified(found: NextTranche) -> list[OfferRecord]:
    return [one for one in found.offers if one.num_to_verify]


def of_verified(connection: Connection, *, number: int = 10) -> dict[str, Any]:
    """The arguments of a recommendation to verify so many of 60 labels."""
    made_of = {"num_labels": 100, "num_by_model": 60 - number, "num_verified": number, "num_to_verify": number}
    return {**made_of, "labeller": connection.pk, "label_cost": Decimal("0.1") * number}


def people_verify(study: Study) -> None:
    """Whatever is published, they say it is good."""
    for example in Example.objects.filter(study=study, publication__isnull=False):
        assign_label(example=example, value="good", source_keys=[])


def verify_least_sure(study: Study, number: int) -> None:
    LabelingProject.objects.get_or_create(study=study, defaults={"label_studio_id": 1})
    ids = reviewable(study, order=ReviewOrder.LEAST_SURE).ids[:number]
    examples = audited(study=study, example_ids=ids, in_this_order=True)
    held = hold_batch(
        PublishRequest(by=study.created_by, study=study, examples=examples, num_examples=number, is_verification=True)
    )
    assert held is not None and held.num_examples == number
    people_verify(study)


def offer_again(study: Study, *, num: int) -> None:
    """Some of those that people verify are withdrawn, and are verified once they are published again."""
    publications = Publication.objects.filter(example__chosen_by=ChosenBy.VERIFICATION)
    for one in publications[:num]:
        Label.objects.filter(example=one.example).update(source=Label.Source.LANGUAGE_MODEL)
        give_back(publication=one, because=Publication.Because.GONE, reason="it was deleted")
    wanted = publishable(study=study, split="pool").filter(publication__withdrawn_at__isnull=False)
    assert hold_batch(PublishRequest(by=study.created_by, study=study, examples=wanted, num_examples=num)) is not None
    assert publications.filter(round=2).count() == num
    people_verify(study)


def gold_student(study: Study, *, utility: float) -> int:
    """A student of all that people labelled; how many of its labels count as chosen."""
    snapshot = take_snapshot(study=study, is_gold=True)
    made = ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, snapshot=snapshot)
    student = ground.evaluate(made, utility)
    return next(one.num_chosen for one in points(study) if one.artifact_id == student.pk)


def test_those_there_and_those_to_come_are_on_offer_with_some_verified(study: Study, connection: Connection) -> None:
    job(study, connection, num=60)
    audit(study, num_wrong=6)
    found = advised(study)
    offers = {(one.num_new, one.num_to_verify): one for one in verified(found)}
    # Of the 30 that nobody has looked at, and of these and 140 more.
    assert set(offers) == {(0, 10), (0, 20), (140, 20), (140, 50), (140, 100)}
    there, further = offers[0, 10], offers[140, 50]
    assert there.name == (
        f"people verifying the 10 labels that {connection.name} is least sure of and a student of 100 labels, 20 of "
        "them by a language model and 10 that people verified"
    )
    assert (there.labels, there.num_by_model, there.num_verified, there.is_startable) == (100, 20, 10, False)
    assert there.label_cost == there.verifying_cost == Decimal(1)
    assert "140 more labels by" in further.name and "the 50 least sure of all verified by people" in further.name
    unverified = next(one for one in by_model(found) if one.num_new == 140)
    assert further.verifying_cost == Decimal(5) and further.label_cost == 5 + unverified.label_cost
    assert there.arm == "Labels by a language model, some verified, annotate"
    assert there.band_90 is not None and there.can_tell
    assert f"labels by {connection.name} that it is least sure of are taken to find" in notes(found)
    assert "by 6 errors of an audit" in notes(found)
    assert "labels_to_verify" in planned_csv(found)


def test_the_button_leads_to_the_page_that_publishes_the_least_sure(
    study: Study, connection: Connection, client: Client
) -> None:
    job(study, connection, num=60)
    audit(study)
    found = advised(study)
    there, *_, further = sorted(verified(found), key=lambda one: one.num_new)
    found.__dict__["best"] = further
    asked = first_step(found)
    assert asked is not None and asked.text == "Have a language model give 140 labels"
    found.__dict__["best"] = there
    asked = first_step(found)
    assert asked is not None and asked.text == f"Have people verify {there.num_to_verify} labels"
    client.force_login(study.created_by)
    page = client.get(asked.url).content.decode()
    assert f'value="{there.num_to_verify}"' in page and 'value="least_sure" selected' in page
    assert NO_CONFIDENCE not in page


def test_what_it_is_least_sure_of_comes_first_and_an_audit_stays_out(study: Study, connection: Connection) -> None:
    job(study, connection, num=20)
    drawn = start_audit(actor=study.created_by, study=study, num_examples=5).example_ids
    by_chance, sure = (reviewable(study, order=order) for order in ReviewOrder)
    assert set(sure.ids) == set(by_chance.ids) and len(sure.ids) == 15 and not set(sure.ids) & set(drawn)
    assert (by_chance.is_by_confidence, sure.is_by_confidence) == (False, True)
    # It says good with 0.92 and bad with 0.95: all good come first, and of equal ones the study's random order holds.
    good = [pk for pk in by_chance.ids if Label.objects.get(example=pk).value == "good"]
    assert 0 < len(good) < 15 and list(sure.ids[: len(good)]) == good


def test_where_no_confidence_is_told_they_go_by_rank_and_it_is_said(
    study: Study, connection: Connection, client: Client
) -> None:
    Connection.objects.update(abilities={**connection.abilities, "alternatives": 0})
    job(study, connection, num=60)
    audit(study)
    found = advised(study)
    assert not verified(found) and "which these are cannot be said" in notes(found)
    by_chance, sure = (reviewable(study, order=order) for order in ReviewOrder)
    assert sure == by_chance and not sure.is_by_confidence
    client.force_login(study.created_by)
    assert NO_CONFIDENCE in client.get(f"/studies/{study.pk}/labelling/model/review/").content.decode()
    out = StringIO()
    call_command("model_labels", "review", str(study.pk), "--examples", "3", "--least-sure", stdout=out)
    assert NO_CONFIDENCE in out.getvalue() and "3 of 30 labels: holds 0.30 USD" in out.getvalue()


def test_an_autopilot_has_people_verify_once_and_what_they_say_counts(
    study: Study, connection: Connection, client: Client
) -> None:
    job(study, connection, num=60)
    switched_on(study)
    recommended(study, **of_verified(connection))
    client.force_login(study.created_by)
    assert "for 10 labels verified" in client.get(f"/studies/{study.pk}/report/").content.decode()
    for _ in range(2):
        step(study_id=study.pk)
    (bought,) = AutopilotStep.objects.all()
    assert bought.purchase.startswith(f"people verifying the 10 labels that {connection.name} is least sure of")
    assert Decimal(bought.figures["held"]) == Decimal(1) == Budget.objects.get(pk=study.budget_id).held
    published = Publication.objects.filter(example__study=study).select_related("example")
    assert {(one.prelabel, one.example.chosen_by) for one in published} == {("good", ChosenBy.VERIFICATION)}
    assert published.count() == bought.examples.count() == 10
    assert "wait for annotators" in Autopilot.objects.get().reason

    before = situation_of(study).key
    people_verify(study)
    situation = situation_of(study)
    assert (situation.pool.num_verified, situation.pool.num_by_model, situation.pool.num_labels) == (10, 50, 50)
    assert situation.key != before
    ground.annotated(study, num_labels=100, utility=0.72)
    (point,) = [one for one in points(study) if one.num_labels == 100]
    assert (point.num_by_model, point.num_verified, point.num_chosen) == (50, 10, 0)
    assert Cell(100, by_model=50, verified=10) in situation_of(study).measured
    assert "and people verified 10 more that it was least sure of" in report_text(report_of(study))
    assert verify(budgets=[Budget.objects.get(pk=study.budget_id)]) == []


def test_without_the_models_labels_those_verified_are_no_random_ones(study: Study, connection: Connection) -> None:
    job(study, connection, num=60)
    verify_least_sure(study, 10)
    offers = [one for one in advised(study).offers if one.labels == 50 and not one.num_by_model and not one.num_new]
    # It is as sure of many, which come by rank: chance would have taken most of the ten as well.
    assert offers and {(one.num_chosen, one.num_verified) for one in offers} == {(3, 0)}


def test_the_more_are_verified_the_fewer_count_as_chosen_without_a_jump(study: Study, connection: Connection) -> None:
    job(study, connection, num=60)
    found = []
    for more in (30, 20, 9, 1):
        verify_least_sure(study, more)
        counted = gold_student(study, utility=0.7)
        assert counted == situation_of(study).pool.num_chosen(1000)
        found.append(counted)
    assert found[-2:] == [1, 0] and found == sorted(found, reverse=True)


def test_what_it_labels_afterwards_was_not_among_what_they_were_chosen_from(
    study: Study, connection: Connection
) -> None:
    job(study, connection, num=60)
    verify_least_sure(study, 10)
    job(study, connection, num=40)
    situation = situation_of(study)
    assert (situation.pool.num_verified, situation.pool.num_by_model, situation.pool.num_later) == (10, 90, 40)
    ground.annotated(study, num_labels=140, utility=0.72)
    assert Cell(140, by_model=90, verified=10, later=40) in situation_of(study).measured
    # Those first that are less sure than any left of before: as of 60 ten were, as of 90 fifteen are.
    later = {number: situation.pool.num_later_of(90, to_verify=number) for number in (0, 5, 10, 50)}
    assert later == {0: 40, 5: 10, 10: 0, 50: 0}
    assert situation.pool.num_later_of(190, to_verify=0) == 140


def test_where_people_verified_all_labels_none_of_them_was_chosen(study: Study, connection: Connection) -> None:
    job(study, connection, num=20)
    verify_least_sure(study, 8)
    assert gold_student(study, utility=0.71) == 2
    verify_least_sure(study, 12)
    assert gold_student(study, utility=0.72) == 0
    job(study, connection, num=20)
    assert situation_of(study).pool.chosen_places == () and situation_of(study).pool.num_verified == 0
    assert sorted(one.num_chosen for one in points(study)) == [0, 0, 0, 2]
    verify_least_sure(study, 5)
    pool = situation_of(study).pool
    assert (pool.num_verified, pool.num_by_model, pool.num_later, len(pool.chosen_places)) == (5, 15, 0, 2)


def test_verified_labels_are_of_when_they_were_first_offered(study: Study, connection: Connection) -> None:
    job(study, connection, num=60)
    verify_least_sure(study, 10)
    job(study, connection, num=40)
    offer_again(study, num=5)
    pool = situation_of(study).pool
    assert (pool.num_verified, pool.num_by_model, pool.num_later) == (10, 90, 40)


def test_an_audit_knows_what_was_verified_before_also_where_it_is_offered_again(
    study: Study, connection: Connection
) -> None:
    job(study, connection, num=60)
    verify_least_sure(study, 10)
    audit(study, num_wrong=6)
    before = labeller_of(study)
    offer_again(study, num=5)
    after = labeller_of(study)
    assert before and after and before.accuracy.num_audited and after.accuracy == before.accuracy


def test_an_audit_of_what_was_left_counts_what_was_verified_before(study: Study, connection: Connection) -> None:
    job(study, connection, num=60)
    switched_on(study)
    recommended(study, **of_verified(connection, number=20))
    step(study_id=study.pk)
    for place, example in enumerate(Example.objects.filter(publication__isnull=False)):
        assign_label(example=example, value="bad" if place < 10 else "good", source_keys=[])
    audit(study)
    labeller = labeller_of(study)
    assert labeller is not None
    # Of the 40 left about all are right, of the 20 before a half.
    assert labeller.accuracy.mean == pytest.approx(50 / 60, abs=0.03)
