import csv
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from budgets.models import Path
from reports.exports import report_csv
from reports.points import points
from reports.queries import report_of
from runs.models import Artifact, Run, RunKind
from studies.models import Study
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db
WORDS = "over examples, students' seeds and teachers' seeds"


@pytest.fixture
def teachers(study: Study) -> list[Run]:
    ground.buy_labels(study, 2)
    found = [ground.teacher(study, num_labels=2) for _ in range(2)]
    for seed, run in enumerate(found):
        Run.objects.filter(pk=run.pk).update(seed=seed)
    return found


@pytest.fixture
def student(study: Study, teachers: list[Run]) -> Artifact:
    """Two teachers of two minutes each, two scorings of half a minute, a student of one; two labels for all."""
    scored = []
    for seed, teacher in enumerate(teachers):
        run = ground.run(study, RunKind.SCORE, path=Path.DISTIL, parents=[teacher], seconds=[30])
        Run.objects.filter(pk=run.pk).update(seed=seed)
        scored.append(run)
    run = ground.run(study, RunKind.DISTIL, path=Path.DISTIL, snapshot=teachers[0].snapshot, parents=scored)
    trial = {"learning_rate": 1e-4, "epochs": None, "steps": 9, "dev": 0.7, "best_step": 9, "num_steps": 9}
    result = {"seeds": [{**trial, "seed": seed} for seed in range(2)], "num_teachers": 2, "distillation": {}}
    Artifact.objects.filter(run=run).update(result=result)
    run.refresh_from_db()
    return ground.evaluate(run, 0.75)


def test_its_dollars_are_those_of_all_its_teachers_each_once(study: Study, student: Artifact) -> None:
    (point,) = points(study)
    assert [line.amount for line in point.bill.lines] == [
        Decimal(amount) for amount in ("0.20", "0.04", "0.01", "0.01")
    ]
    assert point.dollars == sum(entry.amount for entry in study.budget.entries.all())
    assert (point.num_labels, point.num_seeds, point.num_teachers, point.interval_over) == (2, 2, 2, WORDS)


def test_its_page_leads_to_the_bill_of_each_seeds_teacher(
    manager: Client, student: Artifact, teachers: list[Run]
) -> None:
    page = manager.get(reverse("artifact", args=[student.pk])).content.decode()
    for teacher in teachers:
        assert f'<a href="{reverse("artifact", args=[teacher.artifact.pk])}">{teacher}: its bill</a>' in page
    assert WORDS.replace("'", "&#x27;") in page


def test_the_csv_has_what_the_interval_holds(study: Study, student: Artifact) -> None:
    (row,) = csv.DictReader(report_csv(report_of(study)).splitlines())
    assert (row["interval"], row["seeds"], row["teachers"]) == (WORDS, "2", "2")
