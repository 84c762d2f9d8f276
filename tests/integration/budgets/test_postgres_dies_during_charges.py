import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from embedded import postgres, services
from embedded.data_folder import Paths

ROOT = Path(__file__).resolve().parents[3]
NUM_CHARGES = 150
CHARGERS = ((0, NUM_CHARGES), (0, NUM_CHARGES))  # both enter the same keys, as redelivered messages would


@pytest.fixture
def paths(open_folder: Path) -> Iterator[Paths]:
    """A PostgreSQL of this test's own, safe against crashes as in production."""
    made = Paths(root=ROOT, data=open_folder).make()
    with postgres.running(paths=made):
        yield made


def django(paths: Paths, *command: str) -> "subprocess.Popen[str]":
    environment = {**services.environment(paths=paths), "DATABASE_URL": postgres.database_url(paths=paths)}
    return subprocess.Popen([sys.executable, *command], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def sql(paths: Paths, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(postgres.database_url(paths=paths), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def make_budget(paths: Paths) -> tuple[str, str]:
    migrate = django(paths, "-m", "django", "migrate", "-v0")
    migrate.communicate()
    assert migrate.returncode == 0
    now = datetime.now(UTC)
    ((book,),) = sql(paths, "INSERT INTO budgets_pricebook (name, currency) VALUES ('b', 'USD') RETURNING id")
    ((price,),) = sql(
        paths,
        "INSERT INTO budgets_price (book_id, kind, device, amount, starts_at, created_at) "
        f"VALUES ({book}, 'label', '', 0.1, '2020-01-01Z', '{now}') RETURNING id",
    )
    ((budget,),) = sql(
        paths,
        'INSERT INTO budgets_budget (name, price_book_id, currency, "limit", spent, held, thresholds, created_at) '
        f"VALUES ('b', {book}, 'USD', 1000, 0, 0, '[]', '{now}') RETURNING id",
    )
    return str(budget), str(price)


def test_no_charge_is_lost_or_doubled_when_postgres_is_killed(paths: Paths) -> None:
    budget, price = make_budget(paths)
    script = str(Path(__file__).with_name("charger.py"))
    chargers = [django(paths, script, budget, price, str(first), str(last)) for first, last in CHARGERS]
    for confirmed in (20, 60):
        assert chargers[0].stdout is not None
        while int(chargers[0].stdout.readline()) < confirmed:
            pass
        os.kill(postgres.pid(paths=paths), signal.SIGKILL)
    for charger in chargers:
        charger.communicate(timeout=120)
    assert [charger.returncode for charger in chargers] == [0, 0]
    ((entries, keys, total),) = sql(
        paths, "SELECT count(*), count(DISTINCT source_key), sum(amount) FROM budgets_ledgerentry"
    )
    ((spent,),) = sql(paths, "SELECT spent FROM budgets_budget")
    assert (entries, keys) == (NUM_CHARGES, NUM_CHARGES)
    assert total == spent == Decimal("0.1") * NUM_CHARGES
