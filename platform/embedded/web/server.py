"""Processes that serve a WSGI application on one listening socket, which the caller may hand over (`--fd`).

One that dies is replaced. On SIGTERM they accept nothing new, finish what they have, and exit.
"""

import argparse
import importlib
import logging
import os
import resource
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

from waitress import wasyncore
from waitress.task import ThreadedTaskDispatcher

from embedded.processes import NOT_STARTED, CannotStart, Forks
from embedded.web.limits import MEGABYTE, LimitedServer, Limits, adjustments

BACKLOG = 1024
MAX_BODY_MB = 33


def _serve(options: argparse.Namespace, listener: socket.socket) -> int:
    """Be one serving process. Returns: its exit status. Raises: CannotStart."""
    application = _load(options.application)
    limits = Limits(
        max_body_bytes=options.max_body_mb * MEGABYTE, num_threads=options.threads, max_uploads=options.max_uploads
    )
    settings = adjustments(limits=limits)
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(limits.num_threads)
    address = (listener.family, listener.type, listener.proto, listener.getsockname())
    server = LimitedServer(
        application, {}, True, listener, dispatcher=dispatcher, adj=settings, bind_socket=False, sockinfo=address
    )
    _serve_until_stopped(server, options.grace)
    return 0


def _serve_until_stopped(server: LimitedServer, grace_seconds: float) -> None:
    """Serve; after SIGTERM accept nothing new and finish what was begun, within the grace period."""

    def stop(number: int, frame: FrameType | None) -> None:
        server.accepting = False
        server.pull_trigger()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C reaches the parent too, which then sends SIGTERM
    while server.accepting:
        wasyncore.loop(timeout=1.0, use_poll=True, map=server._map, count=1)
    until = time.monotonic() + grace_seconds
    while server.is_busy and time.monotonic() < until:
        wasyncore.loop(timeout=0.1, use_poll=True, map=server._map, count=1)


def _load(name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute or "application")
    except Exception as error:  # whatever its code raises; logged with its traceback
        raise CannotStart(f"{name} could not be loaded") from error


def _listener(options: argparse.Namespace) -> socket.socket:
    if options.fd is not None:
        return socket.socket(fileno=options.fd)
    host, _, port = options.bind.rpartition(":")
    return socket.create_server((host, int(port)), backlog=BACKLOG)


def _raise_file_limit() -> None:
    """Allow enough open files: a connection takes up to three, itself and its buffers on disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="embedded.web")
    parser.add_argument("application", help="module:name of a WSGI application")
    parser.add_argument("--bind", default="127.0.0.1:8000", help="HOST:PORT to listen on")
    parser.add_argument("--fd", type=int, help="an inherited listening socket, instead of --bind")
    parser.add_argument("--folder", type=Path, help="change to this folder, and import from there first")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--preload",
        action="store_true",
        help="load the application once, in the process that the others are forked from; it must start no thread",
    )
    parser.add_argument("--threads", type=int, default=8, help="per process")
    parser.add_argument("--max-body-mb", type=int, default=MAX_BODY_MB, help="a larger request is refused unread")
    parser.add_argument("--max-uploads", type=int, default=8, help="large bodies at once, per process")
    parser.add_argument("--grace", type=float, default=8.0, help="seconds to finish when asked to stop")
    return parser.parse_args(arguments)


def main() -> int:
    options = _options(sys.argv[1:])
    os.umask(0o077)
    if options.folder is not None:
        os.chdir(options.folder)
        sys.path.insert(0, str(options.folder))
    _raise_file_limit()
    # It warns of each request that waits for a thread.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    if options.preload:
        try:
            _load(options.application)
        except CannotStart:
            traceback.print_exc()
            return NOT_STARTED
    listener = _listener(options)
    jobs = [lambda: _serve(options, listener)] * options.processes
    return Forks(jobs=jobs, grace_seconds=options.grace + 1).run()
