"""A finished demo, a run in the middle, a stopped budget and more, as the version before left them.

What is there and how the dump is made: tests/upgrade/README.md.
"""

import hashlib
import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from embedded import postgres
from embedded.data_folder import Paths, load_secrets
from embedded.installation import ensure_venv, label_studio_venv
from embedded.services import HOST, remembered_port
from tests.commands import manage, up
from tests.upgrade.restoring import environment, restore
from tests.upgrade.state import SECONDS_OF_DRAFT, STEPS

ADMIN = "demo-admin@example.com"
STOPPED = "Before: Stopped"
SECONDS_TO_BECOME = 120
# All that is the same after the migrations, asked in words that both versions' tables know.
FIGURES = {
    "budgets": 'select id, "limit", spent, held, stopped_at from budgets_budget',
    "stops": "select id, budget_id, cause, reason, started_at, ended_at from budgets_budgetstop",
    "caps": 'select id, budget_id, path, kind, "limit" from budgets_cap',
    "prices": "select id, book_id, kind, amount, starts_at, corrects_id from budgets_price",
    "holds": "select id, source_key, amount, extended, remaining, closed_at from budgets_hold",
    "entries": "select id, source_key, kind, quantity, amount, overshoot, payee_id, reverses_id, replaces_id"
    " from budgets_ledgerentry",
    "tallies": "select id, month, kind, amount, quantity, num_entries from budgets_tally",
    "runs": "select id, kind, state, request_key, max_seconds, hold_id from runs_run",
    "attempts": "select id, run_id, number, ending, device_seconds, entry_id from runs_attempt",
    "evaluations": "select id, artifact_id, split, metric, value from runs_evaluation",
    "examples": "select id, split, rank, fields from studies_example",
    "labels": "select id, example_id, value, source, source_keys from studies_label",
    "annotations": "select id, unique_id, state, value, lead_time, entry_id from labeling_annotation",
    "assignments": "select id, publication_id, number, hold_id, kept_for_id from labeling_assignment",
    "notices": "select id, key, title from notices_notice",
    "deliveries": "select id, uid, state, num_tries from notices_delivery",
    "audit": "select id, action, subject, before, after from accounts_auditrecord",
}
# The rows that each run is measured on and scores, in their order: in lists before, in snapshots after.
LISTED_BEFORE = (
    "select run.id, list.content_hash, pair ->> 0, pair ->> 1"
    " from runs_run run join runs_examplelist list on list.id in (run.dev_id, run.test_id, run.unlabelled_id),"
    " jsonb_array_elements(list.rows) with ordinality as each (pair, place) order by run.id, list.id, place"
)
LISTED_AFTER = (
    "select run.id, content_hash, example, value from runs_run run"
    " join studies_snapshot snapshot on snapshot.id in (run.dev_id, run.test_id, run.unlabelled_id)"
    " join lateral (select example_id::text, value, id from studies_snapshotitem where snapshot_id = snapshot.id"
    " union all select example::text, null, place from unnest(unlabelled_ids) with ordinality as each (example, place)"
    ") as row (example, value, place) on true order by run.id, snapshot.id, place"
)
OF_A_STUDY = ("", "data/", "labelling/", "runs/", "report/", "budget/", "costs/", "statement/", "ledger/")
OF_ALL = ("/", "/costs/", "/costs/entries/", "/prices/", "/notices/", "/people/", "/audit/", "/reconciliation/")


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A data folder and its databases, asked in SQL."""

    paths: Paths

    def rows(self, query: str, *, database: str = postgres.APPLICATION) -> list[Any]:
        with psycopg.connect(postgres.database_url(paths=self.paths, name=database)) as connection:
            return connection.execute(query).fetchall()

    def figures(self) -> dict[str, list[Any]]:
        return {name: self.rows(f"{query} order by id") for name, query in FIGURES.items()}

    def becomes(self, query: str, wanted: list[Any]) -> list[Any]:
        """Ask until the answer is the wanted one, or the time is over; return the last."""
        until = time.monotonic() + SECONDS_TO_BECOME
        while (found := self.rows(query)) != wanted and time.monotonic() < until:
            time.sleep(0.5)
        return found

    def manage(self, *arguments: str) -> str:
        done = manage(self.paths.data, *arguments, environment=environment(self.paths))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """A folder with its tables brought to this version; what stood there before, and after, nothing else being done."""

    folder: Folder
    before: dict[str, list[Any]]
    after: dict[str, list[Any]]
    listed: tuple[list[Any], list[Any]]

    @property
    def running(self) -> int:
        (pk,) = [pk for pk, _, state, *_ in self.before["runs"] if state == "running"]
        return int(pk)


@pytest.fixture(scope="module")
def upgrade(open_folder: Path) -> Upgrade:
    folder = Folder(paths=restore(data=open_folder / "before"))
    with postgres.running(paths=folder.paths, durable=False):
        before, listed = folder.figures(), folder.rows(LISTED_BEFORE)
        folder.manage("migrate", "--no-input")
        assert "no difference" in folder.manage("ledger", "verify")
        return Upgrade(folder=folder, before=before, after=folder.figures(), listed=(listed, folder.rows(LISTED_AFTER)))


@pytest.fixture(scope="module")
def served(upgrade: Upgrade) -> Iterator[Folder]:
    ensure_venv(spec=label_studio_venv(paths=upgrade.folder.paths))
    with up(upgrade.folder.paths.data, environment=environment(upgrade.folder.paths)):
        yield upgrade.folder


def test_no_row_and_no_cent_is_lost(upgrade: Upgrade) -> None:
    assert {name for name, rows in upgrade.after.items() if rows != upgrade.before[name]} == set()
    # Without rows, there would be nothing to lose.
    assert all(upgrade.before.values())


def test_runs_keep_the_rows_that_they_are_measured_on_and_score(upgrade: Upgrade) -> None:
    before, after = upgrade.listed
    assert after == before
    # Of both kinds, else nothing was moved.
    assert {value is None for *_, value in before} == {True, False}


def test_a_run_in_the_middle_is_taken_up_at_its_checkpoint(upgrade: Upgrade, served: Folder) -> None:
    state = f"select state from runs_run where id = {upgrade.running}"
    assert served.becomes(state, [("succeeded",)]) == [("succeeded",)]
    attempts = "select ending, device_seconds > 0, entry_id is not null from runs_attempt"
    each = served.rows(f"{attempts} where run_id = {upgrade.running} order by number")
    assert each == [("lost", True, True), ("succeeded", True, True)]
    log = (served.paths.runs / str(upgrade.running) / "log.txt").read_text()
    # The steps up to its checkpoint were not taken twice.
    assert [log.count(f"step {step}/{STEPS}") for step in (STEPS // 5, STEPS)] == [1, 1]


def test_an_import_claims_no_count_that_was_not_kept(served: Folder) -> None:
    assert served.manage("undo_import", STOPPED).strip() == "2: texts.csv, imported, 44 examples"
    ((study,),) = served.rows(f"select id from studies_study where name = '{STOPPED}'")
    with signed_in(served) as client:
        page = client.get(f"/studies/{study}/data/").text
    assert '<td class="number">44</td><td class="number">\N{EN DASH}</td>' in page


def test_every_page_of_it_is_shown(served: Folder) -> None:
    studies = [pk for (pk,) in served.rows("select id from studies_study")]
    pages = [
        *OF_ALL,
        *(f"/studies/{pk}/{page}" for pk in studies for page in OF_A_STUDY),
        *(f"/runs/{pk}/" for (pk,) in served.rows("select id from runs_run")),
        *(f"/artifacts/{pk}/" for (pk,) in served.rows("select id from runs_artifact where kind <> 'soft_labels'")),
    ]
    with signed_in(served) as client:
        assert {page: status for page in pages if (status := client.get(page).status_code) != 200} == {}


def test_a_stopped_budget_stays_stopped_until_it_is_resumed(upgrade: Upgrade, served: Folder) -> None:
    (stopped_at,) = [stopped_at for *_, stopped_at in upgrade.before["budgets"] if stopped_at]
    assert served.rows("select name, stopped_at from budgets_budget where stopped_at is not null") == [
        (STOPPED, stopped_at)
    ]
    withdrawn = (
        "select count(*) filter (where withdrawn_at is not null), count(*) filter (where label_studio_id is null)"
        " from labeling_publication join studies_example example on example.id = example_id"
        f" join studies_study study on study.id = study_id where study.name = '{STOPPED}'"
    )
    assert served.rows(withdrawn) != [(0, 0)]
    served.manage("budget", STOPPED, "--resume")
    assert served.becomes(withdrawn, [(0, 0)]) == [(0, 0)]


def test_label_studio_is_asked_as_before(served: Folder) -> None:
    told = served.manage("sync", STOPPED)
    assert "0 annotations new or changed" in told
    troubled = "select study_id, last_error, gone_at from labeling_labelingproject where last_error <> ''"
    assert served.rows(troubled) == []
    assert "no difference" in served.manage("ledger", "verify")


def test_the_time_that_a_draft_told_counts(served: Folder) -> None:
    kept = "select seconds from fulcrum_server_exampletime"
    assert served.rows(kept, database=postgres.LABEL_STUDIO) == [(SECONDS_OF_DRAFT,)]


@contextmanager
def signed_in(folder: Folder) -> Iterator[httpx.Client]:
    address = f"http://{HOST}:{remembered_port(paths=folder.paths, service='web')}"
    key = load_secrets(paths=folder.paths).django_secret_key
    # As the demo makes it.
    password = hmac.new(key.encode(), ADMIN.encode(), hashlib.sha256).hexdigest()[:14]
    with httpx.Client(base_url=address, headers={"Referer": address}, timeout=60) as client:
        client.get("/sign-in/").raise_for_status()
        form = {"username": ADMIN, "password": password, "csrfmiddlewaretoken": client.cookies["fulcrum_csrf"]}
        assert client.post("/sign-in/", data=form).status_code == 302
        yield client
