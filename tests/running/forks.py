"""Trainers forked off a process whose imports are done, which saves each of them five seconds.

All else is as with `python -m training`: a process of its own, a child of whoever starts it, with the environment, the
folder and the files that it is given. Where that cannot be had, on other systems than Linux, it is started anew.
"""

import ctypes
import gc
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from embedded.processes.children import PR_SET_CHILD_SUBREAPER

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "training"]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
IMPORTED = (
    *("training.__main__", "training.methods", "training.evaluation"),
    # What these import only once they need it.
    *("transformers.models.bert.modeling_bert", "accelerate", "codecarbon", "scipy.optimize", "scipy.stats"),
)
MOST_TOLD = 1 << 17
MOST_FILES = 16


class Forks:
    """The process that trainers are forked off, started when the first is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def fork(self, order: dict[str, Any], files: Sequence[int]) -> int:
        """Have a trainer forked off. Returns: its process id."""
        with self._lock:
            ours = self._socket or self._start()
            with _adopting():
                socket.send_fds(ours, [json.dumps({**order, "parent": os.getpid()}).encode()], files)
                return int(ours.recv(MOST_TOLD))

    def close(self) -> None:
        if self._process is not None and self._socket is not None:
            self._socket.close()
            # Taking the libraries down takes seconds.
            self._process.kill()
            self._process.wait()

    def _start(self) -> socket.socket:
        self._socket, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}", "PYTHONUTF8": "1", **ONE_THREAD}
        command = [sys.executable, "-u", "-m", "tests.running.forks"]
        with its:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=its.fileno(), start_new_session=True
            )
        return self._socket


@contextmanager
def _adopting() -> Iterator[None]:
    """Be the next parent of a process below us whose own ends: of those forked meanwhile, and of no other."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


class ForkingPopen(subprocess.Popen[Any]):
    """Has trainers forked off, and starts all else."""

    forks: Forks

    def _execute_child(self, args: Any, *rest: Any) -> None:
        if sys.platform != "linux" or list(args)[: len(COMMAND)] != COMMAND:
            super()._execute_child(args, *rest)  # type: ignore[misc]  # private
            return
        pass_fds, cwd, env, pipes, new_session = *rest[3:6], rest[9:15], rest[-2]
        to_child, _, _, from_child, _, errors = pipes
        order = {
            "arguments": list(args)[len(COMMAND) :],
            "folder": str(cwd or Path.cwd()),
            "environment": dict(os.environ if env is None else env),
            "new_session": new_session,
        }
        standard = [own if own != -1 else number for number, own in enumerate((to_child, from_child, errors))]
        self.pid = self.forks.fork(order, [*standard, *pass_fds])
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]  # private


def serve() -> None:
    """Fork a trainer off for every order that comes over standard input, until that is closed."""
    # As in a trainer of its own.
    gc.disable()
    for name in IMPORTED:
        import_module(name)
    gc.freeze()
    gc.enable()
    orders = socket.socket(fileno=os.dup(0))
    while True:
        told, files, _, _ = socket.recv_fds(orders, MOST_TOLD, MOST_FILES)
        if not told:
            return
        between = os.fork()
        if not between:
            if os.fork():
                os._exit(0)
            _become(json.loads(told), files, orders)
        os.waitpid(between, 0)
        for file in files:
            os.close(file)


def _become(order: dict[str, Any], files: Sequence[int], orders: socket.socket) -> NoReturn:
    from training.__main__ import leave, main

    while os.getppid() != order["parent"]:
        time.sleep(0.001)
    if order["new_session"]:
        os.setsid()
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    orders.send(str(os.getpid()).encode())
    orders.close()
    leave(main(order["arguments"]))


if __name__ == "__main__":
    serve()
