"""One entry of each kind that docs/ledger.md allows: verified, in every file, on every page and on a bill."""

import csv
import json
import re
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from uuid import uuid4
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from budgets.cost_kinds import CostKind, SourceType, kinds_of
from budgets.ledger import Cost, charge
from budgets.models import Budget, Origin
from budgets.models import Path as SpendingPath
from budgets.overviews import breakdown
from budgets.prices import price_at, set_price
from labeling.models import Annotation
from labeling.payment import pay_skip
from reports.bills import bill_of
from reports.charts import cost_chart, month_costs
from reports.costs import FORMATS, CostFilter, DayPeriod, Grouping, cost_rows, export_entries, statement_of
from reports.queries import Reason, report_of
from reports.verify import verify
from runs.models import Artifact
from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db
EVERYTHING = CostFilter()
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def study() -> Study:
    """A study that paid for one of each kind; callers' entries name the label, the attempt or the run they are for."""
    book, admin = factories.price_book(), factories.person(Role.ADMIN)
    for kind in set(CostKind) - {CostKind.LABEL, CostKind.DEVICE_HOUR}:
        set_price(actor=admin, book=book, kind=kind, amount="0.15", starts_at=factories.LONG_AGO)
    study = factories.study(prices=book)
    (label,) = ground.buy_labels(study, 1, with_fee=True)
    (by_hour,) = ground.buy_labels(study, 1, kind=CostKind.LABELLING_HOUR)
    skip(by_hour)
    run = ground.annotated(study, num_labels=2).run
    of_others = {CostKind.REVIEW: label.source_key, CostKind.KWH: f"{run.source_key}:attempt:1"}
    for kind in kinds_of(SourceType.CALLER):
        subject_key = of_others.get(kind, "")
        enter(study, kind, subject_key=subject_key, work_key="" if subject_key else run.source_key)
    study.budget.refresh_from_db()
    return study


def skip(answered: Annotation) -> None:
    """Another annotator skipped the same example, and is paid for it."""
    skipped = Annotation(
        unique_id=uuid4(),
        example=answered.example,
        annotator=factories.person(Role.ANNOTATOR),
        state=Annotation.State.SKIPPED,
        origin=Origin.PERSON,
        result=[],
        label_studio_id=answered.label_studio_id + 1000,
        created_at=ground.NOW,
        updated_at=ground.NOW,
    )
    pay_skip(publication=answered.example.publication, annotation=skipped)
    skipped.save()


def enter(study: Study, kind: CostKind, *, source_key: str = "", subject_key: str = "", work_key: str = "") -> None:
    """What a caller enters under a key of its own."""
    price = price_at(book=study.budget.price_book, kind=kind, at=timezone.now())
    cost = Cost(
        source_key=source_key or f"api:{kind}:1",
        subject_key=subject_key,
        work_key=work_key,
        quantity=Decimal("1.234"),
        amount=price.cost(Decimal("1.234")),
        origin=Origin.COMPUTE,
        occurred_at=ground.NOW,
    )
    charge(budget=study.budget, cost=cost, price=price, path=SpendingPath.ANNOTATE)


def test_the_docs_allow_every_kind() -> None:
    (line,) = re.findall(r"^\| kind.*$", (ROOT / "docs/ledger.md").read_text(), flags=re.M)
    assert set(re.findall(r"`(\w+)`", line)) == set(CostKind.values)


def test_one_entry_of_each_kind_verifies_clean(study: Study) -> None:
    assert sorted(entry.kind for entry in study.budget.entries.all()) == sorted(CostKind.values)
    assert verify(budgets=[study.budget]) == []


@pytest.mark.parametrize(("name", "column"), [("csv", "kind"), ("focus", "x_Kind")])
def test_every_kind_is_in_each_csv(study: Study, name: str, column: str) -> None:
    content = b"".join(export_entries(wanted=EVERYTHING, file_format=FORMATS[name])).decode()
    assert {row[column] for row in csv.DictReader(StringIO(content))} == set(CostKind.values)


def test_every_kind_is_in_parquet_and_in_a_workbook(study: Study) -> None:
    parquet = b"".join(export_entries(wanted=EVERYTHING, file_format=FORMATS["parquet"]))
    assert set(pq.read_table(BytesIO(parquet))["kind"].to_pylist()) == set(CostKind.values)
    workbook = b"".join(export_entries(wanted=EVERYTHING, file_format=FORMATS["xlsx"]))
    with ZipFile(BytesIO(workbook)) as book:
        assert set(re.findall(r"<t>(\w+)</t>", book.read("xl/worksheets/sheet1.xml").decode())) >= set(CostKind.values)


def test_every_kind_is_in_the_sums_the_statement_and_the_chart(study: Study) -> None:
    today = timezone.now().date()
    statement = statement_of(study=study, days=DayPeriod(first=today, last=today))
    assert statement.adds_up
    assert {line.kind for line in statement.costs} == set(CostKind.values)
    assert {row.key for row in cost_rows(wanted=EVERYTHING, by=Grouping.KIND)} == set(CostKind.values)
    assert {part.kind for part in breakdown(study.budget)} == {None, *CostKind.values}
    drawn = json.dumps(cost_chart(month_costs(EVERYTHING)).spec)
    assert all(kind.label in drawn and kind.facts.chart_colour in drawn for kind in CostKind)


def test_all_but_the_skip_is_on_the_students_bill(study: Study) -> None:
    bill = bill_of(artifact=Artifact.objects.get(run__study=study))
    entries = study.budget.entries.exclude(kind=CostKind.SKIP)
    assert sorted(bill.entry_ids) == sorted(entries.values_list("pk", flat=True))
    assert [group.reason for group in report_of(study).unused.groups] == [Reason.SKIPS]


def test_every_kind_is_on_every_page(study: Study, manager: Client) -> None:
    for name in ("budget", "study-costs", "statement", "ledger"):
        page = manager.get(reverse(name, args=[study.pk]), {"by": "kind"}).content.decode()
        assert [kind.label for kind in CostKind if kind.label not in page] == [], name
    for entry in study.budget.entries.all():
        page = manager.get(reverse("entry", args=[entry.pk])).content.decode()
        assert "No annotation and no attempt" not in page
        assert f"{entry.get_kind_display()}</dt>" in page


def test_a_cost_of_no_label_and_no_run_is_told_apart(study: Study) -> None:
    enter(study, CostKind.KWH, source_key="meter:2026-01")
    groups = {group.reason: group for group in report_of(study).unused.groups}
    assert [one.subject_key for one in groups[Reason.OTHER].charges] == ["meter:2026-01"]
    assert verify(budgets=[Budget.objects.get(pk=study.budget_id)]) == []
