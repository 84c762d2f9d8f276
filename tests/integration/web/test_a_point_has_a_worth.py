from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import AuditRecord
from reports.advice import recommend
from studies.editing import change_study, duplicate_study
from studies.models import Split, Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


def change(manager: Client, study: Study, worth: str) -> str:
    sent = {"name": study.name, "labels": "good\nbad", "worth_per_point": worth}
    page = manager.post(reverse("change-study", args=[study.pk]), sent, follow=True)
    study.refresh_from_db()
    return page.content.decode()


def test_the_worth_of_a_point_is_set_and_taken_away_on_the_studys_page(manager: Client, study: Study) -> None:
    change(manager, study, "2.50")
    assert study.worth_per_point == Decimal("2.50")
    assert AuditRecord.objects.filter(action="study.change", after__has_key="worth_per_point").exists()
    assert 'value="2.50"' in manager.get(reverse("change-study", args=[study.pk])).content.decode()
    change(manager, study, "")
    assert study.worth_per_point is None


@pytest.mark.parametrize("worth", ["0", "-1", "much", "nan", "1,000.50"])
def test_what_is_no_amount_is_refused_at_its_field(manager: Client, study: Study, worth: str) -> None:
    page = change(manager, study, worth)
    assert study.worth_per_point is None
    assert ("What a point is worth" in page and 'class="errorlist"' in page) or "must be more than zero" in page


def test_a_command_sets_it_too(study: Study) -> None:
    call_command("change_study", str(study.pk), "--worth", "12", "--as", study.created_by.email, stdout=StringIO())
    study.refresh_from_db()
    assert study.worth_per_point == Decimal(12)


def test_a_duplicate_keeps_it(study: Study) -> None:
    study = change_study(actor=study.created_by, study=study, worth_per_point="2.50")
    made = duplicate_study(actor=study.created_by, study=study, name="Again", limit="10")
    assert made.worth_per_point == Decimal("2.5")


def test_where_no_purchase_gains_its_price_the_report_says_stop() -> None:
    study = factories.study(prices=factories.price_book(label="1", cpu_hour="60"))
    factories.examples(study, [f"row {number}" for number in range(200)], labels=["good", "bad"] * 100)
    factories.examples(study, [f"test {number}" for number in range(20)], labels=["good", "bad"] * 10, split=Split.TEST)
    for num_labels, utility in ((50, 0.90), (100, 0.92), (200, 0.93)):
        ground.annotated(study, num_labels=num_labels, utility=utility)
    assert not recommend(study=study).words.startswith("Stop")
    Study.objects.filter(pk=study.pk).update(worth_per_point=Decimal("0.001"))
    study.refresh_from_db()
    found = recommend(study=study)
    assert found.words.startswith("Stop: ")
    assert (found.labels, found.price) == (None, None)
