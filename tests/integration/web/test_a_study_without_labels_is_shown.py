import pytest
from django.test import Client
from django.urls import reverse

from budgets.models import Path
from reports.cards import model_card
from reports.exports import report_csv
from reports.points import points
from reports.queries import report_of
from reports.tables import report_text
from runs.models import Artifact, Run, RunKind
from runs.results import recipe_choice, settings_used
from studies.models import Split, Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db
CHOICE = {
    "chosen": "names_and_pool",
    "strength": 0.3,
    "judged_on": "folds",
    "why": "names_and_pool is the simplest within one standard error.",
    "candidates": [
        {"name": "names_and_pool", "strength": 0.3, "score": 0.52, "error": 0.013, "lacks": ""},
        {"name": "names_and_pool", "strength": 1.0, "score": 0.51, "error": 0.02, "lacks": ""},
        {"name": "logistic", "strength": 1.0, "score": None, "error": None, "lacks": "0 of the labels have examples"},
        {"name": "probe", "score": None, "lacks": "2.0 labels per class"},
    ],
    "notes": ["Label '1': the name says nothing."],
    "device_seconds": 30.0,
}
# Of a head that no training changed.
SEEDS = [{"seed": 0, "learning_rate": 1e-4, "steps": 400, "dev": 0.5, "best_step": 0, "num_steps": 0}]


@pytest.fixture
def ready(study: Study) -> Study:
    """A study with a text in the pool, and labels on test."""
    factories.examples(study, ["one", "two"])
    factories.examples(study, ["three", "four"], split=Split.TEST, labels=["good", "bad"])
    return study


def without_labels(study: Study, kind: RunKind, path: Path, *parents: Run, **fields: object) -> Run:
    run = ground.run(study, kind, path=path, seconds=[60], parents=parents)
    Run.objects.filter(pk=run.pk).update(snapshot=None, **fields)
    run.refresh_from_db()
    return run


def measured(run: Run, **result: object) -> Artifact:
    made = ground.evaluate(run, 0.52)
    made.result = result
    made.save()
    return made


def test_zero_labels_are_a_start_on_the_page(manager: Client, ready: Study) -> None:
    asked = {"path": "annotate", "num_labels": "0", "max_minutes": "30"}
    page = manager.get(reverse("run-quote", args=[ready.pk]), asked)
    assert "0 labels: it starts from what the labels say of themselves" in page.content.decode()


def test_a_teacher_as_it_is_is_a_third_choice(manager: Client, ready: Study) -> None:
    assert "as it is, without fine-tuning" in manager.get(reverse("start-run", args=[ready.pk])).content.decode()
    asked = {"path": "distil", "num_labels": "0", "num_unlabelled": "2", "teacher": "untrained", "max_minutes": "30"}
    quote = manager.get(reverse("run-quote", args=[ready.pk]), asked).context["quote"]
    assert [one.kind for one in quote.estimate.runs] == [RunKind.SCORE, RunKind.DISTIL]
    assert quote.amount == quote.price.amount


def test_a_runs_page_says_how_its_recipe_was_chosen(manager: Client, ready: Study) -> None:
    run = without_labels(ready, RunKind.FINETUNE_STUDENT, Path.ANNOTATE)
    measured(run, choice=CHOICE)
    run.refresh_from_db()
    choice = recipe_choice(run)
    assert choice is not None and run.hold is not None
    assert [one.is_chosen for one in choice.candidates] == [True, False, False, False]
    assert choice.cost == run.hold.price.rate * 30 / 3600
    page = manager.get(reverse("run", args=[run.pk])).content.decode()
    assert "<strong>Names and pool</strong>, judged on folds. names_and_pool is the simplest" in page
    assert "not tried: 2.0 labels per class" in page and "the name says nothing" in page
    assert "Choosing took 30" in page


@pytest.mark.parametrize("choice", [None, {}, {"chosen": ""}, "names", {"chosen": "names", "candidates": ["odd"]}])
def test_a_choice_is_read_with_care(ready: Study, choice: object) -> None:
    run = without_labels(ready, RunKind.FINETUNE_STUDENT, Path.ANNOTATE)
    measured(run, choice=choice)
    found = recipe_choice(Run.objects.get(pk=run.pk))
    assert found is None or (found.chosen, found.candidates, found.seconds) == ("names", (), 0.0)


