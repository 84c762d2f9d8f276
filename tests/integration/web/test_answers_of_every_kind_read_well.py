import json

import pytest
from django.test import Client
from django.urls import reverse

from studies.models import Study
from tests import factories

pytestmark = pytest.mark.django_db

SPANS = [{"start": 4, "end": 8, "label": "Amount"}]


@pytest.fixture
def entities() -> Study:
    study = factories.study(task_type="entity_extraction", labels=("Amount", "Reagent"))
    factories.examples(study, ["add 5 mL", "stir", "wait"], labels=[json.dumps(SPANS), "[]"])
    return study


def data_page(client: Client, study: Study, label: str = "") -> str:
    return client.get(reverse("study-data", args=[study.pk]), {"label": label}).content.decode()


def test_spans_are_shown_as_labels_with_their_words(manager: Client, entities: Study) -> None:
    page = data_page(manager, entities)
    assert '<span class="mark">Amount</span> 5 mL' in page
    assert "no entity" in page
    assert "&quot;start&quot;" not in page


def test_sets_are_shown_label_by_label(manager: Client) -> None:
    study = factories.study(task_type="multi_label_classification", labels=("a", "b"))
    factories.examples(study, ["one", "two"], labels=['["a", "b"]', "[]"])
    page = data_page(manager, study)
    assert '<span class="mark">a</span> <span class="mark">b</span>' in page
    assert "none applies" in page


def test_examples_are_filtered_by_a_label_within_an_answer(manager: Client, entities: Study) -> None:
    assert "1 example, as" in data_page(manager, entities, "is:Amount")
    assert '<option value="is:Amount" selected>Amount (1)</option>' in data_page(manager, entities, "is:Amount")
    assert "stir" in data_page(manager, entities, "nothing")


def test_the_file_has_what_the_filters_leave(manager: Client, entities: Study) -> None:
    url = reverse("data-file", args=[entities.pk, "jsonl"])
    answer = manager.get(url, {"label": "is:Amount"})
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert [json.loads(line) for line in lines] == [
        {"text": "add 5 mL", "label": SPANS, "split": "pool", "source": "import", "chosen_by": ""}
    ]


@pytest.mark.parametrize("label", ["is:Nowhere", "is:\x00", "x"])
def test_a_filter_by_a_label_that_the_study_lacks_leaves_nothing(manager: Client, study: Study, label: str) -> None:
    page = manager.get(reverse("study-data", args=[study.pk]), {"label": label})
    assert page.context["page"].paginator.count == 0


def test_a_new_study_is_offered_only_the_metrics_of_its_kind(manager: Client) -> None:
    url = reverse("create-study")
    part = manager.get(url, {"task_type": "entity_extraction"}, headers={"HX-Request": "true"}).content.decode()
    assert "Span F1" in part and "F1 as in Kang et al. (2023)" in part and "<html" not in part
    assert "Span F1" not in manager.get(url).content.decode()
    assert "Parts of each text are marked" in part


def test_a_study_for_entities_is_made_on_the_page(manager: Client) -> None:
    book = factories.price_book()
    form = {"name": "Protocols", "task_type": "entity_extraction", "labels": "Amount", "metric": "micro_f1"}
    models = {"student": "package:paraphrase-MiniLM-L3-v2", "teacher": "package:all-mpnet-base-v2"}
    money = {"limit": "10", "price_book": book.pk, "pay_basis": "per_label", "max_paid_seconds": 300}
    rest = {"annotations_per_example": 1, "dev_fraction": 0.1, "test_fraction": 0.2, "seed": 0}
    manager.post(reverse("create-study"), {**form, **models, **money, **rest})
    study = Study.objects.get()
    assert (study.task_type, study.labels, study.metric) == ("entity_extraction", ["Amount"], "micro_f1")
    page = manager.get(reverse("import-upload", args=[study.pk])).content.decode()
    assert "a JSON list of spans" in page
