"""Self-distillation on offer: another teacher than the study's, with an offset and a price of its own."""

import pytest

from reports.advice import OfferRecord, next_tranche, recommend, situation_of
from reports.models import ForecastOutcome
from reports.surfaces import surface_csv
from runs.models import Artifact, Run, RunKind
from studies.models import Split, Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db
LARGER = {"source": "package", "name": "all-MiniLM-L6-v2", "revision": None}


@pytest.fixture
def study() -> Study:
    """Forty labels, a student of all and one of half, and a teacher of another checkpoint than the student's."""
    made = factories.study(teacher_model=LARGER)
    factories.examples(made, [f"row {number}" for number in range(40)], labels=["good", "bad"] * 20)
    factories.examples(made, [f"test {number}" for number in range(20)], labels=["good", "bad"] * 10, split=Split.TEST)
    factories.examples(made, [f"new {number}" for number in range(200)])
    ground.annotated(made, num_labels=40, utility=0.7)
    ground.annotated(made, num_labels=20, utility=0.6)
    return made


def own(study: Study) -> list[OfferRecord]:
    """The offers of its own checkpoint."""
    recommend(study=study)
    return [one for one in next_tranche(study).offers if one.is_self_taught]


def self_taught(study: Study, *, utility: float) -> Artifact:
    """A student of fifty pseudo-labels of its own checkpoint."""
    teacher = ground.teacher(study, num_labels=40)
    Run.objects.filter(pk=teacher.pk).update(model=study.student_model)
    ground.evaluate(teacher, 0.72)
    made = ground.distilled(study, teacher=teacher, utility=utility)
    Run.objects.filter(pk=made.run_id).update(num_unlabelled=50)
    teacher.artifact.path.mkdir(parents=True, exist_ok=True)
    return made


def test_it_is_on_offer_with_all_labels_there_and_less_sure(study: Study) -> None:
    found = own(study)
    assert {(one.labels, one.num_new) for one in found} == {(40, 0)}
    usual = {
        one.pseudo_labels: one for one in next_tranche(study).offers if one.labels == 40 and not one.is_self_taught
    }
    for one in found:
        other = usual[one.pseudo_labels]
        assert one.name == f"{other.name} of its own checkpoint"
        assert one.arm == "Distil from its own checkpoint"
        assert one.band_90 and other.band_90 and one.score and other.score
        assert one.score < other.score


def test_where_the_studys_teacher_is_the_same_checkpoint_it_is_no_other(study: Study) -> None:
    Study.objects.filter(pk=study.pk).update(teacher_model=study.student_model)
    study.refresh_from_db()
    assert own(study) == []


def test_what_it_reached_is_of_no_other_teacher(study: Study) -> None:
    (said,) = [one for one in own(study) if one.pseudo_labels == 50]
    made = self_taught(study, utility=0.95)
    situation = situation_of(study)
    assert situation.self_taught == {made.run_id, made.run.parents.get().parents.get().pk}
    cells = {(cell.labels, cell.pseudo_labels, cell.teacher) for cell in situation.measured}
    assert (40, 50, 1) in cells and (40, 50, 0) not in cells
    assert "0.95" not in surface_csv(study) and ",95," not in surface_csv(study)
    best = max(own(study), key=lambda one: one.score or 0)
    usual = [one for one in next_tranche(study).offers if one.pseudo_labels == best.pseudo_labels and one.labels == 40]
    assert best.score is not None and all(best.score >= (one.score or 0) for one in usual)
    outcome = ForecastOutcome.objects.get(artifact=made)
    assert (outcome.low_90, outcome.high_90) == said.band_90


def test_its_teacher_is_paid_for_once(study: Study) -> None:
    self_taught(study, utility=0.7)
    found = own(study)
    teacher = Run.objects.get(kind=RunKind.FINETUNE_TEACHER)
    assert found and {one.teacher_run for one in found} == {teacher.pk}
    assert all(not one.request(study).plan.self_distil for one in found)
