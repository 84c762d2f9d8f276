"""Whatever people do in Label Studio, in whatever order: a sync after a sync changes nothing, and each is paid once."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.db.models import Model
from django.utils import timezone

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.models import Hold, LedgerEntry
from budgets.prices import set_price
from labeling import tasks
from labeling.endpoints import note_hint
from labeling.label_studio import LabelStudioClient
from labeling.models import Annotation, Assignment, LabelingProject, Publication
from labeling.publishing import publish
from labeling.sync import sync
from labeling.widgets import widget_of
from studies.models import Label, Study
from studies.task_types import TASK_TYPES
from tests import factories
from tests.integration.labeling.conftest import Enter, Member, is_exact, project_id, published_ids
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
State = Annotation.State
TABLES: tuple[type[Model], ...] = (Annotation, Assignment, Publication, Hold, LedgerEntry, Label)
ANSWERS = ("good", "good", "bad", "bad", "ugly")
# Label Studio, or the guard in it, may say no; what it may not do is fail.
ANSWERED = {200, 201, 204, 400, 403, 404, 409}
ROUNDS, ACTIONS_A_ROUND = 6, 9


@dataclass
class Play:
    """Two people at work on a study, and a service account that deletes; each step is drawn from one seed."""

    study: Study
    people: list[Member]
    service: LabelStudioClient
    draw: random.Random
    made: list[tuple[Member, int, int, dict[str, Any]]] = field(default_factory=list)

    def act(self) -> None:
        actions: list[Callable[[], None]] = [
            self.submit,
            self.submit,
            self.submit,
            self.skip,
            self.replay,
            self.edit,
            self.edit,
            self.unskip,
            self.skip_after_all,
            self.move_unique_id,
            self.delete,
            self.switch,
            self.hint,
        ]
        self.draw.choice(actions)()

    def submit(self) -> None:
        body: dict[str, Any] = {"lead_time": self.draw.choice((4.5, None, 7))}
        if self.draw.random() < 0.9:
            body["result"] = result(self.draw.choice(ANSWERS))
        self.send(body)

    def skip(self) -> None:
        self.send({"result": [], "was_cancelled": True})

    def send(self, body: dict[str, Any]) -> None:
        person, example = self.draw.choice(self.people), self.draw.choice(published_ids(self.study))
        self.post(person, example, {**body, "unique_id": str(uuid4())})

    def post(self, person: Member, example: int, body: dict[str, Any]) -> None:
        answer = person.http.post(f"/api/tasks/{example}/annotations", json=body)
        self.check(person, answer)
        if answer.status_code == 201:
            self.made.append((person, example, answer.json()["id"], body))

    def replay(self) -> None:
        if self.made:
            person, example, _, body = self.draw.choice(self.made)
            self.post(person, self.draw.choice([example, *published_ids(self.study)]), body)

    def edit(self) -> None:
        self.patch({"result": result(self.draw.choice(ANSWERS))})

    def unskip(self) -> None:
        self.patch({"result": result(self.draw.choice(ANSWERS)), "was_cancelled": False})

    def skip_after_all(self) -> None:
        self.patch({"was_cancelled": True})

    def move_unique_id(self) -> None:
        self.patch({"unique_id": str(uuid4())})

    def patch(self, body: dict[str, Any]) -> None:
        if self.made:
            person, _, annotation, _ = self.draw.choice(self.made)
            self.check(person, person.http.patch(f"/api/annotations/{annotation}", json=body))

    def check(self, person: Member, answer: httpx.Response) -> None:
        # Whoever is switched off is signed out by their next request.
        expected = ANSWERED if person.person.is_active else ANSWERED | {401}
        assert answer.status_code in expected, answer.text

    def delete(self) -> None:
        if self.made:
            place = self.draw.randrange(len(self.made))
            self.service.sdk.annotations.delete(self.made[place][2])
            # It may be sent once more, but no longer edited.
            person, example, _, body = self.made.pop(place)
            if self.draw.random() < 0.3:
                self.post(person, example, body)

    def switch(self) -> None:
        member = self.draw.choice(self.people)
        member.person.is_active = not member.person.is_active
        member.person.save()
        if member.person.is_active:
            member.enter()

    def hint(self) -> None:
        """A webhook: lost, come once, or doubled."""
        project = LabelingProject.objects.get(study=self.study)
        for _ in range(self.draw.choice((0, 1, 2))):
            note_hint(project_uid=project.uid, secret=project.webhook_secret)
            tasks.sync_project(project_id=project.pk)
            assert not LabelingProject.objects.get(pk=project.pk).last_error


def result(value: str) -> Any:
    return widget_of(TASK_TYPES["text_classification"]).result(target=value, fields={})


def rows() -> dict[tuple[str, int], dict[str, Any]]:
    return {(table.__name__, row["id"]): row for table in TABLES for row in table._default_manager.values()}


def differing(before: dict[tuple[str, int], dict[str, Any]], after: dict[tuple[str, int], dict[str, Any]]) -> list[str]:
    """What changed, column by column."""
    return [
        f"{key}: {name} {before.get(key, {}).get(name)!r} became {after.get(key, {}).get(name)!r}"
        for key in sorted({*before, *after})
        for name in sorted({*before.get(key, {}), *after.get(key, {})})
        if before.get(key, {}).get(name) != after.get(key, {}).get(name)
    ]


def paid(study: Study) -> Counter[tuple[int | None, str]]:
    """How many entries stand, by person and example; one that was reversed does not."""
    examples = {
        f"annotation:{one.unique_id}": str(one.example_id) for one in Annotation.objects.filter(example__study=study)
    }
    entries = LedgerEntry.objects.filter(
        budget=study.budget_id, reverses__isnull=True, reversal__isnull=True, fee_on__isnull=True
    )
    return Counter((one.payee_id, examples[one.subject_key]) for one in entries)


def assert_all_agrees(study: Study, client: LabelStudioClient) -> None:
    assert is_exact(study)
    assert not [who for who, count in paid(study).items() if count > 1]
    for publication in Publication.objects.filter(example__study=study):
        assert_labels_follow(publication)
    listed = {one.id: one for one in client.examples(project_id=project_id(study))}
    for publication in Publication.objects.filter(example__study=study):
        is_open = publication.assignments.filter(annotation__isnull=True, hold__closed_at__isnull=True)
        there = listed[publication.label_studio_id or 0]
        assert there.overlap - there.num_answers == is_open.count()
    assert_states_follow(study, client)


def assert_labels_follow(publication: Publication) -> None:
    accepted = Annotation.objects.filter(example=publication.example, state=State.ACCEPTED)
    people = Counter(accepted.values_list("annotator", flat=True))
    assert set(people.values()) <= {1}
    label = Label.objects.filter(example=publication.example).first()
    keys = sorted(one.source_key for one in accepted)
    assert (label.source_keys if label else []) == keys
    assert label is None or label.value in set(accepted.values_list("value", flat=True))


def assert_states_follow(study: Study, client: LabelStudioClient) -> None:
    """What is a skip there is one here, unless its answer was paid before; and the other way round."""
    exported = client.export(project_id=project_id(study), ids=published_ids(study))
    skips = {one["id"]: one["was_cancelled"] for row in exported for one in row["annotations"]}
    here = Annotation.objects.filter(example__study=study, deleted_at__isnull=True)
    assert {one.label_studio_id for one in here} == set(skips)
    for one in here.exclude(state__in=[State.ACCEPTED, State.REJECTED]):
        assert (one.state == State.SKIPPED) == skips[one.label_studio_id], one


@pytest.mark.parametrize("seed", [3, 8])
def test_random_work_ends_exact(
    label_studio: LabelStudioServer,
    enter: Enter,
    client_of: LabelStudioClient,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    monkeypatch.setattr(tasks, "SECONDS_TO_GATHER", 0)
    study = factories.study(annotations_per_example=1 + seed % 2)
    set_price(
        actor=factories.person(Role.ADMIN),
        book=study.budget.price_book,
        kind=CostKind.SKIP,
        amount="0.02",
        starts_at=timezone.now(),
    )
    factories.examples(study, ["one", "two", "three", "four"])
    publish(actor=study.created_by, study=study)
    people = [enter(factories.person(Role.ANNOTATOR)) for _ in range(2)]
    play = Play(study=study, people=people, service=client_of, draw=random.Random(seed))
    for _ in range(ROUNDS):
        for _ in range(ACTIONS_A_ROUND):
            play.act()
        assert not sync(project=study.labeling_project).error
        assert_all_agrees(study, client_of)
        before = rows()
        again = sync(project=study.labeling_project, check_all=True)
        assert "\n".join(differing(before, rows())) == ""
        assert again.num_changed == 0
