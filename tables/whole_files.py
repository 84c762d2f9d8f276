"""Files written whole or not at all."""

import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import NamedTemporaryFile


def write_whole(contents: Mapping[Path, Iterable[bytes]]) -> None:
    """Write files beside their places, then put all of them there; after an error, each is as it was before."""
    with ExitStack() as undo:
        written = []
        for target, pieces in contents.items():
            with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
                undo.callback(Path(file.name).unlink, missing_ok=True)
                file.writelines(pieces)
            # A temporary file is its writer's alone.
            os.chmod(file.name, 0o644)
            written.append((file.name, target))
        for temporary, target in written:
            os.replace(temporary, target)