def test_both_ways_without_labels_are_points_with_their_cost(manager: Client, ready: Study) -> None:
    named = without_labels(ready, RunKind.FINETUNE_STUDENT, Path.ANNOTATE)
    scored = without_labels(ready, RunKind.SCORE, Path.DISTIL, num_unlabelled=2, model=ready.teacher_model)
    distilled = without_labels(ready, RunKind.DISTIL, Path.DISTIL, scored, num_unlabelled=2)
    students = [measured(run) for run in (named, distilled)]
    found = {point.artifact_id: point for point in points(ready)}
    assert [found[one.pk].num_labels for one in students] == [0, 0]
    per_minute = named.hold.price.rate / 60 if named.hold else 0
    assert [found[one.pk].dollars for one in students] == [per_minute, 2 * per_minute]
    for run in (named, scored, distilled):
        assert "<dt>Labels</dt><dd>0</dd>" in manager.get(reverse("run", args=[run.pk])).content.decode()
    assert '<td class="number">0</td>' in manager.get(reverse("runs", args=[ready.pk])).content.decode()


def test_settings_of_a_training_are_not_said_of_a_run_without_one(ready: Study) -> None:
    training = {"recipe": "auto", "steps": 400, "learning_rate": 1e-4, "max_length": 64}
    run = without_labels(ready, RunKind.FINETUNE_STUDENT, Path.ANNOTATE, training=training)
    assert dict(settings_used(run)) == {"recipe": "auto", "max_length": "64", "seed": "0"}
    distilled = without_labels(ready, RunKind.DISTIL, Path.DISTIL, training=training)
    assert dict(settings_used(distilled))["steps"] == "400"


def test_a_student_that_no_seed_changes_is_not_called_one_of_a_single_seed(manager: Client, ready: Study) -> None:
    run = without_labels(ready, RunKind.FINETUNE_STUDENT, Path.ANNOTATE)
    student = measured(run, choice=CHOICE, seeds=SEEDS)
    (point,) = points(ready)
    assert (point.chosen, point.is_single_seed, point.interval_over) == (
        None,
        False,
        "over examples; no seed changes it",
    )
    page = manager.get(reverse("artifact", args=[student.pk])).content.decode()
    assert "which was not trained" in page and "400 steps" not in page
    assert "no seed changes it" in manager.get(reverse("report", args=[ready.pk])).content.decode()
    measured_again = {**student.result, "choice": {**CHOICE, "chosen": "probe"}}
    Artifact.objects.filter(pk=student.pk).update(result=measured_again)
    (trained,) = points(ready)
    assert trained.is_single_seed and trained.chosen is not None


def test_a_spread_over_labels_is_shown_wherever_a_score_is(manager: Client, ready: Study) -> None:
    run = without_labels(ready, RunKind.FINETUNE_STUDENT, Path.ANNOTATE)
    spread = {"low": 0.333, "high": 0.777, "sd": 0.0456}
    test = {ready.metric: {"value": 0.52, "low": 0.4, "high": 0.6, "over_labels": spread}, "num_examples": 2}
    student = measured(run, choice=CHOICE, metrics={"test": test}, seeds=SEEDS)
    (point,) = points(ready)
    assert point.over_labels is not None and vars(point.over_labels) == spread
    # The interval that students are compared by stays over examples alone.
    assert (point.low, point.high) != (0.333, 0.777)
    pages = {name: manager.get(reverse(name, args=[pk])).content.decode() for name, pk in named_pages(student)}
    assert all("33.3 % to 77.7 %" in page and "over examples and labels" in page.lower() for page in pages.values())
    report = report_of(ready)
    assert "[33.3, 77.7]" in report_text(report)
    header, row = report_csv(report).splitlines()
    told = dict(zip(header.split(","), row.split(","), strict=True))
    assert [told[f"utility_{side}_with_labels"] for side in ("low", "high")] == ["0.333", "0.777"]
    card = model_card(artifact=student)
    assert "| 40.0 % to 60.0 % | 33.3 % to 77.7 % |" in card
    assert "No seed changes a head" in card and "Another seed" not in card


def named_pages(student: Artifact) -> list[tuple[str, int]]:
    return [("report", student.run.study_id), ("artifact", student.pk), ("run", student.run_id)]


def test_cards_say_where_a_model_of_no_label_comes_from(ready: Study) -> None:
    named = without_labels(ready, RunKind.FINETUNE_STUDENT, Path.ANNOTATE)
    assert "It learned from 0 labels, only from what the labels say of themselves." in model_card(
        artifact=measured(named)
    )
    scored = without_labels(ready, RunKind.SCORE, Path.DISTIL, num_unlabelled=2, model=ready.teacher_model)
    distilled = without_labels(ready, RunKind.DISTIL, Path.DISTIL, scored, num_unlabelled=2)
    student = measured(distilled)
    Artifact.objects.filter(pk=student.pk).update(num_pseudo_labels=2)
    student.refresh_from_db()
    card = model_card(artifact=student)
    assert "soft labels of 2 examples; the teacher had 0 labels, only what the labels say of themselves." in card
