"""Clients signed in as each role, and static files served as they lie, without a manifest."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Role
from studies.models import Study
from tests import factories
from tests.integration.web.pages import plain_pages, signed_in_as

__all__ = ["plain_pages"]


@pytest.fixture
def signed_in(db: None) -> Callable[[Role], Client]:
    def sign_in(role: Role) -> Client:
        return signed_in_as(factories.person(role))

    return sign_in


@pytest.fixture
def manager(signed_in: Callable[[Role], Client]) -> Client:
    return signed_in(Role.MANAGER)


@pytest.fixture
def admin(signed_in: Callable[[Role], Client]) -> Client:
    return signed_in(Role.ADMIN)


@pytest.fixture
def study(db: None) -> Study:
    return factories.study(labels=("good", "bad"), limit="10")
