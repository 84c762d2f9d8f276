import pytest

from budgets.models import Path
from runs.models import Run, RunKind
from studies.models import Split, Study
from tests import factories
from tests.integration.reports import ground
from tests.integration.reports.test_the_next_tranche_is_recommended import advised, labelled, texts

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    """Forty labels, 200 further texts of the pool, and test."""
    made = factories.study()
    labelled(made, 40)
    labelled(made, 20, name="test", split=Split.TEST)
    factories.examples(made, texts("new", 200))
    return made


def test_what_a_teacher_without_labels_teaches_is_forecast_and_on_offer(study: Study) -> None:
    """It knows the label names: what is measured of it tells of its students of more labels, too."""
    ground.annotated_none(study, utility=0.6)
    without = ground.run(study, RunKind.FINETUNE_TEACHER, path=Path.DISTIL)
    ground.evaluate(without, 0.8)
    Run.objects.filter(pk=without.pk).update(model=study.teacher_model)
    found = [one for one in advised(study).offers if not one.labels and one.path == Path.DISTIL]
    assert {one.teacher_run for one in found} == {without.pk} and not any(one.is_teacher for one in found)
    assert all(one.score is not None and 60 < one.score < 85 and one.arm == "No labels, distil" for one in found)


def test_a_student_of_no_labels_is_never_a_hybrid(study: Study) -> None:
    best = ground.distilled(study, teacher=ground.teacher(study, num_labels=40))
    Run.objects.filter(pk=best.run_id).update(distillation={"gold_epochs": 5})
    taught = [one for one in advised(study).offers if one.pseudo_labels]
    assert {one.labels > 0: one.is_hybrid for one in taught} == {True: True, False: False}
