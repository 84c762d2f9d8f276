import pytest
from django.test import Client
from django.urls import reverse

from studies.editing import freeze_test
from studies.models import Study
from tests import factories

pytestmark = pytest.mark.django_db


def test_name_labels_and_instructions_are_changed(manager: Client, study: Study) -> None:
    values = {"name": "Weather", "labels": "fine\r\nfoul", "instructions": "Look outside.\r\nTwice."}
    page = manager.post(reverse("change-study", args=[study.pk]), values, follow=True).content.decode()
    study.refresh_from_db()
    assert (study.name, study.labels) == ("Weather", ["fine", "foul"])
    assert "<h1>Weather</h1>" in page and "Look outside." in page


def test_what_labels_mean_is_written_and_shown(manager: Client, study: Study) -> None:
    url = reverse("change-study", args=[study.pk])
    values = {"name": study.name, "labels": "good\r\nbad", "label_texts": "good | worth it | I loved it"}
    page = manager.post(url, values, follow=True).content.decode()
    assert "worth it For example: “I loved it”" in page
    assert "good | worth it | I loved it</textarea>" in manager.get(url).content.decode()
    refused = manager.post(url, {**values, "label_texts": "good | so\r\nbad | so"})
    assert "both say “so”" in refused.context["form"].errors["label_texts"][0]


def test_a_label_in_use_is_named_beside_the_field(manager: Client, study: Study) -> None:
    factories.examples(study, ["one"], labels=["good"])
    url = reverse("change-study", args=[study.pk])
    assert "Examples are labelled with “good” (1): keep these." in manager.get(url).content.decode()
    page = manager.post(url, {"name": study.name, "labels": "fine\r\nbad", "instructions": ""})
    assert page.context["form"].errors["labels"] == ["1 labels use “good”. Keep these as they are."]


def test_labels_that_a_run_learned_cannot_be_typed_over(manager: Client, study: Study) -> None:
    freeze_test(actor=study.created_by, study=study)
    url = reverse("change-study", args=[study.pk])
    assert "They stay as they are: a run was started with them." in manager.get(url).content.decode()
    manager.post(url, {"name": "Weather", "labels": "fine\r\nfoul", "instructions": ""})
    study.refresh_from_db()
    assert (study.name, study.labels) == ("Weather", ["good", "bad"])


def test_a_sign_that_cannot_be_shown_is_named_beside_the_field(manager: Client, study: Study) -> None:
    values = {"name": study.name, "labels": "good\r\nba\x0bd", "instructions": ""}
    page = manager.post(reverse("change-study", args=[study.pk]), values)
    assert "has a vertical tab (U+000B) as character 3" in page.context["form"].errors["labels"][0]


def test_an_archived_study_leaves_the_list_and_comes_back(manager: Client, study: Study) -> None:
    page = manager.post(reverse("archive-study", args=[study.pk]), follow=True).content.decode()
    assert "This study is archived." in page and "Resume" not in page
    home = manager.get(reverse("home"))
    assert home.context["rows"] == [] and "Archived studies (1)" in home.content.decode()
    archived = manager.get(reverse("home"), {"show": "archived"})
    assert [row.study for row in archived.context["rows"]] == [study]
    manager.post(reverse("unarchive-study", args=[study.pk]))
    assert [row.study for row in manager.get(reverse("home")).context["rows"]] == [study]


def test_a_duplicate_is_made_with_its_data(manager: Client, study: Study) -> None:
    factories.import_csv(study, "text,label\none,good\n")
    values = {"name": "Again", "limit": "5", "with_data": "on"}
    manager.post(reverse("duplicate-study", args=[study.pk]), values)
    made = Study.objects.get(name="Again")
    assert (made.examples.count(), made.budget.limit) == (1, 5)


def test_an_import_is_undone_from_the_data_page(manager: Client, study: Study) -> None:
    batch = factories.import_csv(study, "text,label\none,good\n")
    url = reverse("import-undo", args=[study.pk, batch.pk])
    assert url in manager.get(reverse("study-data", args=[study.pk])).content.decode()
    assert "removes the 1 example it added, with 1 label" in manager.get(url).content.decode()
    page = manager.post(url, {"confirm": "yes"}, follow=True).content.decode()
    assert "is undone: its examples and labels are removed" in page
    assert not study.examples.exists() and url not in page


def test_an_import_that_is_built_on_says_so(manager: Client, study: Study) -> None:
    batch = factories.import_csv(study, "text,label\none,good\n")
    freeze_test(actor=study.created_by, study=study)
    page = manager.post(reverse("import-undo", args=[study.pk, batch.pk]), {"confirm": "yes"})
    assert "a run was started with what it brought" in page.context["form"].non_field_errors()[0]
