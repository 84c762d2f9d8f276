"""What a user may have in a data folder, beside the finished demo: see README.md here."""

import csv
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from django.conf import settings

from accounts.models import Role, User
from accounts.operations import change_person, create_person
from budgets.cost_kinds import CostKind
from budgets.ledger import Period, preview_repricing, reprice, reverse
from budgets.limits import resume, set_cap, set_limit, set_thresholds, stop_everything, top_up
from budgets.models import LedgerEntry, PriceBook
from budgets.prices import Scope, create_price_book, set_price
from demo import scenario
from demo.steps import finish, run_demo
from labeling.models import Publication
from labeling.publishing import publish
from labeling.replay import replay
from labeling.sign_in import ticket_url
from labeling.sync import sync_study
from labeling.widgets import widget_of
from labeling.withdraw import follow_stops
from notices.operations import add_target, choose_mail, send_test
from runs.control import cancel, extend, pause, start_annotate, start_distil
from runs.models import OutputUse, Run, RunState
from runs.preflight import state_licence
from runs.requests import RunPlan
from studies.editing import StudySpec, create_study
from studies.imports import ImportOptions, draft_import, import_examples
from studies.models import Study
from tests.tiny_model import write_tiny_model

START = datetime(2026, 1, 1, tzinfo=UTC)
GOOD, BAD = ("good", "great", "fine", "happy"), ("bad", "awful", "poor", "sad")
# Long enough to be in the middle when everything is killed, short enough to be finished by a test.
STEPS = 1_000
SECONDS_OF_DRAFT = 40.0
MODEL, REVISION = "upgrade/tiny", "1" * 40
NO_MODEL = {"source": "hub", "name": "upgrade/none", "revision": None}


def finish_demo() -> None:
    """Run the demo to its end, on fewer examples and with fewer steps."""
    vars(scenario).update(
        NUM_POOL=160,
        NUM_DEV=40,
        NUM_TEST=60,
        NUM_REPLAYED=40,
        NUM_LEFT_FOR_A_PERSON=6,
        ANNOTATE=(20, 40),
        DISTIL=((20, 60), (40, 60)),
        DISTIL_UNTRAINED=((0, 60),),
        PLAN=replace(scenario.PLAN, steps=8, teacher_steps=6),
        ANNOTATE_PLAN=replace(scenario.ANNOTATE_PLAN, steps=8),
        UNTRAINED_PLAN=replace(scenario.UNTRAINED_PLAN, steps=8),
    )
    finish(study=run_demo(say=print), say=print)


def add_the_rest() -> None:
    """Make all else, in the order in which a person might; returns while a run is in the middle."""
    people = _people()
    book = _prices(people["admin"])
    stopped = _stopped_study(people, book)
    _corrections(people["admin"], stopped)
    _stopped_and_resumed(people, book)
    _other_task_types(people, book)
    _notices(people["admin"])
    _runs(people, book)


def _people() -> dict[str, User]:
    admin = User.objects.get(email="demo-admin@example.com")
    people = {"admin": admin}
    for name, role in (
        ("manager", Role.MANAGER),
        ("ann", Role.ANNOTATOR),
        ("bob", Role.ANNOTATOR),
        ("gone", Role.ANNOTATOR),
    ):
        email = f"{name}@upgrade.example.com"
        people[name] = create_person(
            actor=admin, email=email, name=name.title(), role=role, password="a long enough password"
        )
    return people


def _prices(admin: User) -> PriceBook:
    book = create_price_book(actor=admin, name="House prices", currency="EUR")
    for kind, amount, device in (
        (CostKind.LABEL, "0.10", ""),
        (CostKind.LABELLING_HOUR, "18", ""),
        (CostKind.SKIP, "0.02", ""),
        (CostKind.PLATFORM_FEE, "12.5", ""),
        (CostKind.DEVICE_HOUR, "1.80", "cpu"),
    ):
        set_price(actor=admin, book=book, kind=kind, amount=amount, starts_at=START, scope=Scope(device=device))
    set_price(actor=admin, book=book, kind=CostKind.LABEL, amount="0.123456", starts_at=START + timedelta(days=90))
    set_price(actor=admin, book=book, kind=CostKind.LABEL, amount="0.15", starts_at=datetime(2027, 6, 1, tzinfo=UTC))
    return book


