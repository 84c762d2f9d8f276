import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from budgets.models import Budget
from config.database_limits import in_words
from tests import beside, factories

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def somebody_changing(budget: Budget) -> Iterator[None]:
    with psycopg.connect(beside.database_url()) as other:
        other.execute("select 1 from budgets_budget where id = %s for update", [budget.pk])
        yield


def _limit(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select set_config(%s, %s, false)", [name, value])


@pytest.fixture(autouse=True)
def new_connection() -> Iterator[None]:
    """What a test sets for its connection is gone with it."""
    yield
    connection.close()


def test_a_page_that_meets_somebody_elses_lock_says_so(admin: Client) -> None:
    study = factories.study()
    _limit("lock_timeout", "200ms")
    with somebody_changing(study.budget):
        answer = admin.post(reverse("stop-everything", args=[study.pk]), {"reason": "Enough"})
    assert answer.status_code == 503
    assert "is changing the same thing right now. Nothing was changed" in answer.content.decode()
    assert not Budget.objects.get(pk=study.budget_id).is_stopped


def test_a_statement_that_takes_too_long_is_told_apart() -> None:
    _limit("statement_timeout", "100ms")
    with pytest.raises(OperationalError) as caught, connection.cursor() as cursor:
        cursor.execute("select pg_sleep(5)")
    assert "took too long" in in_words(caught.value)


def test_other_trouble_is_left_to_others() -> None:
    assert in_words(OperationalError("the server is gone")) == ""


def test_a_command_and_a_page_have_limits_of_their_own() -> None:
    found = {}
    for module in ("config.settings", "config.wsgi"):
        code = f"import {module}; from django.conf import settings as s; print(s.DATABASES['default']['OPTIONS'])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        found[module] = done.stdout
    assert "statement_timeout=3600000 -c lock_timeout=60000" in found["config.settings"]
    assert "statement_timeout=60000 -c lock_timeout=10000" in found["config.wsgi"]


def test_the_server_knows_the_limits() -> None:
    with connection.cursor() as cursor:
        cursor.execute("show lock_timeout")
        assert cursor.fetchone() == (f"{settings.TASK_DATABASE_LIMITS.lock_seconds // 60}min",)
