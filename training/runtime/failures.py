"""The errors that end a run for good, and the one that a person can fix: a full disk."""

import errno
from collections.abc import Iterator

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# What libraries say that pass no error number on.
_NO_ROOM_WORDS = ("No space left on device", "Disk quota exceeded", "File too large")
_MOST_CAUSES = 10


# Errors of data or of code, never of the machine. With one seed and one set of rows, a run meets them again.
_REPEATED = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError, TypeError, ValueError),
    *(NotImplementedError, RecursionError),
)
# The same, as torch words it: shapes that do not fit, and an index past the end of a table, on a processor or a device.
_REPEATED_WORDS = (
    *("index out of range", "out of bounds", "device-side assert", "shapes cannot be multiplied"),
    *("must match the size", "must have the same", "size mismatch"),
)


class PermanentFailure(Exception):
    """A run cannot succeed however often it is tried again: its spec, data or model must change first."""


def is_permanent(error: BaseException) -> bool:
    """Say whether an error would come again however often the run is tried: its input is at fault, or our code is."""
    if isinstance(error, (PermanentFailure, *_REPEATED)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _REPEATED_WORDS)


def reason_of(error: BaseException) -> str:
    """Return an error's message for a person, with its class where a library raised it."""
    if isinstance(error, PermanentFailure) or not is_permanent(error):
        return str(error)
    return (
        f"{type(error).__name__}: {error}. It would come again, so this run is not tried again. Look at the end of its "
        "log, and correct the model, the data or the settings that it names."
    )


def is_disk_full(error: BaseException) -> bool:
    """Say whether an error, or what it was raised from, came from a full disk, quota or file-size limit."""
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
