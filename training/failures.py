"""The error family that ends a run for good, and the one trouble that a person mends: a disk without room.

The members of the family are beside the functions that raise them.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# What libraries say that pass no error number on.
_NO_ROOM_WORDS = ("No space left on device", "Disk quota exceeded", "File too large")
_MOST_CAUSES = 10


class PermanentFailure(Exception):
    """A run cannot succeed however often it is tried again: its spec, data or model must change first."""


def is_disk_full(error: BaseException) -> bool:
    """Say whether an error came from a disk, a quota or a limit on files that has no room left.

    Parameters
    ----------
    error
        as it arrived; what it was raised from counts too.
    """
    return any(
        (isinstance(one, OSError) and one.errno in _NO_ROOM) or any(words in str(one) for words in _NO_ROOM_WORDS)
        for one in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if found is None:
            return
        yield found
        found = found.__cause__ or found.__context__
