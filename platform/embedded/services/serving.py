"""The commands `up`, `demo` and `services`: start everything in order, keep it running, stop it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

from embedded import EmbeddedError, postgres
from embedded.data_folder import FileLock, Paths, is_locked, max_log_bytes, rotate_logs
from embedded.processes import die_with_parent
from embedded.services.definitions import Plan, environment, label_studio_server, make_plan, web, workers
from embedded.services.label_studio import LABEL_STUDIO_SERVICE
from embedded.services.ports import hold_port
from embedded.services.supervisor import Supervisor

ROUND_SECONDS = 0.3
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def up(*, paths: Paths) -> int:
    """Serve until a signal asks to stop."""
    if is_locked(path=paths.make().supervisor_lock):
        print("Already up:", flush=True)
        status = show(paths=paths)
        _must_succeed(paths, "ensure_admin")
        return status

    def work(supervisor: Supervisor) -> int:
        print("Up. Ctrl-C stops everything.", flush=True)
        return _supervise_forever(paths, supervisor)

    return _serve(paths, work)


def demo(*, paths: Paths, arguments: Sequence[str], serve: bool) -> int:
    """Run the demo study on the running services; then stay up or stop."""
    if is_locked(path=paths.make().supervisor_lock):
        return _django(paths, "demo_study", *arguments).wait()

    def work(supervisor: Supervisor) -> int:
        study = _django(paths, "demo_study", *arguments)
        while study.poll() is None:
            _supervise(paths, supervisor)
        if serve and study.returncode == 0:
            print("The pages stay up. Ctrl-C stops everything.", flush=True)
            return _supervise_forever(paths, supervisor)
        return study.returncode

    return _serve(paths, work)


def show(*, paths: Paths) -> int:
    """Print what runs. Returns 0 when the services are up, else 1."""
    if not (is_locked(path=paths.supervisor_lock) and paths.state_file.exists()):
        print(f"Nothing is up from {paths.data}: start it with `python3 manage.py up`.")
        return 1
    for facts in json.loads(paths.state_file.read_text()):
        print(f"  {facts['name']:<13} {facts['url'] or '-':<28} pid {facts['pid']:<8} log {facts['log']}")
    return 0


def _serve(paths: Paths, work: Callable[[Supervisor], int]) -> int:
    """Start everything, do the work, and stop everything, also after an error."""
    # Files that we and our children write are for their owner only.
    os.umask(0o077)
    lock = FileLock(paths.supervisor_lock)
    if not lock.acquire(wait=False):
        raise EmbeddedError(f"another process is just starting the services of {paths.data}.")
    for number in STOPPING:
        signal.signal(number, signal.default_int_handler)
    plan = make_plan(paths=paths)
    supervisor = Supervisor(say=_say)
    try:
        with postgres.running(paths=paths) if plan.with_postgres else nullcontext():
            return _start_and_work(plan, supervisor, work)
    finally:
        paths.state_file.unlink(missing_ok=True)
        lock.close()


def _start_and_work(plan: Plan, supervisor: Supervisor, work: Callable[[Supervisor], int]) -> int:
    try:
        _start(plan, supervisor)
        return work(supervisor)
    except KeyboardInterrupt:
        return 0
    finally:
        # A second Ctrl-C must not leave half of them behind.
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        _say("stopping")
        supervisor.stop()


def _start(plan: Plan, supervisor: Supervisor) -> None:
    paths = plan.paths
    rotate_logs(folder=paths.logs, max_bytes=max_log_bytes())
    # From here on no other process can take the ports whose addresses we are about to pass on.
    hold_port(paths=paths, service="web")
    server = None
    if plan.with_label_studio:
        hold_port(paths=paths, service=LABEL_STUDIO_SERVICE)
        server = label_studio_server(paths=paths)
        _say("starting" if server.is_prepared else "preparing Label Studio, about a minute the first time")
        server.prepare()
        supervisor.start(service=server.service(), wait=False)
    # While Label Studio starts.
    for command in (("migrate", "--no-input", "-v0"), ("collectstatic", "--no-input", "-v0")):
        _must_succeed(paths, *command)
    if server is not None:
        supervisor.processes[LABEL_STUDIO_SERVICE].wait_until_ready()
        server.ensure_token()
    started = [supervisor.start(service=service, wait=False) for service in (web(paths=paths), *workers(paths=paths))]
    for process in started:
        process.wait_until_ready()
    _write_state(plan, supervisor)
    show(paths=paths)
    sys.stdout.flush()
    # Last, so that the address and the account are the end of the output.
    _must_succeed(paths, "ensure_admin")


def _supervise_forever(paths: Paths, supervisor: Supervisor) -> int:
    while True:
        _supervise(paths, supervisor)


def _supervise(paths: Paths, supervisor: Supervisor) -> None:
    plan = make_plan(paths=paths)
    if plan.with_postgres:
        postgres.restart_keeper(paths=paths)
    if supervisor.restart_crashed():
        _write_state(plan, supervisor)
    rotate_logs(folder=paths.logs, max_bytes=max_log_bytes())
    time.sleep(ROUND_SECONDS)


def _django(paths: Paths, *arguments: str) -> "subprocess.Popen[bytes]":
    # The supervisor has one thread, so preparing the child in preexec_fn is safe here.
    return subprocess.Popen(
        [sys.executable, "-m", "django", *arguments],
        cwd=paths.root,
        env=environment(paths=paths),
        preexec_fn=lambda: die_with_parent(signal.SIGTERM),
    )


def _must_succeed(paths: Paths, *arguments: str) -> None:
    child = _django(paths, *arguments)
    try:
        status = child.wait()
    finally:
        child.kill()
    if status != 0:
        raise EmbeddedError(f"`python3 manage.py {' '.join(arguments)}` ended with status {status}; see above.")


def _write_state(plan: Plan, supervisor: Supervisor) -> None:
    """Write what runs to a file, for the other commands of this copy."""
    facts: list[dict[str, Any]] = [
        {"name": name, "pid": process.pid, "url": process.service.url, "log": str(process.service.log)}
        for name, process in supervisor.processes.items()
    ]
    if plan.with_postgres:
        folder = postgres.socket_folder(paths=plan.paths)
        log = str(plan.paths.log("postgres"))
        facts.insert(0, {"name": "postgres", "pid": postgres.pid(paths=plan.paths), "url": str(folder), "log": log})
    fresh = plan.paths.state_file.with_suffix(".new")
    fresh.write_text(json.dumps(facts))
    os.replace(fresh, plan.paths.state_file)


def _say(text: str) -> None:
    print(f"[{datetime.now(UTC):%H:%M:%S}] {text}", flush=True)
