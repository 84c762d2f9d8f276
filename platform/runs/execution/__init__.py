"""One attempt: the trainer's process, its folder, its lease, its device, and how it ends."""

from runs.execution.devices import CPU, Device, hold_device
from runs.execution.disk import disk_space_shortage, ran_out_of_disk
from runs.execution.endings import (
    MOST_REASON,
    AttemptEnd,
    cancel_descendants,
    cancel_unstarted,
    end_attempt,
    notify_of_pause,
)
from runs.execution.leases import (
    AttemptClaim,
    LeaseLost,
    LeaseRenewal,
    claim_run,
    locked,
    locked_unless_moving,
    renew,
    take_over,
)
from runs.execution.outcomes import (
    SECONDS_BEFORE_LIMIT,
    SECONDS_BEFORE_SHORT,
    SECONDS_BETWEEN_RENEWALS,
    SECONDS_TO_LEAVE,
    AttemptEvidence,
    StopReason,
    attempt_outcome,
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
    ParentArtifactMissing,
    RunWithdrawn,
    last_sign_of_life,
    read_error,
    read_progress,
    read_result,
    write_run_folder,
)
from runs.execution.usage import AttemptUsage, TotalUsage, read_usage, total_usage

__all__ = [
    "CPU",
    "LOG_FILE",
    "MOST_REASON",
    "QUEUE",
    "SECONDS_BEFORE_LIMIT",
    "SECONDS_BEFORE_SHORT",
    "SECONDS_BETWEEN_RENEWALS",
    "SECONDS_TO_LEAVE",
    "AttemptClaim",
    "AttemptEnd",
    "AttemptEvidence",
    "AttemptUsage",
    "Device",
    "LeaseLost",
    "LeaseRenewal",
    "ParentArtifactMissing",
    "RunWithdrawn",
    "StopReason",
    "TotalUsage",
    "Trainer",
    "attempt_outcome",
    "cancel_descendants",
    "cancel_unstarted",
    "claim_run",
    "disk_space_shortage",
    "end_attempt",
    "enqueue",
    "hold_device",
    "keep_one_ready",
    "kill_orphan",
    "last_sign_of_life",
    "locked",
    "locked_unless_moving",
    "notify_of_pause",
    "process_started_at",
    "ran_out_of_disk",
    "read_error",
    "read_progress",
    "read_result",
    "read_usage",
    "renew",
    "send_on_commit",
    "take_over",
    "total_usage",
    "trainer_environment",
    "write_run_folder",
]
