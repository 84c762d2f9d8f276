"""Files for a person, written whole or not at all."""

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile


def write_whole(target: Path, pieces: Iterable[bytes]) -> None:
    """Write beside a file and take its place; if that ends in an error, the file is as it was before."""
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        try:
            file.writelines(pieces)
            # A temporary file is its writer's alone.
            os.chmod(file.name, 0o644)
            os.replace(file.name, target)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
