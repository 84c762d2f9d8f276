"""What is said of a packaged model's licences is what the packages say, in the code and in the documents alike."""

import importlib.metadata
from pathlib import Path

import pytest

from runs.checkpoints import card_licence
from runs.preflight import PACKAGES
from runs.preflight.licences import PACKAGE_LICENCES

DOCUMENT = Path(__file__).parents[3] / "docs" / "how-to" / "models.md"


def test_each_packaged_model_has_its_licences() -> None:
    assert PACKAGE_LICENCES.keys() == PACKAGES.keys()


@pytest.mark.parametrize("name", PACKAGES)
def test_a_packages_licence_is_the_one_in_its_metadata(name: str) -> None:
    package = PACKAGES[name][0].partition("==")[0]
    told = importlib.metadata.metadata(package).json.get("license")
    assert told == PACKAGE_LICENCES[name].package


def test_the_weights_licence_is_the_one_in_the_model_card_that_came_along() -> None:
    reference = {"source": "package", "name": "all-MiniLM-L6-v2"}
    assert card_licence(reference) == PACKAGE_LICENCES["all-MiniLM-L6-v2"].weights


@pytest.mark.parametrize("name", PACKAGES)
def test_the_documents_say_the_same(name: str) -> None:
    (row,) = [line for line in DOCUMENT.read_text().splitlines() if line.startswith(f"| `{name}`")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    known = PACKAGE_LICENCES[name]
    assert cells[-2:] == [known.weights, known.package or "none named"]
