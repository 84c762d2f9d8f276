"""Holding the embedded PostgreSQL, and its databases.

Every user of it (the supervisor, a Django command, a test run) holds one shared lock, which a killed one releases too;
a keeper process runs the server and stops it when the last holder is gone.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import psycopg
from psycopg import sql

from embedded import EmbeddedError
from embedded.data_folder import FileLock, Paths, hold_lock, is_inaccessible, is_locked, load_secrets, open_log
from embedded.environment import scrubbed

_Connection = psycopg.Connection[tuple[object, ...]]
PORT = 5432
# A Unix socket's path is limited to 107 bytes on Linux and 103 on macOS.
MAX_SOCKET_PATH = 100
START_SECONDS = 90
STOP_SECONDS = 60
APPLICATION = "fulcrum"
LABEL_STUDIO = "label_studio"
# Fulcrum's own connections bring their limits with them.
LABEL_STUDIO_LIMITS = {
    "statement_timeout": "15min",
    "lock_timeout": "1min",
    "idle_in_transaction_session_timeout": "10min",
}


class PostgresUnavailable(EmbeddedError):
    """The embedded PostgreSQL does not start or refuses our password."""


def is_running(*, paths: Paths) -> bool:
    """Whether a keeper runs; it restarts the server when that crashes."""
    return paths.run.exists() and is_locked(path=paths.keeper_lock)


def pid(*, paths: Paths) -> int:
    """The server's process id, from its own pid file."""
    return int((paths.postgres / "postmaster.pid").read_text().split()[0])


def socket_folder(*, paths: Paths) -> Path:
    """The folder of the Unix socket: in the data folder unless that path is too long or inaccessible."""
    natural = paths.run / "socket"
    is_short = len(os.fsencode(natural / f".s.PGSQL.{PORT}")) <= MAX_SOCKET_PATH
    if is_short and not is_inaccessible(paths=paths):
        return natural
    note = paths.socket_note
    with hold_lock(path=paths.run / "socket.lock"):
        if not note.exists():
            note.write_text(tempfile.mkdtemp(prefix="fulcrum-", dir="/tmp"))
        return Path(note.read_text())


def database_url(*, paths: Paths, name: str = APPLICATION) -> str:
    known = load_secrets(paths=paths)
    passwords = {
        APPLICATION: known.database_password,
        LABEL_STUDIO: known.label_studio_database_password,
        "postgres": known.postgres_password,
    }
    host = quote(str(socket_folder(paths=paths)), safe="/")
    return f"postgresql://{name}:{passwords[name]}@/{name}?host={host}"


@contextmanager
def running(*, paths: Paths, durable: bool = True) -> Iterator[None]:
    """Hold the server; `durable=False` is faster and loses data in a power cut: for tests only."""
    try:
        with hold_lock(path=paths.users_lock, shared=True):
            _ensure_running(paths, durable)
            yield
    finally:
        _wait_until_stopped(paths)


def restart_keeper(*, paths: Paths) -> None:
    """For a holder: start a new keeper if the old one was killed."""
    if not is_running(paths=paths):
        _ensure_running(paths, durable=True)


def _ensure_running(paths: Paths, durable: bool) -> None:
    with hold_lock(path=paths.run / "postgres.start"):
        if not is_running(paths=paths):
            _start_keeper(paths, durable)
        with _connect_when_ready(paths) as connection:
            _ensure_databases(connection, paths)


def _start_keeper(paths: Paths, durable: bool) -> None:
    """Start a keeper, which outlives this process since others may need it, and return when it has its lock."""
    command = [sys.executable, "-m", "embedded.postgres.keeper", str(paths.root), str(paths.data)]
    if not durable:
        command.append("--not-durable")
    load_secrets(paths=paths)
    with open_log(paths.log("postgres")) as log:
        subprocess.run(
            command,
            cwd="/",
            env={**scrubbed(), "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
            check=False,
        )


def _connect_when_ready(paths: Paths) -> _Connection:
    until = time.monotonic() + START_SECONDS
    while True:
        # Asked first: a keeper that gave up after our try must not pass for a slow one.
        is_kept = is_running(paths=paths)
        try:
            return psycopg.connect(database_url(paths=paths, name="postgres"), autocommit=True, connect_timeout=5)
        except psycopg.OperationalError as error:
            if not is_kept or time.monotonic() > until or "authentication failed" in str(error):
                raise PostgresUnavailable(_why(paths, error)) from error
        time.sleep(0.1)


def _why(paths: Paths, error: Exception) -> str:
    if "authentication failed" in str(error):
        return (
            f"PostgreSQL in {paths.postgres} does not know the password in {paths.data / 'secrets.json'}: "
            "restore that file, or remove both with `python3 manage.py clean`."
        )
    log = paths.log("postgres")
    last = "\n".join(log.read_text(errors="replace").splitlines()[-8:]) if log.exists() else ""
    return f"PostgreSQL did not start ({str(error).strip()}); the end of {log}:\n{last}"


def _ensure_databases(connection: _Connection, paths: Paths) -> None:
    known = load_secrets(paths=paths)
    # Tests create databases of their own beside the application's.
    _ensure_database(connection, APPLICATION, known.database_password, "createdb")
    _ensure_database(connection, LABEL_STUDIO, known.label_studio_database_password, "nocreatedb")
    for name, value in LABEL_STUDIO_LIMITS.items():
        change = sql.SQL("alter role {} set {} = {}")
        connection.execute(change.format(sql.Identifier(LABEL_STUDIO), sql.Identifier(name), sql.Literal(value)))


def _ensure_database(
    connection: _Connection, name: str, password: str, privilege: Literal["createdb", "nocreatedb"]
) -> None:
    """Create a database and the role that owns it; both have the same name."""
    owner = sql.Identifier(name)
    if not connection.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone():
        create = sql.SQL("create role {} login {} password {}")
        connection.execute(create.format(owner, sql.SQL(privilege), sql.Literal(password)))
    if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
        connection.execute(sql.SQL("create database {} owner {}").format(owner, owner))
        # Label Studio's role must not access the ledger, nor ours its tables.
        connection.execute(sql.SQL("revoke connect on database {} from public").format(owner))


def _wait_until_stopped(paths: Paths) -> None:
    until = time.monotonic() + STOP_SECONDS
    while is_running(paths=paths) and not _held_by_others(paths) and time.monotonic() < until:
        time.sleep(0.05)


def _held_by_others(paths: Paths) -> bool:
    """Whether others hold the server; its keeper holds the lock exclusively while it stops."""
    lock = FileLock(paths.users_lock)
    try:
        return not lock.acquire(wait=False) and lock.acquire(shared=True, wait=False)
    finally:
        lock.close()
