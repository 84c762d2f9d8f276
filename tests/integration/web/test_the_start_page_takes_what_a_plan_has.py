from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from budgets.models import Path
from runs.models import ModelLicence, Run, RunKind
from runs.requests import HYBRID_EPOCHS, RunPlan
from studies.models import Split, Study
from tests import factories
from tests.integration.reports import ground
from web.forms.runs import HYBRID, StartRunForm

pytestmark = pytest.mark.django_db
# What the page sends where nothing is changed on it.
SENT = {
    "num_seeds": "3",
    "recipe": "auto",
    "max_minutes": "60",
    "batch_size": "16",
    "max_length": "64",
    "pooling": "mean",
    "segmentation": "auto",
    "head_learning_rate_factor": "10.0",
    "frozen_layers": "0",
    "answer_length": "64",
    "adapter_rank": "0",
    "num_answers": "1",
    "teacher": "study",
    "temperature": "2.0",
    "gold_weight": "0.0",
    "distil_from": "soft_labels",
    "on_policy_share": "0.5",
    "filter": "none",
    "teacher_seeds": "where_cheap",
    "gold_epochs": "5",
}


@pytest.fixture(autouse=True)
def any_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("runs.execution.queueing._send", lambda run_id: None)
    yield


@pytest.fixture
def ready(study: Study) -> Study:
    """A study with labels in every split."""
    for split in (Split.POOL, Split.DEV, Split.TEST):
        texts = [f"{split} text {number}" for number in range(6)]
        factories.examples(study, texts, split=split, labels=list(study.labels[:2]) * 3)
    factories.examples(study, [f"unlabelled text {number}" for number in range(6)])
    return study


def plan_of(**sent: str) -> RunPlan:
    form = StartRunForm({**SENT, "path": "annotate", **sent})
    assert form.is_valid(), form.errors
    return form.plan()


def test_what_is_left_as_it_is_gives_the_default_plan() -> None:
    assert plan_of() == RunPlan()


@pytest.mark.parametrize("way", ["distil", HYBRID])
def test_a_way_decides_the_epochs_on_gold_labels(way: str) -> None:
    plan = plan_of(path=way, num_unlabelled="4")
    assert plan == RunPlan(gold_epochs=HYBRID_EPOCHS if way == HYBRID else 0)


@pytest.mark.parametrize("task_type", ["pair_classification", "text_classification"])
def test_a_bi_encoder_is_offered_where_there_are_pairs(manager: Client, ready: Study, task_type: str) -> None:
    Study.objects.filter(pk=ready.pk).update(task_type=task_type)
    page = manager.get(reverse("start-run", args=[ready.pk]))
    choices = {value for value, _ in page.context["form"].fields["pooling"].choices}
    assert ("bi_encoder" in choices) == (task_type == "pair_classification")


def test_what_is_asked_suits_answers_that_are_written(manager: Client, ready: Study) -> None:
    of_labels = set(manager.get(reverse("start-run", args=[ready.pk])).context["form"].fields)
    Study.objects.filter(pk=ready.pk).update(task_type="text_generation", labels=[], metric="bleu")
    form = manager.get(reverse("start-run", args=[ready.pk])).context["form"]
    assert set(form.fields) - of_labels == {"answer_length", "num_answers", "adapter_rank", "on_policy_share"}
    assert of_labels - set(form.fields) == {"pooling", "head_learning_rate_factor", "stated_confidence"}
    offered = {"recipe": ["auto", "finetune"], "distil_from": ["soft_labels", "answers", "on_policy"]}
    for name, values in offered.items():
        assert [value for value, _ in form.fields[name].choices] == values


def test_every_field_stands_on_the_page(manager: Client, ready: Study) -> None:
    page = manager.get(reverse("start-run", args=[ready.pk]))
    # One that a browser cannot send would be missing from every start; these are for an unknown licence, and for labels
    # that a language model gave.
    # What only a study with labels of a language model has stands on the page of such a one.
    asked_later = {"licence_confirmed", "gold_only"}
    fields = {name for name in page.context["form"].fields if f'name="{name}"' not in page.content.decode()}
    assert fields <= asked_later


def test_lists_are_read_with_commas_or_spaces() -> None:
    plan = plan_of(learning_rates="1e-4, 0.0003", search_epochs="2 4", student_layers="0,2;5")
    assert plan == RunPlan(learning_rates=(1e-4, 3e-4), search_epochs=(2, 4), student_layers=(0, 2, 5))


