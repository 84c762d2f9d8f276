"""One attempt: the trainer's process, its folder, its lease, its device, and how it ends."""

from runs.execution.devices import CPU, Device, held
from runs.execution.disk import found_no_room, missing_room
from runs.execution.endings import (
    MOST_REASON,
    AttemptEnd,
    cancel_descendants,
    cancel_unstarted,
    end_attempt,
    tell_of_pause,
)
from runs.execution.leases import Beat, Claim, LeaseLost, claim, renew, take_over
from runs.execution.locking import locked, locked_unless_moving
from runs.execution.outcomes import (
    SECONDS_BEFORE_LIMIT,
    SECONDS_BEFORE_SHORT,
    SECONDS_BETWEEN_BEATS,
    SECONDS_TO_LEAVE,
    Evidence,
    Stop,
    judge,
)
from runs.execution.process import (
    LOG_FILE,
    Trainer,
    keep_one_ready,
    kill_orphan,
    process_started_at,
    trainer_environment,
)
from runs.execution.queueing import QUEUE, enqueue, send_on_commit
from runs.execution.run_folder import (
    NotWanted,
    ParentArtifactMissing,
    last_sign_of_life,
    read_error,
    read_progress,
    read_result,
    write_run_folder,
)
from runs.execution.usage import Consumption, Usage, consumption, read_usage
from training.contract import SPEC_FILE

__all__ = [
    "CPU",
    "LOG_FILE",
    "MOST_REASON",
    "QUEUE",
    "SECONDS_BEFORE_LIMIT",
    "SECONDS_BEFORE_SHORT",
    "SECONDS_BETWEEN_BEATS",
    "SECONDS_TO_LEAVE",
    "SPEC_FILE",
    "AttemptEnd",
    "Beat",
    "Claim",
    "Consumption",
    "Device",
    "Evidence",
    "LeaseLost",
    "NotWanted",
    "ParentArtifactMissing",
    "Stop",
    "Trainer",
    "Usage",
    "cancel_descendants",
    "cancel_unstarted",
    "claim",
    "consumption",
    "end_attempt",
    "enqueue",
    "found_no_room",
    "held",
    "judge",
    "keep_one_ready",
    "kill_orphan",
    "last_sign_of_life",
    "locked",
    "locked_unless_moving",
    "missing_room",
    "process_started_at",
    "read_error",
    "read_progress",
    "read_result",
    "read_usage",
    "renew",
    "send_on_commit",
    "take_over",
    "tell_of_pause",
    "trainer_environment",
    "write_run_folder",
]
