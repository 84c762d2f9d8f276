"""A real Chromium before the real pages, served from this process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from embedded import services
from tests import factories
from tests.browser.launching import launch
from tests.browser.stack import serving
from tests.integration.web.pages import plain_pages
from tests.services import PATHS, LabelStudioServer
from tests.serving import pages_served

__all__ = ["plain_pages"]

MINUTE = 60_000
# The narrow one is the least that pages must fit into (WCAG 1.4.10).
WIDTHS = {"desktop": 1280, "phone": 390, "narrow": 320}

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread, where tests use the database as well; nothing awaits it there.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        started = launch(playwright, chromium)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer) -> Iterator[OpenPage]:
    """Open a page of ours, signed in as somebody: light or dark, on a desktop or on a phone."""
    contexts: list[BrowserContext] = []

    def open_it(
        path: str, *, user: User | None = None, look: Literal["light", "dark"] = "light", device: str = "desktop"
    ) -> Page:
        size = ViewportSize(width=WIDTHS[device], height=844)
        context = browser.new_context(
            base_url=live_server.url, color_scheme=look, viewport=size, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        if user is not None:
            sign_in(page, user)
        page.goto(path)
        return page

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture
def fulcrum_answers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where a test runs the real web server, that answers Label Studio's questions about people."""
    if "site" in request.fixturenames:
        yield
        return
    with pages_served(port=services.remembered_port(paths=PATHS, service="web")):
        yield


def sign_in(page: Page, user: User) -> None:
    page.goto("/sign-in/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Sign out").wait_for()


@pytest.fixture
def site(transactional_db: None, label_studio: LabelStudioServer) -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator["Visit"]:
    visits = Visit(browser, site)
    yield visits
    visits.close()


class Visit:
    """Browsers of several people at once, each signed in with a session of their own."""

    def __init__(self, browser: Browser, site: str) -> None:
        self._browser, self._site = browser, site
        self._contexts: list[BrowserContext] = []

    def as_(self, person: User) -> Page:
        context = self._browser.new_context(base_url=self._site, reduced_motion="reduce")
        context.set_default_timeout(MINUTE)
        self._contexts.append(context)
        page = context.new_page()
        sign_in(page, person)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()