@pytest.mark.parametrize(
    ("field", "sent", "said"),
    [
        ("learning_rates", "fast", "“fast” is not a number"),
        ("search_epochs", "1.5", "“1.5” is not a whole number"),
        ("num_seeds", "0", "greater than or equal to 1"),
        ("num_labels", "9" * 30, "less than or equal to 10000000"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(field: str, sent: str, said: str) -> None:
    form = StartRunForm({**SENT, "path": "annotate", field: sent})
    assert not form.is_valid()
    assert said in str(form.errors[field])


def test_what_a_plan_refuses_stands_beside_its_field(manager: Client, ready: Study) -> None:
    sent = {**SENT, "path": "distil", "num_unlabelled": "4", "keep": "0.5"}
    page = manager.post(reverse("start-run", args=[ready.pk]), sent)
    assert "Needs a filter" in str(page.context["form"].errors["keep"])
    assert '<details class="for-distil" open>' in page.content.decode()
    quote = manager.get(reverse("run-quote", args=[ready.pk]), sent)
    assert quote.context["refusal"].startswith("Share kept: needs a filter")


def test_what_is_not_shown_without_distilling_is_not_looked_at() -> None:
    plan = plan_of(path="annotate", keep="0.5", temperature="hot", teacher_steps="0", teacher="57")
    assert plan == RunPlan()


def test_a_quote_for_a_plan_that_is_refused_says_why(manager: Client, ready: Study) -> None:
    page = manager.get(reverse("run-quote", args=[ready.pk]), {"path": "distil", "keep": "0.5"})
    assert "This cannot be started." in page.content.decode()


def test_a_hybrid_from_a_search_is_started(manager: Client, ready: Study) -> None:
    sent = {**SENT, "path": HYBRID, "num_unlabelled": "4", "num_seeds": "2", "learning_rates": "0.001, 0.0001"}
    manager.post(reverse("start-run", args=[ready.pk]), sent)
    run = Run.objects.get(kind=RunKind.DISTIL)
    assert run.search == {"learning_rates": [0.001, 0.0001], "num_seeds": 2}
    assert run.distillation["gold_epochs"] == HYBRID_EPOCHS
    assert run.path == Path.DISTIL


def test_finished_trainings_of_the_study_are_offered_as_teachers(manager: Client, ready: Study) -> None:
    done = ground.teacher(ready, num_labels=1)
    page = manager.get(reverse("start-run", args=[ready.pk])).content.decode()
    assert f'<option value="{done.pk}">' in page


def test_what_is_found_beforehand_stands_on_the_quote(manager: Client, ready: Study) -> None:
    page = manager.get(reverse("run-quote", args=[ready.pk]), {"path": "distil"}).content.decode()
    for topic in ("Labels", "Vocabulary", "Memory", "Licence"):
        assert f"<dt>{topic}</dt>" in page


def test_a_quote_has_all_teachers_and_is_what_is_held(manager: Client, ready: Study) -> None:
    sent = {**SENT, "path": "distil", "num_unlabelled": "4", "recipe": "finetune", "teacher_seeds": "each"}
    page = manager.get(reverse("run-quote", args=[ready.pk]), sent)
    assert "Fine-tune the teacher, 3 times" in page.content.decode()
    assert "<dt>Teachers</dt>" in page.content.decode()
    manager.post(reverse("start-run", args=[ready.pk]), {**sent, "shown": page.context["shown"]})
    assert Run.objects.count() == 7
    ready.budget.refresh_from_db()
    assert ready.budget.held == page.context["quote"].amount


def test_where_the_teacher_is_named_each_seed_cannot_have_its_own(manager: Client, ready: Study) -> None:
    done = ground.teacher(ready, num_labels=1)
    sent = {**SENT, "path": "distil", "num_unlabelled": "4", "teacher": str(done.pk), "teacher_seeds": "each"}
    page = manager.post(reverse("start-run", args=[ready.pk]), sent)
    assert f"run {done.pk}, is one" in str(page.context["form"].errors["teacher_seeds"])


def unlicensed(study: Study) -> dict[str, Any]:
    study.teacher_model = {"source": "hub", "name": "some/teacher", "revision": None}
    study.save()
    return {**SENT, "path": "distil", "num_unlabelled": "4"}


def test_an_unknown_licence_is_asked_for_and_kept(manager: Client, ready: Study) -> None:
    sent, url = unlicensed(ready), reverse("start-run", args=[ready.pk])
    refused = manager.post(url, sent)
    assert "No one has confirmed" in str(refused.context["form"].errors["licence_confirmed"])
    assert 'name="licence_confirmed"' in refused.content.decode()
    manager.post(url, {**sent, "licence_confirmed": "on"})
    assert ModelLicence.objects.get().name == "some/teacher"
    assert Run.objects.filter(kind=RunKind.DISTIL).exists()


def test_a_known_licence_is_not_asked_for(manager: Client, ready: Study) -> None:
    page = manager.get(reverse("run-quote", args=[ready.pk]), {"path": "distil"}).content.decode()
    assert "licence_confirmed" not in page


def test_one_class_only_is_refused_on_the_page(manager: Client, study: Study) -> None:
    factories.examples(study, ["one", "two", "three", "four"], labels=[study.labels[0]] * 4)
    factories.examples(study, ["five"], split=Split.TEST, labels=[study.labels[0]])
    page = manager.post(reverse("start-run", args=[study.pk]), {**SENT, "path": "annotate"})
    assert "a model needs at least two different labels" in page.content.decode()
    assert not Run.objects.exists()


def start_button(page: str) -> str:
    return next(line for line in page.splitlines() if ">Start</button>" in line)


def test_start_is_off_beside_a_refusal_and_on_again_without(manager: Client, ready: Study) -> None:
    url = reverse("run-quote", args=[ready.pk])
    refused = manager.get(url, {**SENT, "path": "annotate", "num_labels": "5000"}).content.decode()
    fine = manager.get(url, {**SENT, "path": "annotate", "num_labels": "4"}).content.decode()
    assert "disabled" in start_button(refused) and "disabled" not in start_button(fine)
    assert 'id="start-actions" hx-swap-oob="true"' in refused and 'id="start-actions" hx-swap-oob="true"' in fine


def test_start_is_off_from_the_beginning_where_nothing_can_start(manager: Client, study: Study) -> None:
    page = manager.get(reverse("start-run", args=[study.pk])).content.decode()
    assert "disabled" in start_button(page) and "hx-swap-oob" not in page


def test_without_scripts_a_button_checks_again_and_starts_nothing(manager: Client, ready: Study) -> None:
    sent = {**SENT, "path": "annotate", "num_labels": "4", "check": ""}
    page = manager.post(reverse("start-run", args=[ready.pk]), sent).content.decode()
    assert "disabled" not in start_button(page) and 'value="4"' in page
    assert not Run.objects.exists()