def _stopped_study(people: dict[str, User], book: PriceBook) -> Study:
    """Two annotations per example; paid skips; stopped with one example finished late and one still open."""
    study = _study(people["manager"], book, "Stopped", annotations_per_example=2, instructions="Is it well liked?")
    admin, ann, bob = people["admin"], people["ann"], people["bob"]
    set_price(actor=admin, book=book, kind=CostKind.LABEL, amount="0.11", starts_at=START, scope=Scope(annotator=ann))
    set_price(
        actor=admin, book=book, kind=CostKind.LABEL, amount="0.09", starts_at=START, scope=Scope(budget=study.budget)
    )
    set_price(
        actor=admin,
        book=book,
        kind=CostKind.LABEL,
        amount=None,
        starts_at=START + timedelta(days=200),
        scope=Scope(annotator=ann),
    )
    _import(people["manager"], study, [("pool", text, "") for text in _texts(24)] + _measured())
    publish(actor=people["manager"], study=study, num_examples=14)
    replay(
        study=study,
        annotators=list(User.objects.filter(is_replay=True)),
        answers=lambda example: _label(example.fields["text"]),
        lead_time=lambda example: timedelta(seconds=7.5),
        num_examples=4,
    )
    with _entered(ann) as at_ann, _entered(bob) as at_bob, _entered(people["gone"]) as at_gone:
        _answer(at_ann, _next(at_ann, study), study)
        _answer(at_ann, _next(at_ann, study), study, skip=True)
        _answer(at_bob, _next(at_bob, study), study, skip=True)
        _answer(at_gone, _next(at_gone, study), study)
        change_person(actor=admin, person=people["gone"], role=Role.ANNOTATOR, is_active=False)
        sync_study(actor=people["manager"], study=study)
        late, _ = _next(at_ann, study), _next(at_bob, study)
        stop_everything(actor=people["manager"], budget=study.budget, reason="The label set is under review")
        follow_stops()
        _answer(at_ann, late, study)
    sync_study(actor=people["manager"], study=study)
    follow_stops()
    return study


def _corrections(admin: User, study: Study) -> None:
    """A price corrected over a period, and one entry reversed."""
    entry = LedgerEntry.objects.filter(budget=study.budget, kind=CostKind.LABEL, reverses=None).first()
    assert entry is not None
    now = datetime.now(UTC)
    period = Period(starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=1))
    seen = preview_repricing(actor=admin, price=entry.price, amount="0.085", period=period)
    reprice(
        actor=admin,
        price=entry.price,
        amount="0.085",
        period=period,
        reason="The contract says 8.5 cents",
        expected_digest=seen.digest,
    )
    paid = LedgerEntry.objects.filter(
        kind=CostKind.LABEL, budget__study__name=scenario.STUDY, reversal=None, reverses=None
    )
    reverse(actor=admin, entry=paid.order_by("pk")[0], reason="Made twice by one person")


def _stopped_and_resumed(people: dict[str, User], book: PriceBook) -> None:
    """Paid by the hour; stopped and resumed, so that its examples are on offer for the second time."""
    study = _study(people["manager"], book, "By the hour", limit="3", pay_basis="per_hour", max_paid_seconds=120)
    _import(people["manager"], study, [("pool", text, "") for text in _texts(8, start=100)])
    set_thresholds(actor=people["admin"], budget=study.budget, percents=[10, 25, 50])
    set_cap(actor=people["admin"], budget=study.budget, limit="2.9", path="annotate")
    publish(actor=people["manager"], study=study, num_examples=4)
    with _entered(people["ann"]) as at_ann:
        for seconds in (33.333, 1000.0):
            _answer(at_ann, _next(at_ann, study), study, lead_time=seconds)
    sync_study(actor=people["manager"], study=study)
    stop_everything(actor=people["manager"], budget=study.budget, reason="Lunch")
    follow_stops()
    resume(actor=people["manager"], budget=study.budget)
    follow_stops()
    sync_study(actor=people["manager"], study=study)
    top_up(actor=people["admin"], budget=study.budget, amount="0.5")
    _leave_draft(people["ann"], study)


