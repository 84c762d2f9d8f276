"""Makes the dump of a data folder, with the version in whose tree this stands: see README.md here."""

import gzip
import json
import shutil
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import psutil

from embedded import postgres
from embedded.data_folder import Paths
from tests.commands import ROOT, manage, up
from tests.upgrade.restoring import DATABASES, FILES, TEXTS, environment, program

PATHS = Paths(root=ROOT, data=ROOT / "var")
# None of these is a secret: everybody can read the dump.
SECRETS = {
    "django_secret_key": "upgrade-django-secret-key",
    "ticket_key": "upgrade-ticket-key",
    "postgres_password": "upgrade-postgres",
    "database_password": "upgrade-database",
    "label_studio_database_password": "upgrade-label-studio-database",
    "label_studio_email": "admin@fulcrum.local",
    "label_studio_password": "upgrade-label-studio",
    "label_studio_token": "",
}
KEPT = ("files", "models/hub", "runs", "ls/data/.env", "secrets.json")
# Of ended runs: large, and nothing is asked of them.
LEFT_OUT = ("runs/*/artifact/*.safetensors", "runs/*/artifact/tokenizer.json")
STEPS = ("finish_demo", "add_the_rest")
MINUTES_PER_STEP = 30
HOST = socket.gethostname()
# By what they are called in the dump; a host stands in columns of its own, or before the number of a process.
PLACES = {
    str(PATHS.data): "@DATA@",
    str(ROOT): "@ROOT@",
    f"\t{HOST}\t": "\tbefore.example\t",
    f"\t{HOST}:": "\tbefore.example:",
}


def main(folder: Path) -> None:
    """Bring everything up, make the state, cut it off and write the dump into a folder."""
    assert not PATHS.data.exists(), f"{PATHS.data} is there: `python3 manage.py clean` removes it"
    folder.mkdir(parents=True, exist_ok=True)
    PATHS.make()
    (PATHS.data / "secrets.json").write_text(json.dumps(SECRETS))
    with up(PATHS.data, environment=environment(PATHS)) as process:
        for step in STEPS:
            _carry_out(step)
        supervisor = psutil.Process(process.pid)
        _cut_off(supervisor)
        for name in DATABASES:
            (folder / f"{name}.sql.gz").write_bytes(gzip.compress(_dump(name), mtime=0))
        supervisor.terminate()
        supervisor.resume()
    _pack(folder / FILES)


def _carry_out(step: str) -> None:
    command = ("shell", "-c", f"from tests.upgrade import state; state.{step}()")
    done = manage(PATHS.data, *command, environment=environment(PATHS), timeout=MINUTES_PER_STEP * 60)
    print(done.stdout, done.stderr, flush=True)
    assert done.returncode == 0


def _cut_off(supervisor: psutil.Process) -> None:
    """Kill the workers as a power cut would: no run is handed over, and nobody is started again."""
    supervisor.suspend()
    facts = json.loads((PATHS.run / "supervisor.json").read_text())
    for pid in [one["pid"] for one in facts if one["name"] not in ("postgres", "label-studio")]:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            process.kill()


def _dump(name: str) -> bytes:
    url = postgres.database_url(paths=PATHS, name=name)
    command = [str(program("pg_dump")), "--no-owner", "--no-privileges", url]
    return _without_places(subprocess.run(command, check=True, capture_output=True).stdout)


def _pack(target: Path) -> None:
    staged = PATHS.data / "staged"
    for name in KEPT:
        source, copy = PATHS.data / name, staged / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, copy) if source.is_dir() else shutil.copyfile(source, copy)
    for path in [found for pattern in LEFT_OUT for found in staged.glob(pattern)]:
        path.unlink()
    for path in staged.rglob("*"):
        if path.suffix in TEXTS:
            path.write_bytes(_without_places(path.read_bytes()))
    with tarfile.open(target, "w:gz") as archive:
        archive.add(staged, arcname=".")


def _without_places(content: bytes) -> bytes:
    for place, name in PLACES.items():
        content = content.replace(place.encode(), name.encode())
    return content


if __name__ == "__main__":
    main(Path(sys.argv[1]))
