"""2,000 odd annotations beside good ones: the good ones are paid as if the others were not there, to the cent."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Role
from budgets.models import Budget
from labeling.annotations import People, merge
from labeling.label_studio.remote import read_example
from labeling.models import Annotation, Publication
from studies.models import Label, Study
from tests import factories
from tests.integration.labeling.conftest import is_exact
from tests.labelling import hold_examples
from tests.odd_annotations import good_row, odd_rows

pytestmark = pytest.mark.django_db
State = Annotation.State
NUM_EXAMPLES, ROWS_EACH = 20, 100
BEGAN_AT = datetime(2026, 11, 22, tzinfo=UTC)


def held_study() -> Study:
    """Examples with their money held, as if they had been sent."""
    study = factories.study()
    factories.examples(study, [f"text {number}" for number in range(NUM_EXAMPLES)])
    hold_examples(study)
    for number, publication in enumerate(Publication.objects.filter(example__study=study).order_by("pk"), 1):
        Publication.objects.filter(pk=publication.pk).update(label_studio_id=number)
    return study


def people() -> People:
    known = [factories.person(Role.ANNOTATOR) for _ in range(3)]
    emails = {number: person.email for number, person in enumerate(known, 1)}
    return People(emails=emails, accounts={person.email: person for person in known})


def merge_all(study: Study, rows: dict[int, list[Any]], who: People) -> int:
    num_changed = 0
    for publication in Publication.objects.filter(example__study=study).order_by("pk"):
        number = publication.label_studio_id or 0
        row = {"id": number, "data": {}, "annotations": rows[number]}
        example = read_example(row, changed_at=BEGAN_AT)
        num_changed += merge(publication=publication, remote=example, people=who, changed_at=BEGAN_AT).num_changed
    return num_changed


def shared_out(seed: int) -> dict[int, list[Any]]:
    odd = list(odd_rows(seed=seed, count=NUM_EXAMPLES * ROWS_EACH))
    return {number: odd[(number - 1) * ROWS_EACH : number * ROWS_EACH] for number in range(1, NUM_EXAMPLES + 1)}


def good_ones(seed: int) -> dict[int, list[Any]]:
    """One good answer by a known person for each example, made before all others."""
    draw = random.Random(seed)
    rows = {number: good_row(draw, 1_000_000 + number) for number in range(1, NUM_EXAMPLES + 1)}
    early = {"created_at": "2026-11-01T00:00:00Z", "completed_by": 1, "updated_by": 1, "was_cancelled": False}
    return {number: [{**row, **early}] for number, row in rows.items()}


def cents(study: Study) -> tuple[object, ...]:
    budget = Budget.objects.get(pk=study.budget_id)
    accepted = Annotation.objects.filter(example__study=study, state=State.ACCEPTED).count()
    labels = list(Label.objects.filter(example__study=study).order_by("example").values_list("value", flat=True))
    return budget.spent, budget.held, accepted, labels


def test_state_and_cents_are_those_of_the_good_ones_alone() -> None:
    who, odd, good = people(), shared_out(7), good_ones(8)
    clean, fuzzed = held_study(), held_study()
    merge_all(clean, good, who)
    merge_all(fuzzed, {number: [*odd[number], *renamed(rows)] for number, rows in good.items()}, who)
    assert cents(fuzzed) == cents(clean)
    assert is_exact(fuzzed)


def renamed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same answers in another study: their ids are their own."""
    draw = random.Random(str(rows[0]["unique_id"]))
    return [{**row, "unique_id": good_row(draw, 1)["unique_id"]} for row in rows]


def test_merging_again_changes_nothing() -> None:
    study, who, odd = held_study(), people(), shared_out(1)
    merge_all(study, odd, who)
    before = cents(study), list(Annotation.objects.order_by("pk").values())
    assert merge_all(study, odd, who) == 0
    assert (cents(study), list(Annotation.objects.order_by("pk").values())) == before
    assert is_exact(study)


def test_growing_a_row_at_a_time_ends_with_the_same_cents() -> None:
    who, odd = people(), shared_out(5)
    study = held_study()
    for some in range(0, ROWS_EACH + 1, 25):
        merge_all(study, {number: rows[:some] for number, rows in odd.items()}, who)
    state = cents(study)
    assert merge_all(study, odd, who) == 0
    assert cents(study) == state
    assert is_exact(study)