def _leave_draft(person: User, study: Study) -> None:
    with _entered(person) as client:
        draft = {"result": [], "lead_time": SECONDS_OF_DRAFT}
        client.post(f"/api/tasks/{_next(client, study)}/drafts", json=draft).raise_for_status()


def _other_task_types(people: dict[str, User], book: PriceBook) -> None:
    """Labels of each form; a draft that was never imported; texts that look the same but are not."""
    manager = people["manager"]
    spans = json.dumps([{"start": 0, "end": 4, "label": "good"}])
    rows: dict[str, list[dict[str, str]]] = {
        "pair_classification": [
            {"text_a": text, "text_b": "the sun", "label": _label(text), "split": "pool"} for text in _texts(6)
        ],
        "multi_label_classification": [
            {"text": text, "label": json.dumps([_label(text)]), "split": "pool"} for text in _texts(6)
        ],
        "entity_extraction": [{"text": f"good {text}", "label": spans, "split": "pool"} for text in _texts(6)],
    }
    for task_type, given in rows.items():
        study = _study(manager, book, task_type.replace("_", " ").title(), task_type=task_type)
        columns = {name: name for name in given[0] if name.startswith("text")}
        content = "\n".join(json.dumps(row) for row in given).encode()
        batch = draft_import(actor=manager, study=study, file_name="rows.jsonl", content=content)
        options = ImportOptions(columns=columns, label_column="label", split_column="split")
        import_examples(actor=manager, batch=batch, options=options)
    odd = _study(manager, book, "Texts that look the same")
    alike = ("caf\u00e9 is good", "cafe\u0301 is good", "good\u200bmovie", "goodmovie", "\ufefffine day", "line\rbreak")
    _import(manager, odd, [("pool", text, _label(text)) for text in alike])
    draft_import(actor=manager, study=odd, file_name="draft.csv", content=b"text\nnever imported\n")


def _notices(admin: User) -> None:
    target = add_target(actor=admin, name="Nobody listens", url="http://127.0.0.1:9/hook?key=secret")
    send_test(actor=admin, target=target)
    choose_mail(person=User.objects.get(email="demo-manager@example.com"), wants_mail=False)


def _runs(people: dict[str, User], book: PriceBook) -> None:
    """One run in each state; the last one is past its first checkpoint when this returns."""
    manager = people["manager"]
    folder = _tiny_model()
    tiny = {"source": "hub", "name": MODEL, "revision": None}
    study = _study(manager, book, "In progress", limit="200", student_model=tiny, teacher_model=tiny)
    labelled = [("pool", text, _label(text)) for text in _texts(40)]
    _import(manager, study, labelled + _measured() + [("pool", text, "") for text in _texts(20, start=300)])
    state_licence(actor=manager, reference=tiny, licence="mit", outputs=OutputUse.MAY_TRAIN)
    short = RunPlan(
        num_seeds=1, steps=20, teacher_steps=20, learning_rates=(1e-3,), teacher_learning_rates=(1e-3,), max_minutes=5
    )
    ended = start_distil(actor=manager, study=study, num_labels=20, num_unlabelled=10, plan=short)
    _until(ended, RunState.SUCCEEDED)
    paused = start_annotate(actor=manager, study=study, num_labels=20, plan=_plan(steps=50_000, seed=2))
    _wait(lambda: _step(paused) > 10)
    pause(actor=manager, run=paused)
    _until(paused, RunState.PAUSED)
    extend(actor=people["admin"], run=paused, minutes=3)
    cancelled = start_annotate(actor=manager, study=study, num_labels=20, plan=_plan(steps=50_000, seed=3))
    _until(cancelled, RunState.RUNNING)
    cancel(actor=manager, run=cancelled)
    _until(cancelled, RunState.CANCELLED)
    config = folder / "config.json"
    config.rename(folder / "config.away")
    (folder / "config.json").write_text("{}")
    failed = start_annotate(actor=manager, study=study, num_labels=20, plan=_plan(steps=10, seed=4))
    _until(failed, RunState.FAILED)
    (folder / "config.away").replace(config)
    running = start_annotate(actor=manager, study=study, num_labels=40, plan=_plan(steps=STEPS, seed=5))
    start_distil(actor=manager, study=study, num_labels=30, num_unlabelled=10, plan=short)
    set_limit(actor=people["admin"], budget=study.budget, limit="150")
    _until(running, RunState.RUNNING)
    _wait(lambda: (running.folder / "checkpoint" / "state.pt").exists())


