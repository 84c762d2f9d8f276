"""Rows that all tests of a file start from: made once, and rolled back after the last of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from pytest_django import DjangoDbBlocker


@contextmanager
def rows_of_a_file(blocker: DjangoDbBlocker) -> Iterator[None]:
    """For a fixture of a module, around its `yield`; each test that uses it is rolled back to what was made there.

    No test of that file may commit, and files are each test's own: settings name their folders for one test only.
    """
    with blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
