"""How a run ends and writes: stopping, failures, files. Nothing here imports torch."""

from training.runtime.failures import PermanentFailure, is_disk_full, is_permanent, reason_of
from training.runtime.files import (
    CHUNK_BYTES,
    atomic_folder,
    discard_working_files,
    file_hash,
    folder_hash,
    read_json,
    removed_on_failure,
    write_json,
)
from training.runtime.run_cache import BYTES_PER_MB, RunCache, digest_of
from training.runtime.stop import SECONDS_BETWEEN_CHECKS, StopFlag, StopRequested, is_orphan

__all__ = [
    "BYTES_PER_MB",
    "CHUNK_BYTES",
    "SECONDS_BETWEEN_CHECKS",
    "PermanentFailure",
    "RunCache",
    "StopFlag",
    "StopRequested",
    "atomic_folder",
    "digest_of",
    "discard_working_files",
    "file_hash",
    "folder_hash",
    "is_disk_full",
    "is_orphan",
    "is_permanent",
    "read_json",
    "reason_of",
    "removed_on_failure",
    "write_json",
]
