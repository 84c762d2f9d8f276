"""The process between the supervisor and one service: `guardian --stop SIGNAL --grace SECONDS -- COMMAND`.

It forwards a request to stop, and ends all its descendants, in whatever session, when the service exits, when it is
told to stop, or when the supervisor is gone, which it sees at the end of its standard input. `--fd` names a file
descriptor that the service inherits: the socket that it listens on.
"""

import argparse
import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from types import FrameType

from embedded.processes.children import adopt_orphans, die_with_parent, end_descendants

DESCENDANT_SECONDS = 3.0
ENDED = os.WEXITED | os.WNOHANG | os.WNOWAIT


class Guardian:
    def __init__(
        self, *, command: list[str], stop_signal: int, grace_seconds: float, inherited: tuple[int, ...] = ()
    ) -> None:
        self._command = command
        self._inherited = inherited
        self._stop_signal = stop_signal
        self._grace_seconds = grace_seconds
        self._is_stopping = False

    def guard(self) -> int:
        """Run the service until it exits or has to stop. Returns: its exit status."""
        adopt_orphans()
        signal.signal(signal.SIGTERM, self._note_stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # One thread only, so preparing the child in preexec_fn is safe here.
        service = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=self._inherited,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),
        )
        while service.poll() is None and not self._is_stopping and not _is_supervisor_gone():
            _reap_orphans(service.pid)
        if service.poll() is None:
            self._stop(service)
        end_descendants(seconds=DESCENDANT_SECONDS)
        return service.returncode if service.returncode is not None else 1

    def _note_stop(self, number: int, frame: FrameType | None) -> None:
        self._is_stopping = True

    def _stop(self, service: "subprocess.Popen[bytes]") -> None:
        service.send_signal(self._stop_signal)
        until = time.monotonic() + self._grace_seconds
        while service.poll() is None and time.monotonic() < until:
            time.sleep(0.05)


def _is_supervisor_gone() -> bool:
    """Wait a moment for the end of standard input, which nobody ever writes to."""
    readable, _, _ = select.select([sys.stdin], [], [], 0.2)
    return bool(readable) and os.read(sys.stdin.fileno(), 1) == b""


def _reap_orphans(service: int) -> None:
    """Reap adopted processes that exited; the service itself is left to its Popen."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitid(os.P_ALL, 0, ENDED)) is not None and found.si_pid != service:
            os.waitpid(found.si_pid, os.WNOHANG)


def main() -> int:
    parser = argparse.ArgumentParser(prog="guardian")
    parser.add_argument("--stop", default="SIGTERM")
    parser.add_argument("--grace", type=float, default=10.0)
    parser.add_argument("--fd", type=int, action="append", default=[])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    stop_signal = signal.Signals[options.stop]
    guardian = Guardian(
        command=command, stop_signal=stop_signal, grace_seconds=options.grace, inherited=tuple(options.fd)
    )
    status = guardian.guard()
    # As a shell reports a process that a signal killed.
    return 128 - status if status < 0 else status


if __name__ == "__main__":
    sys.exit(main())
