"""What is not written down does not exist: each setting, command, ledger kind, task type and term has its line."""

import re
from pathlib import Path

import pytest

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.models import Origin
from budgets.models import Path as SpendingPath
from embedded.commands import OURS
from runs.commands import option_of
from runs.models import RunKind
from runs.requests import RunPlan, settings_of
from studies.task_types import TASK_TYPES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SETTINGS = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "platform/config/settings.py").read_text())
COMMANDS = sorted(
    path.stem for room in ("platform", "labeling") for path in (ROOT / room).glob("**/management/commands/[!_]*.py")
)
OPTIONS = sorted(
    {
        (path.stem, option)
        for room in ("platform", "labeling")
        for path in (ROOT / room).glob("**/management/commands/[!_]*.py")
        for option in re.findall(r'add_argument\(\s*"(--[a-z-]+)"', path.read_text())
    }
)
RECORDING = [path for room in ("platform", "labeling") for path in (ROOT / room).rglob("*.py")]
CHANGES = sorted(
    {
        action
        for path in RECORDING
        if "import record" in path.read_text()
        for action in re.findall(r'(?:action=|_record\([^"]*|\b[A-Z_]+ = )"([a-z_]+\.[a-z_]+)"', path.read_text())
    }
)
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_has_a_line(setting: str) -> None:
    assert f"`{setting}`" in (DOCS / "settings.md").read_text()


@pytest.mark.parametrize("option", [option_of(setting) for setting in settings_of(RunPlan).values()])
def test_every_setting_of_a_run_has_a_line(option: str) -> None:
    rows = [line for line in (DOCS / "how-to" / "runs.md").read_text().splitlines() if line.startswith("| ")]
    assert any(re.search(rf"`{option}\b", row.split("|")[1]) for row in rows)


@pytest.mark.parametrize("command", [*COMMANDS, *OURS])
def test_every_command_has_a_line(command: str) -> None:
    assert f"manage.py {command}" in (DOCS / "commands.md").read_text()


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_option_of_a_command_is_in_a_page(command: str, option: str) -> None:
    texts = [path.read_text() for path in [DOCS / "commands.md", *(DOCS / "how-to").glob("*.md")]]
    assert any(re.search(rf"{option}(?![a-z-])", text) for text in texts), f"{command} {option}"


@pytest.mark.parametrize("kind", [*CostKind.values, *Origin.values, *SpendingPath.values])
def test_every_ledger_kind_has_a_line(kind: str) -> None:
    assert f"`{kind}`" in (DOCS / "ledger.md").read_text()


@pytest.mark.parametrize("name", [*TASK_TYPES, *RunKind.values])
def test_every_task_type_and_run_kind_has_a_line(name: str) -> None:
    assert f"`{name}`" in (DOCS / "how-to" / "models.md").read_text() + (DOCS / "how-to" / "runs.md").read_text()


@pytest.mark.parametrize("action", CHANGES)
def test_every_recorded_change_has_a_line(action: str) -> None:
    assert f"`{action}`" in (DOCS / "how-to" / "audit.md").read_text()


@pytest.mark.parametrize("role", Role.values)
def test_every_role_is_in_the_glossary(role: str) -> None:
    assert role in (DOCS / "glossary.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading.strip().lower())).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_anchor_is_a_heading(page: Path) -> None:
    for target, found in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text()):
        headings = re.findall(r"^#+ (.*)$", (page.parent / target if target else page).read_text(), re.MULTILINE)
        assert found in {anchor(heading) for heading in headings}, f"{target}#{found}"


def test_the_two_commands_are_on_the_first_screen() -> None:
    first_screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:40])
    assert "python3 manage.py demo" in first_screen
    assert "python3 manage.py test" in first_screen


def test_the_architecture_names_files_that_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    paths = re.findall(r"`((?:platform|labeling|training)/[\w/]+(?:\.py|/))", page)
    assert len(paths) > 30
    assert [path for path in paths if not (ROOT / path).exists()] == []
