"""A model's kept scores give the order in which to label; what was chosen is marked, priced and forecast as such."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError
from pytest_django import Settings

from budgets.models import LedgerEntry, Path
from labeling.models import LabelingProject, Publication
from labeling.publishing import PublishRequest, hold_batch, publish
from reports.advice import NextTranche, next_tranche, recommend, situation_of
from reports.advice.planned import PlannedBills
from reports.advice.question import measured_points
from reports.autopilot import step
from reports.bills import BillSection, Sharing, StudyLedger, bill_of
from reports.points import points
from reports.selection import NothingScored, select_examples, selection_basis
from runs.models import Artifact, Run, RunKind
from runs.results import ScoresUnreadable
from studies.labels import assign_label
from studies.models import ChosenBy, Example, Split, Study
from studies.snapshots import take_snapshot, take_unlabelled
from tests import factories
from tests.integration.reports import ground
from tests.integration.reports.autopilots import outside, recommended, switched_on
from tests.unit.reports.planned import offer
from training.answers import Rows
from training.data import ModelOutputs
from training.distil import PartialStore, StorePlan
from web.views.next_tranche import first_step

__all__ = ["outside"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def runs_dir(settings: Settings, tmp_path: FilePath) -> None:
    settings.RUNS_DIR = tmp_path / "runs"


@pytest.fixture
def study() -> Study:
    """Forty labels, sixty further texts of the pool, dev and test."""
    made = factories.study()
    for split, name, how_many in ((Split.POOL, "row", 40), (Split.TEST, "test", 20), (Split.DEV, "dev", 20)):
        labels = [("good", "bad")[number % 2] for number in range(how_many)]
        factories.examples(made, [f"{name} {number}" for number in range(how_many)], labels=labels, split=split)
    factories.examples(made, [f"new {number}" for number in range(60)])
    return made


def student(study: Study, *, num_labels: int, utility: float) -> Run:
    """A measured student whose files are there."""
    run = ground.annotated(study, num_labels=num_labels, utility=utility).run
    run.model = factories.PACKAGE_MODEL
    run.save(update_fields=["model"])
    Artifact.objects.filter(run=run).update(folder=f"{run.pk}/artifact")
    run.artifact.refresh_from_db()
    run.artifact.path.mkdir(parents=True)
    return run


def scored_by(run: Run, study: Study) -> Run:
    """Scores of all unlabelled texts as the trainer stores them: the margin is the number in each."""
    unlabelled = take_unlabelled(study=study, besides=run.snapshot, num_examples=60)
    scoring = ground.run(study, RunKind.SCORE, path=Path.DISTIL, parents=[run])
    scoring.unlabelled = unlabelled
    scoring.save(update_fields=["unlabelled"])
    Artifact.objects.filter(run=scoring).update(folder=f"{scoring.pk}/soft_labels")
    examples = list(Example.objects.filter(pk__in=unlabelled.unlabelled_ids))
    texts = [one.fields["text"] for one in examples]
    margins = [float(text.split()[-1]) for text in texts]
    store = PartialStore(scoring.folder / "partial", _plan(study, len(examples)))
    store.open()
    rows = Rows(uids=[str(one.uid) for one in examples], columns={"text": texts}, gold=None)
    logits = np.array([[margin, 0.0] for margin in margins], dtype=np.float32)
    store.write(0, rows=rows, outputs=ModelOutputs.one_per_row(logits))
    store.publish(scoring.folder / "soft_labels", calibration=None, confidence=None)
    return scoring


def _plan(study: Study, num_rows: int) -> StorePlan:
    labels = tuple(study.labels)
    return StorePlan(
        task_type=study.task_type,
        labels=labels,
        unit="row",
        outputs=labels,
        teacher_hash="x",
        tokenizer_hash="x",
        data_hash="x",
        max_length=8,
        precision="fp32",
        rows_per_shard=1024,
        num_rows=num_rows,
    )


def texts_of(ids: Sequence[int]) -> list[str]:
    by_pk = {one.pk: one.fields["text"] for one in Example.objects.filter(pk__in=ids)}
    return [by_pk[pk] for pk in ids]


def held(study: Study, how_many: int) -> list[str]:
    """Hold a batch as publishing does, and return the texts in it, in their order."""
    LabelingProject.objects.get_or_create(study=study)
    chosen = select_examples(study).next_of(study=study, num_examples=how_many)
    examples = chosen.examples(study=study, start=0)
    hold_batch(
        PublishRequest(by=study.created_by, study=study, examples=examples, num_examples=how_many, chosen=chosen)
    )
    batch = Publication.objects.order_by("pk").values_list("example__fields__text", flat=True)
    return list(batch)


def advised(study: Study) -> NextTranche:
    study.refresh_from_db()
    recommend(study=study)
    return next_tranche(study)


def test_the_least_sure_are_published_first_and_marked(study: Study) -> None:
    scored_by(student(study, num_labels=40, utility=0.7), study)
    factories.examples(study, ["new 61"])
    assert texts_of(select_examples(study).ids)[:3] == ["new 0", "new 1", "new 2"]
    assert set(held(study, 5)) == {f"new {number}" for number in range(5)}
    assert Example.objects.filter(chosen_by=ChosenBy.UNCERTAINTY).count() == 5
    assert texts_of(select_examples(study).ids)[0] == "new 5"


def test_dev_and_test_stay_random(study: Study) -> None:
    scored_by(student(study, num_labels=40, utility=0.7), study)
    with pytest.raises(Exception, match="dev and test stay random"):
        publish(actor=study.created_by, study=study, split=Split.DEV, which=select_examples(study))
    with pytest.raises(IntegrityError):
        Example.objects.filter(split=Split.TEST).update(chosen_by=ChosenBy.UNCERTAINTY)


def test_scores_of_far_fewer_labels_and_unreadable_ones_are_none(study: Study) -> None:
    scoring = scored_by(student(study, num_labels=10, utility=0.6), study)
    with pytest.raises(NothingScored, match="no fresh scores"):
        select_examples(study)
    assert selection_basis(study).scorer is not None
    Run.objects.filter(pk=scoring.parents.get().pk).update(snapshot=student(study, num_labels=40, utility=0.7).snapshot)
    (shard,) = (scoring.folder / "soft_labels").glob("shard-*.arrow")
    shard.write_bytes(b"not arrow")
    with pytest.raises(ScoresUnreadable, match="scored again"):
        select_examples(study)


def test_without_scores_the_price_has_a_pass_and_the_button_starts_it(study: Study) -> None:
    student(study, num_labels=20, utility=0.6)
    scorer = student(study, num_labels=40, utility=0.7)
    found = advised(study)
    offers = {one.is_chosen: one for one in found.offers if (one.num_new, one.pseudo_labels) == (10, 0)}
    scoring_cost = offers[True].scoring_cost or Decimal(0)
    assert offers[True].price == offers[False].price + scoring_cost > offers[False].price
    assert offers[True].num_chosen == 10 and "chosen by uncertainty" in offers[True].name
    assert offers[True].band_90 is not None and offers[False].band_90 is not None
    recommendation = found.recommendation
    assert recommendation is not None and any("1.0 to 1.5" in note for note in recommendation.notes)
    request = offers[True].scoring_request(study)
    assert (request.plan.score_only, request.plan.teacher_run, request.num_to_score) == (True, scorer.pk, 60)
    found.__dict__["best"] = offers[True]
    step = first_step(found)
    assert step is not None and "path=scoring" in step.url and f"teacher={scorer.pk}" in step.url


def test_with_scores_the_button_publishes_in_their_order(study: Study) -> None:
    student(study, num_labels=20, utility=0.6)
    scored_by(student(study, num_labels=40, utility=0.7), study)
    found = advised(study)
    chosen = [one for one in found.offers if one.is_chosen]
    assert chosen and all(one.scorer is None and one.scoring_cost == Decimal(0) for one in chosen)
    assert max(one.num_new for one in chosen) <= 30
    found.__dict__["best"] = chosen[0]
    step = first_step(found)
    assert step is not None and "order=uncertainty" in step.url and step.text.startswith("Publish")


def test_without_a_student_it_is_said_why_none_is_on_offer(study: Study) -> None:
    ground.annotated(study, num_labels=40)
    found = advised(study)
    assert not any(one.is_chosen for one in found.offers)
    assert found.recommendation is not None
    assert any("no student is there" in note for note in found.recommendation.notes)


def test_a_student_of_chosen_labels_is_apart_from_the_curve(study: Study) -> None:
    scored_by(student(study, num_labels=40, utility=0.7), study)
    chosen = held(study, 10)
    for example in Example.objects.filter(chosen_by=ChosenBy.UNCERTAINTY):
        assign_label(example=example, value="good", source_keys=[])
    student(study, num_labels=50, utility=0.8)
    (point,) = [one for one in points(study) if one.num_labels == 50]
    assert point.num_chosen == len(chosen) == 10
    (cell,) = [one.cell for one in measured_points(situation_of(study)).curve if one.cell.labels == 50]
    assert cell.chosen == 10


def test_what_trained_on_chosen_labels_shares_the_scores_that_chose_them(study: Study) -> None:
    scorer = student(study, num_labels=40, utility=0.7)
    scoring = scored_by(scorer, study)
    held(study, 10)
    for example in Example.objects.filter(chosen_by=ChosenBy.UNCERTAINTY):
        assert example.scores_key == scoring.source_key
        assign_label(example=example, value="good", source_keys=[])
    taught = [student(study, num_labels=num, utility=0.8) for num in (45, 50)]
    sharing = Sharing(StudyLedger(study))
    (entry,) = LedgerEntry.objects.filter(subject_key__startswith=f"{scoring.source_key}:")
    shares = [sharing.bill(run.artifact).lines for run in (scorer, *taught)]
    scores = [next(line for line in lines if line.section == BillSection.TEACHER_SCORING) for lines in shares]
    assert [line.whole for line in scores] == [0, entry.amount, entry.amount]
    assert sum(line.share for line in scores) == entry.amount and scores[1].share == scores[2].share
    assert sum(bill.share for bill in sharing.bills) == sum(one.amount for one in LedgerEntry.objects.all())


def test_a_planned_student_counts_the_scores_that_choose_its_labels(study: Study) -> None:
    student(study, num_labels=20, utility=0.6)
    scoring = scored_by(student(study, num_labels=40, utility=0.7), study)
    (entry,) = LedgerEntry.objects.filter(subject_key__startswith=f"{scoring.source_key}:")
    bills, (first, *_) = PlannedBills(StudyLedger(study)), [one for one in advised(study).offers if one.is_chosen]
    assert bills.total(first) == first.price + entry.amount
    assert bills.total(offer(labels=40, compute_cost=Decimal(1))) == Decimal(1)
    held(study, 10)
    waiting = offer(labels=50, num_waiting=10, compute_cost=Decimal(1))
    assert bills.total(waiting) == Decimal(1) + Decimal("0.10") * 10 + entry.amount
    for example in Example.objects.filter(chosen_by=ChosenBy.UNCERTAINTY):
        assign_label(example=example, value="good", source_keys=[])
    there = offer(labels=50, compute_cost=Decimal(1))
    assert PlannedBills(StudyLedger(study)).total(there) == Decimal(1) + entry.amount


def test_a_student_of_the_scores_that_chose_its_labels_pays_them_once(study: Study) -> None:
    scorer = student(study, num_labels=40, utility=0.7)
    scoring = scored_by(scorer, study)
    held(study, 10)
    for example in Example.objects.filter(chosen_by=ChosenBy.UNCERTAINTY):
        assign_label(example=example, value="good", source_keys=[])
    chosen = take_snapshot(study=study, num_labels=50)
    distilled = ground.run(study, RunKind.DISTIL, path=Path.DISTIL, snapshot=chosen, parents=[scoring])
    ids = bill_of(artifact=distilled.artifact).entry_ids
    assert len(ids) == len(set(ids)) == LedgerEntry.objects.count()


CHOSEN: dict[str, Any] = {"num_new": 5, "num_chosen": 5, "is_chosen": True}


def test_an_autopilot_first_has_examples_scored(study: Study) -> None:
    scorer = student(study, num_labels=40, utility=0.7)
    switched_on(study)
    pass_of: dict[str, Any] = {
        "scorer": scorer.pk,
        "num_to_score": 60,
        "scoring_minutes": 2,
        "scoring_cost": Decimal("0.01"),
    }
    recommended(study, **CHOSEN, **pass_of)
    step(study_id=study.pk)
    (scoring,) = study.runs.filter(kind=RunKind.SCORE)
    assert (scoring.num_unlabelled, scoring.parents.get(), scoring.max_seconds) == (60, scorer, 120)
    assert not Publication.objects.exists()


def test_an_autopilot_publishes_those_of_which_the_model_was_least_sure(study: Study) -> None:
    scored_by(student(study, num_labels=40, utility=0.7), study)
    switched_on(study)
    recommended(study, **CHOSEN)
    step(study_id=study.pk)
    published = Publication.objects.values_list("example__fields__text", "example__chosen_by")
    assert set(published) == {(f"new {number}", ChosenBy.UNCERTAINTY) for number in range(5)}
