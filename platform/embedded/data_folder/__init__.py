"""The data folder of one copy: its paths, secrets, logs and locks, and who may access it. Standard library only."""

from embedded.data_folder.locks import FileLock, hold_lock, is_locked
from embedded.data_folder.logs import WrongLogSize, max_log_bytes, open_log, rotate_logs
from embedded.data_folder.paths import SYSTEM_USER, NotOurFolder, Paths, locate
from embedded.data_folder.postgres_access import (
    POSTGRES_PACKAGE,
    choose_tables_folder,
    find_programs,
    is_inaccessible,
    remove_fallback_folder,
)
from embedded.data_folder.secrets import load_secrets, remember_label_studio_token

__all__ = [
    "POSTGRES_PACKAGE",
    "SYSTEM_USER",
    "FileLock",
    "NotOurFolder",
    "Paths",
    "WrongLogSize",
    "choose_tables_folder",
    "find_programs",
    "hold_lock",
    "is_inaccessible",
    "is_locked",
    "load_secrets",
    "locate",
    "max_log_bytes",
    "open_log",
    "remember_label_studio_token",
    "remove_fallback_folder",
    "rotate_logs",
]
