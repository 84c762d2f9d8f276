"""How a run ends and writes: stopping, failures, files. Nothing here imports torch."""

from training.runtime.failures import PermanentFailure, is_disk_full, is_permanent, reason_of
from training.runtime.files import (
    CHUNK_BYTES,
    discard_working_files,
    file_hash,
    folder_hash,
    gone_unless_whole,
    read_json,
    whole_folder,
    write_json,
)
from training.runtime.stop import SECONDS_BETWEEN_LOOKS, StopFlag, StopRequested, is_orphan

__all__ = [
    "CHUNK_BYTES",
    "SECONDS_BETWEEN_LOOKS",
    "PermanentFailure",
    "StopFlag",
    "StopRequested",
    "discard_working_files",
    "file_hash",
    "folder_hash",
    "gone_unless_whole",
    "is_disk_full",
    "is_orphan",
    "is_permanent",
    "read_json",
    "reason_of",
    "whole_folder",
    "write_json",
]
