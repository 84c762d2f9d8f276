"""Installing virtual environments, and the system programs that tests need. Standard library only."""

from embedded.installation.requirements import enter_venv, label_studio_venv
from embedded.installation.tools import (
    ToolMissing,
    ensure_chromium,
    ensure_redis_server,
    find_chromium,
    find_redis_server,
)
from embedded.installation.venvs import PipInstall, SetUpFailed, VenvSpec, ensure_venv

__all__ = [
    "PipInstall",
    "SetUpFailed",
    "ToolMissing",
    "VenvSpec",
    "ensure_chromium",
    "ensure_redis_server",
    "ensure_venv",
    "enter_venv",
    "find_chromium",
    "find_redis_server",
    "label_studio_venv",
]
