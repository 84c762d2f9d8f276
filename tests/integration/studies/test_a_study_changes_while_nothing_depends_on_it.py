import pytest

from accounts.models import AuditRecord, Role
from accounts.permissions import Forbidden
from studies.editing import StudyInUse, StudyInvalid, change_study, freeze_test
from studies.models import Label, Study
from tests import factories
from tests.labelling import hold_examples

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return factories.study(labels=("praise", "blame"))


def change(study: Study, **wanted: object) -> Study:
    return change_study(actor=study.created_by, study=study, **wanted)  # type: ignore[arg-type]


def test_its_name_changes_and_its_budgets_too(study: Study) -> None:
    changed = change(study, name=" Praise in reviews ")
    study.budget.refresh_from_db()
    assert (changed.name, study.budget.name) == ("Praise in reviews", "Praise in reviews")


def test_a_name_that_is_taken_is_refused(study: Study) -> None:
    with pytest.raises(StudyInvalid, match="there is a study"):
        change(study, name=factories.study().name)


def test_labels_may_be_renamed_before_anything_uses_them(study: Study) -> None:
    factories.examples(study, ["one"])
    assert change(study, labels=["Lob", "Tadel", "Anderes"]).labels == ["Lob", "Tadel", "Anderes"]


def test_a_label_that_examples_have_stays(study: Study) -> None:
    factories.examples(study, ["one", "two"], labels=["praise", "praise"])
    with pytest.raises(StudyInUse, match="labels: 2 labels use “praise”"):
        change(study, labels=["Lob", "blame"])
    assert change(study, labels=["praise", "Tadel"]).labels == ["praise", "Tadel"]


def test_labels_of_what_was_published_stay(study: Study) -> None:
    factories.examples(study, ["one"])
    hold_examples(study)
    with pytest.raises(StudyInUse, match="1 examples were published"):
        change(study, labels=["praise", "blame", "other"])


def test_labels_that_a_language_model_is_asked_for_stay(study: Study) -> None:
    one, _ = factories.examples(study, ["one", "two"])
    study.examples.filter(pk=one.pk).update(labeling_job="labeling_job:1")
    with pytest.raises(StudyInUse, match="a labelling job of 1 examples asks for them"):
        change(study, labels=["Lob", "Tadel"])
    study.examples.update(labeling_job="")
    assert change(study, labels=["Lob", "Tadel"]).labels == ["Lob", "Tadel"]


def test_labels_of_a_trained_study_stay(study: Study) -> None:
    freeze_test(actor=study.created_by, study=study)
    with pytest.raises(StudyInUse, match="a run was started with them"):
        change(study, labels=["praise", "other"])


def test_instructions_stay_while_people_work_by_them(study: Study) -> None:
    factories.examples(study, ["one"])
    assert change(study, instructions="Read twice.").instructions == "Read twice."
    hold_examples(study)
    with pytest.raises(StudyInUse, match="instructions: 1 examples are published"):
        change(study, instructions="Read once.")


def test_the_order_of_labels_that_sets_are_kept_in_stays() -> None:
    study = factories.study(task_type="multi_label_classification", labels=("a", "b", "c"))
    (example,) = factories.examples(study, ["one"])
    Label.objects.create(example=example, value='["a", "c"]', source=Label.Source.IMPORT)
    with pytest.raises(StudyInUse, match="Keep that order"):
        change(study, labels=["c", "b", "a"])
    assert change(study, labels=["b", "a", "c"]).labels == ["b", "a", "c"]


def test_all_of_it_changes_or_nothing(study: Study) -> None:
    factories.examples(study, ["one"], labels=["praise"])
    with pytest.raises(StudyInUse):
        change(study, name="Another", labels=["blame", "other"])
    study.refresh_from_db()
    assert study.name != "Another"


def test_a_change_is_recorded_with_what_was_there_before(study: Study) -> None:
    change(study, instructions="Read twice.", labels=study.labels)
    record = AuditRecord.objects.get(action="study.change")
    assert (record.before, record.after) == ({"instructions": ""}, {"instructions": "Read twice."})


def test_an_annotator_changes_nothing(study: Study) -> None:
    with pytest.raises(Forbidden):
        change_study(actor=factories.person(Role.ANNOTATOR), study=study, name="Mine")
