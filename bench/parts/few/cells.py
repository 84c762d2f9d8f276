"""Measured cells, kept in a file of JSON lines from which a later call goes on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Found = dict[str, Any]


class Cells:
    """What was measured, by what it was measured on; without a path it is forgotten with the process.

    A file belongs to one state of the recipes: whoever changes these begins another.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._found: dict[str, Found] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                cell = json.loads(line)
                self._found[_name(cell["of"])] = cell["found"]

    def once(self, measure: Callable[[], Found], **of: Any) -> Found:
        """Return what a cell came to, measured only where it is not known."""
        if _name(of) not in self._found:
            self._found[_name(of)] = found = measure()
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps({"of": of, "found": found}, ensure_ascii=False) + "\n")
        return self._found[_name(of)]

    def known(self, **of: Any) -> Found | None:
        return self._found.get(_name(of))


def _name(of: Found) -> str:
    return json.dumps(of, sort_keys=True)
