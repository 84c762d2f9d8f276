"""Supervising one attempt: claim the run, start its trainer, watch over it under the lease, record how it ended."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import FrameType
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from connections.buying import PurchaseInterrupted, PurchasePaused
from runs.control import extend_automatically
from runs.execution import (
    CPU,
    LOG_FILE,
    SECONDS_BEFORE_LIMIT,
    SECONDS_BEFORE_SHORT,
    SECONDS_BETWEEN_RENEWALS,
    SECONDS_TO_LEAVE,
    AttemptClaim,
    Device,
    LeaseLost,
    LeaseRenewal,
    NothingAnswered,
    ParentArtifactMissing,
    RunWithdrawn,
    StopReason,
    Trainer,
    Watch,
    buy_for,
    claim_run,
    end_attempt,
    hold_device,
    process_started_at,
    read_progress,
    renew,
    write_run_folder,
)
from runs.models import Attempt, Run, RunState
from runs.money import seconds_used
from runs.supervision import shutdown
from runs.supervision.observations import Observation, attempt_end, disk_space_shortage, observe
from training.contract import EXIT_PERMANENT
from training.runtime import is_disk_full

logger = logging.getLogger(__name__)

_DATABASE_AWAY = (OperationalError, InterfaceError)
_Done = TypeVar("_Done")


def supervise(*, run_id: int) -> None:
    """Carry out one attempt of a run, if it is queued and no other caller claims it first.

    If the process dies at any point, `sweep` finds the run by its lease and has it tried again.
    """
    kind = Run.objects.filter(pk=run_id, state=RunState.QUEUED).values_list("device", flat=True).first()
    with (
        _shutdown_requested() as leaving,
        hold_device(kind=kind or CPU, is_leaving=partial(_is_leaving, leaving)) as device,
    ):
        if device is None:
            return
        claim = claim_run(run_id=run_id)
        if claim is None:
            logger.info("run %s cannot be claimed", run_id)
            return
        try:
            _AttemptSupervisor(claim=claim, device=device, leaving=leaving).attempt()
        except LeaseLost as lost:
            logger.warning("%s; left alone", lost)


def _is_leaving(leaving: threading.Event) -> bool:
    return leaving.is_set() or shutdown.is_announced()


class _AttemptSupervisor:
    def __init__(self, *, claim: AttemptClaim, device: Device, leaving: threading.Event) -> None:
        self._claim = claim
        self._device = device
        self._leaving = leaving
        self._run = Run.objects.select_related("study", "hold__price", "snapshot").get(pk=claim.run_id)
        self._used_before = float(seconds_used(self._run))
        self._lease_ends = time.monotonic() + settings.LEASE_SECONDS
        self._renewal = LeaseRenewal(max_seconds=self._run.max_seconds)
        # What is told of it before its trainer starts.
        self._early: dict[str, Any] = {"stage": "data"}
        self._lease_lost = threading.Event()

    def attempt(self) -> None:
        observed = self._carry_out()
        self._patiently(partial(self._record, observed, timezone.now()))

    def _carry_out(self) -> Observation:
        self._renew({"stage": "data"}, seconds=0.0)
        if (early := self._reason_to_stop(0.0)) is not None:
            return Observation(stop=early)
        if reason := disk_space_shortage():
            return Observation(error=reason, disk_full=True)
        try:
            trainer = self._patiently(self._start)
        except (RunWithdrawn, PurchaseInterrupted):
            return Observation(stop=self._reason_to_stop(0.0))
        except PurchasePaused as pause:
            return Observation(obstacle=str(pause))
        except (NothingAnswered, ParentArtifactMissing) as error:
            return Observation(error=str(error), exit_code=EXIT_PERMANENT)
        except OSError as error:
            return Observation(error=f"it could not be started: {error}", disk_full=is_disk_full(error))
        try:
            self._patiently(partial(self._note, trainer))
            return self._watch(trainer)
        except BaseException:
            trainer.kill()
            raise

    def _start(self) -> Trainer:
        with _kept_alive(self._claim, self._renewed, self._lease_lost, lambda: self._early):
            buy_for(run=self._run, watch=Watch(should_continue=self._may_ask, on_done=self._told_asked))
            self._early = {"stage": "data"}
            folder = write_run_folder(run=self._run, should_continue=lambda: self._reason_to_stop(0.0) is None)
        with (folder / LOG_FILE).open("a", encoding="utf-8") as log:
            log.write(f"--- new attempt at {timezone.now():%Y-%m-%d %H:%M:%S} UTC\n")
        # No device is held for a run that another worker took over while its data was written.
        self._renew({"stage": "data"}, seconds=0.0)
        return Trainer(folder=folder, device=self._device)

    def _may_ask(self) -> bool:
        return self._reason_to_stop(0.0) is None and not self._lease_lost.is_set()

    def _told_asked(self, num_done: int, num_texts: int) -> None:
        share = {"step": num_done, "num_steps": num_texts}
        self._early = {"stage": "ask", "message": f"{num_done:,} of {num_texts:,} texts are answered", **share}

    def _note(self, trainer: Trainer) -> None:
        attempt = Attempt.objects.get(pk=self._claim.attempt_id)
        attempt.pid, attempt.process_started_at = trainer.pid, process_started_at(trainer.pid)
        attempt.heartbeat_at = timezone.now()
        attempt.started_at = attempt.heartbeat_at - timedelta(seconds=trainer.seconds)
        attempt.save(update_fields=["pid", "process_started_at", "started_at", "heartbeat_at"])

    def _watch(self, trainer: Trainer) -> Observation:
        """Renew the lease until the trainer is gone. Raises: LeaseLost."""
        stop: StopReason | None = None
        asked_at = 0.0
        while (exit_code := trainer.wait(SECONDS_BETWEEN_RENEWALS)) is None:
            self._renew(read_progress(self._run.folder), seconds=trainer.seconds)
            if stop is None and (stop := self._reason_to_stop(trainer.seconds)) is not None:
                asked_at = time.monotonic()
                trainer.ask_to_stop()
            elif stop is not None and time.monotonic() - asked_at > SECONDS_TO_LEAVE[stop]:
                trainer.kill()
        return observe(folder=self._run.folder, stop=stop, seconds=trainer.seconds, exit_code=exit_code)

    def _renew(self, progress: dict[str, Any], *, seconds: float) -> None:
        """Renew, and extend in time where it may; a database away for less than the lease is waited for."""
        try:
            self._renewed(renew(claim=self._claim, progress=progress))
            if self._run.go_on and self._seconds_left(seconds) <= SECONDS_BEFORE_SHORT:
                self._renewal = replace(self._renewal, max_seconds=extend_automatically(run_id=self._claim.run_id))
        except _DATABASE_AWAY as error:
            connection.close()
            if time.monotonic() > self._lease_ends:
                raise self._no_database() from error

    def _renewed(self, renewal: LeaseRenewal) -> None:
        self._renewal = renewal
        self._lease_ends = time.monotonic() + settings.LEASE_SECONDS

    def _patiently(self, work: Callable[[], _Done]) -> _Done:
        """Repeat work that an outage of the database broke off, for as long as a lease lasts. Raises: LeaseLost."""
        failing_since: float | None = None
        while True:
            try:
                return work()
            except _DATABASE_AWAY as error:
                connection.close()
                now = time.monotonic()
                failing_since = failing_since or now
                # What fails every time while the lease is renewed is no outage.
                if now > min(self._lease_ends, failing_since + settings.LEASE_SECONDS):
                    raise self._no_database() from error
                time.sleep(SECONDS_BETWEEN_RENEWALS)

    def _no_database(self) -> LeaseLost:
        return LeaseLost(f"run {self._claim.run_id}: no database for a whole lease")

    def _seconds_left(self, seconds: float) -> float:
        return self._renewal.max_seconds - self._used_before - seconds

    def _reason_to_stop(self, seconds: float) -> StopReason | None:
        if self._renewal.cancel_requested_at is not None:
            return StopReason.CANCEL
        if self._renewal.pause_requested_at is not None or self._renewal.stopped_at is not None:
            return StopReason.PAUSE
        if self._seconds_left(seconds) <= SECONDS_BEFORE_LIMIT:
            return StopReason.TIME
        if _is_leaving(self._leaving):
            return StopReason.HAND_OVER
        return None

    def _record(self, observed: Observation, ended_at: datetime) -> None:
        self._run.refresh_from_db()
        end_attempt(claim=self._claim, end=attempt_end(run=self._run, observed=observed, ended_at=ended_at))


@contextmanager
def _kept_alive(
    claim: AttemptClaim,
    renewed: Callable[[LeaseRenewal], None],
    lost: threading.Event,
    progress: Callable[[], dict[str, Any]],
) -> Iterator[None]:
    """Renew the lease from a thread while the run's data is written; each renewal is handed to `renewed`.

    Where the lease is lost, `lost` is set. `progress` returns what is told meanwhile.
    """
    done = threading.Event()
    work = partial(_renew_until, claim, done, renewed, progress)

    def renew_until_lost() -> None:
        try:
            work()
        except LeaseLost as error:
            logger.warning("%s", error)
            lost.set()
        finally:
            connection.close()

    thread = threading.Thread(target=renew_until_lost, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renew_until(
    claim: AttemptClaim,
    done: threading.Event,
    renewed: Callable[[LeaseRenewal], None],
    progress: Callable[[], dict[str, Any]],
) -> None:
    """Renew until it is done. Raises: LeaseLost; the watch that follows meets the same."""
    while not done.wait(SECONDS_BETWEEN_RENEWALS):
        try:
            renewed(renew(claim=claim, progress=progress()))
        except _DATABASE_AWAY:
            connection.close()


@contextmanager
def _shutdown_requested() -> Iterator[threading.Event]:
    """An event that a SIGTERM to this process sets; the signal is passed on once the run is handed over."""
    leaving = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield leaving
        return

    def leave(signum: int, frame: FrameType | None) -> None:
        leaving.set()

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield leaving
    finally:
        signal.signal(signal.SIGTERM, before)
        if leaving.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