def _tiny_model() -> Path:
    """Put a tiny model where the trainer looks for what the hub had: no path of this machine is in a spec then."""
    model = Path(os.environ["HF_HUB_CACHE"]) / f"models--{MODEL.replace('/', '--')}"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text(REVISION)
    return write_tiny_model(model / "snapshots" / REVISION)


def _plan(*, steps: int, seed: int) -> RunPlan:
    return RunPlan(num_seeds=1, steps=steps, learning_rates=(1e-3,), seed=seed, max_minutes=30)


def _step(run: Run) -> int:
    run.refresh_from_db()
    return int(run.progress.get("step", 0))


def _until(run: Run, state: RunState) -> None:
    def is_there() -> bool:
        run.refresh_from_db()
        assert run.state == state or not run.is_ended, f"{run} is {run.state}, not {state}: {run.error}"
        return run.state == state

    _wait(is_there)


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < until, "waited three minutes in vain"
        time.sleep(0.2)


def _study(manager: User, book: PriceBook, name: str, **given: Any) -> Study:
    fields = {
        "task_type": "text_classification",
        "labels": ("good", "bad"),
        "limit": "20",
        "student_model": NO_MODEL,
        "teacher_model": NO_MODEL,
        **given,
    }
    return create_study(actor=manager, spec=StudySpec(name=f"Before: {name}", price_book=book, **fields))


def _import(manager: User, study: Study, rows: Sequence[tuple[str, str, str]]) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(["split", "text", "label"])
    writer.writerows(rows)
    batch = draft_import(actor=manager, study=study, file_name="texts.csv", content=stream.getvalue().encode())
    options = ImportOptions(columns={"text": "text"}, label_column="label", split_column="split")
    import_examples(actor=manager, batch=batch, options=options)


def _texts(count: int, *, start: int = 0) -> list[str]:
    words = [GOOD[n // 2 % 4] if n % 2 else BAD[n // 2 % 4] for n in range(count)]
    return [f"{word} movie number {start + n}" for n, word in enumerate(words)]


def _label(text: str) -> str:
    return "bad" if any(word in text for word in BAD) else "good"


def _measured() -> list[tuple[str, str, str]]:
    splits = (("dev", 1000), ("test", 2000))
    return [(split, text, _label(text)) for split, start in splits for text in _texts(10, start=start)]


@contextmanager
def _entered(person: User) -> Iterator[httpx.Client]:
    """A person signed in to Label Studio by a ticket, as their browser would be."""
    with httpx.Client(base_url=settings.LABEL_STUDIO_URL, follow_redirects=True, timeout=60) as client:
        client.get(ticket_url(person=person, page="/api/current-user/whoami")).raise_for_status()
        yield client


def _next(client: httpx.Client, study: Study) -> int:
    """Ask for the next example, as Label Studio's page does."""
    everything = {
        "ordering": [],
        "selectedItems": {"all": False, "included": []},
        "filters": {"conjunction": "and", "items": []},
    }
    query: dict[str, str | int] = {"id": "next_task", "project": study.labeling_project.label_studio_id or 0}
    answer = client.post("/api/dm/actions", params=query, json=everything)
    answer.raise_for_status()
    return int(answer.json()["id"])


def _answer(client: httpx.Client, example_id: int, study: Study, *, skip: bool = False, lead_time: float = 4.5) -> None:
    example = Publication.objects.select_related("example").get(label_studio_id=example_id).example
    result = widget_of(study.definition).result(target=_label(example.fields["text"]), fields=example.fields)
    body = {
        "result": [] if skip else result,
        "was_cancelled": skip,
        "unique_id": str(uuid4()),
        "lead_time": lead_time,
    }
    client.post(f"/api/tasks/{example_id}/annotations", json=body).raise_for_status()
