"""A real web server of ours in front of a small application, and bad clients for it."""

import os
import socket
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedded.services import Process, Service, answers

HERE = Path(__file__).parent
PLATFORM = HERE.parents[2] / "platform"


@dataclass(frozen=True, kw_only=True)
class WebServer:
    process: Process
    port: int
    spool: Path

    def get(self, path: str = "/") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as response:
            return str(response.read().decode())

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def spooled_bytes(self) -> int:
        """What its processes hold on disk, in files without a name too; one that is closed meanwhile holds nothing."""
        workers = psutil.Process(self.process.pid).children(recursive=True)
        descriptors = [link for worker in workers for link in Path(f"/proc/{worker.pid}/fd").iterdir()]
        return sum(size_within(link, folder=self.spool) for link in descriptors) + sum(
            size_within(file, folder=self.spool) for file in self.spool.iterdir()
        )


def size_within(path: Path, *, folder: Path) -> int:
    """Bytes of the file behind `path` if it lies in `folder`, else 0; 0 too where it has gone meanwhile."""
    try:
        is_within = str(folder) in (os.readlink(path) if path.is_symlink() else str(path))
        return path.stat().st_size if is_within else 0
    except FileNotFoundError:
        return 0


@contextmanager
def serving(folder: Path, *switches: str) -> Iterator[WebServer]:
    """Run the server with a listening socket that we hold, as the supervisor does."""
    spool = folder / "spool"
    spool.mkdir()
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = listener.getsockname()[1]
        command = (sys.executable, "-m", "embedded.web", "sample_app:application", "--folder", str(HERE))
        service = Service(
            name="sample",
            command=(*command, f"--fd={listener.fileno()}", *switches),
            environment={"PATH": os.environ["PATH"], "PYTHONPATH": str(PLATFORM), "TMPDIR": str(spool)},
            folder=folder,
            log=folder / "web.log",
            is_ready=lambda: answers(url=f"http://127.0.0.1:{port}/"),
            listener=listener,
        )
        process = Process(service=service)
        stack.callback(process.stop)
        process.wait_until_ready()
        yield WebServer(process=process, port=port, spool=spool)


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode()


def answer_of(connection: socket.socket) -> str:
    """The status line, whatever else comes."""
    return connection.makefile("rb").readline().decode().strip()
