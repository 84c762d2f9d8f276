"""The embedded PostgreSQL as its users see it: it runs for as long as somebody holds it.

Every user (the supervisor, a Django command, a test run) holds one shared lock; a keeper process runs the server and
stops it when the last holder is gone. Nobody owns it, so several commands at once cannot fight over it, and a holder
killed with SIGKILL still lets go.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from embedded import EmbeddedError, environment, locks, logs, reach, secrets
from embedded.paths import Paths

PORT = 5432
# A Unix socket's path is limited to 107 bytes on Linux and 103 on macOS.
LONGEST_SOCKET = 100
START_SECONDS = 90
STOP_SECONDS = 60
# The keepers that this process started, by data folder. They outlive the call, so each is kept until it is reaped.
_keepers: "dict[Path, list[subprocess.Popen[bytes]]]" = {}
APPLICATION = "fulcrum"
LABEL_STUDIO = "label_studio"
# Fulcrum's own connections bring their limits with them.
LABEL_STUDIO_LIMITS = {
    "statement_timeout": "15min",
    "lock_timeout": "1min",
    "idle_in_transaction_session_timeout": "10min",
}


class PostgresUnavailable(EmbeddedError):
    """The embedded PostgreSQL does not start or does not let us in."""


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database and the role that owns it; both have the same name."""

    name: str
    password: str
    may_create: bool = False


def users_lock(*, paths: Paths) -> Path:
    return paths.run / "postgres.users"


def keeper_lock(*, paths: Paths) -> Path:
    return paths.run / "postgres.keeper"


def is_running(*, paths: Paths) -> bool:
    """Whether a keeper is there; it restarts the server by itself when that crashes."""
    return paths.run.exists() and locks.is_held(path=keeper_lock(paths=paths))


def pid(*, paths: Paths) -> int:
    """The server's process, as it wrote it down itself."""
    return int((paths.postgres / "postmaster.pid").read_text().split()[0])


def socket_folder(*, paths: Paths) -> Path:
    """The folder of the Unix socket: in the data folder, or another where that path is too long or closed to others."""
    natural = paths.run / "socket"
    is_short = len(os.fsencode(natural / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET
    if is_short and not reach.is_closed(paths=paths):
        return natural
    note = paths.run / "socket-folder"
    with locks.exclusive(path=paths.run / "socket.lock"):
        if not note.exists():
            note.write_text(tempfile.mkdtemp(prefix="fulcrum-", dir="/tmp"))
        return Path(note.read_text())


def database_url(*, paths: Paths, name: str = APPLICATION) -> str:
    known = secrets.load(paths=paths)
    passwords = {
        APPLICATION: known.database_password,
        LABEL_STUDIO: known.label_studio_database_password,
        "postgres": known.postgres_password,
    }
    host = quote(str(socket_folder(paths=paths)), safe="/")
    return f"postgresql://{name}:{passwords[name]}@/{name}?host={host}"


@contextmanager
def running(*, paths: Paths, durable: bool = True) -> Iterator[None]:
    """Hold the server; on leaving, wait until it has stopped if nobody else holds it.

    `durable=False` trades safety against a power cut for speed; for test data only.
    """
    try:
        with locks.shared(path=users_lock(paths=paths)):
            _ensure_running(paths, durable)
            yield
    finally:
        _wait_for_the_end(paths)


def revive(*, paths: Paths) -> None:
    """For a holder: start a new keeper if the old one was killed."""
    if not is_running(paths=paths):
        _ensure_running(paths, durable=True)


def _ensure_running(paths: Paths, durable: bool) -> None:
    with locks.exclusive(path=paths.run / "postgres.start"):
        if not is_running(paths=paths):
            _start_keeper(paths, durable)
        with _connect_when_ready(paths) as connection:
            _ensure_databases(connection, paths)


def _start_keeper(paths: Paths, durable: bool) -> None:
    """Returns when the keeper has its lock; it lives on by itself, since others may need it when we have ended."""
    command = [sys.executable, "-m", "embedded.postgres_keeper", str(paths.root), str(paths.data)]
    if not durable:
        command.append("--not-durable")
    secrets.load(paths=paths)
    with logs.append_to(paths.log("postgres")) as log:
        subprocess.run(
            command,
            cwd="/",
            env={**environment.scrubbed(), "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
            check=False,
        )


def _connect_when_ready(paths: Paths) -> "psycopg.Connection[tuple[object, ...]]":
    until = time.monotonic() + START_SECONDS
    while True:
        # Asked first: a keeper that gave up after our try must not be mistaken for one that was slow.
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


def _ensure_databases(connection: "psycopg.Connection[tuple[object, ...]]", paths: Paths) -> None:
    known = secrets.load(paths=paths)
    for database in (
        # Tests make databases of their own beside the application's.
        Database(name=APPLICATION, password=known.database_password, may_create=True),
        Database(name=LABEL_STUDIO, password=known.label_studio_database_password),
    ):
        _ensure_database(connection, database)
    for name, value in LABEL_STUDIO_LIMITS.items():
        _ensure_limit(connection, name, value)


def _ensure_limit(connection: "psycopg.Connection[tuple[object, ...]]", name: str, value: str) -> None:
    known = connection.execute(
        "select 1 from pg_db_role_setting join pg_roles on pg_roles.oid = setrole "
        "where rolname = %s and %s = any(setconfig)",
        [LABEL_STUDIO, f"{name}={value}"],
    )
    if not known.fetchone():
        change = sql.SQL("alter role {} set {} = {}")
        connection.execute(change.format(sql.Identifier(LABEL_STUDIO), sql.Identifier(name), sql.Literal(value)))


def _ensure_database(connection: "psycopg.Connection[tuple[object, ...]]", database: Database) -> None:
    name = sql.Identifier(database.name)
    if not connection.execute("select 1 from pg_roles where rolname = %s", [database.name]).fetchone():
        right = sql.SQL("createdb" if database.may_create else "nocreatedb")
        password = sql.Literal(database.password)
        connection.execute(sql.SQL("create role {} login {} password {}").format(name, right, password))
    if not connection.execute("select 1 from pg_database where datname = %s", [database.name]).fetchone():
        connection.execute(sql.SQL("create database {} owner {}").format(name, name))
        # Label Studio's role must not reach the ledger, nor ours its tables.
        connection.execute(sql.SQL("revoke connect on database {} from public").format(name))


def _wait_for_the_end(paths: Paths) -> None:
    until = time.monotonic() + STOP_SECONDS
    while is_running(paths=paths) and not _held_by_others(paths) and time.monotonic() < until:
        time.sleep(0.05)
    if not is_running(paths=paths):
        for keeper in _keepers.pop(paths.data, []):
            # Its lock is free already, so it is at its last steps.
            keeper.wait(STOP_SECONDS)


def _held_by_others(paths: Paths) -> bool:
    """Others hold the server, as against its keeper, which takes the lock alone while it stops."""
    lock = locks.FileLock(users_lock(paths=paths))
    try:
        return not lock.try_exclusive() and lock.try_shared()
    finally:
        lock.close()
