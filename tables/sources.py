"""From bytes to lines: the encoding is checked strictly, never guessed, and what a mark in the file says is told."""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from typing import BinaryIO

from tables.table import TableUnreadable, listed

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252 (Western)",
    "latin-1": "ISO 8859-1",
}
SAMPLE_BYTES = 1 << 17
_SINGLE_BYTE = {"cp1252", "latin-1"}
_OTHER_KINDS = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"\x1f\x8b": "compressed (gzip)",
    b"%PDF": "a PDF",
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
}


@dataclass(frozen=True, kw_only=True)
class TextSource:
    """A file's lines with their ends, once; `sample` is its beginning, `is_whole` that it is all there is."""

    lines: Iterator[str]
    sample: str
    is_whole: bool
    line_end: str
    notes: tuple[str, ...]

    def sample_lines(self) -> list[str]:
        """Return the lines of the sample, without one that it cuts."""
        parts = self.sample.split(self.line_end)
        lines = [part + self.line_end for part in parts[:-1]]
        return [*lines, parts[-1]] if (self.is_whole and parts[-1]) or not lines else lines


def open_source(*, stream: BinaryIO, encoding: str | None = None) -> TextSource:
    """Open a file that can seek, in one of ENCODINGS. Raises: TableUnreadable, also while lines are read."""
    mending = "Save the file as UTF-8" + ("." if encoding is None else ", or choose the encoding it was saved in.")
    encoding = encoding or "utf-8"
    if encoding not in ENCODINGS:
        raise TableUnreadable(f"encoding: {encoding!r} is not one of {', '.join(ENCODINGS)}.")
    start = stream.read(SAMPLE_BYTES)
    for mark, kind in _OTHER_KINDS.items():
        if start.startswith(mark):
            raise TableUnreadable(f"The file is {kind}. Save it as “CSV UTF-8”, or as JSON lines.")
    note = f"Encoding: {ENCODINGS[encoding]}."
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, note = "utf-16", "Encoding: UTF-16, by its byte order mark."
    if encoding == "utf-16" and start and b"\x00" not in start:
        # Each line end and comma of UTF-16 has one; without, any bytes would be read as a few strange signs.
        raise TableUnreadable(f"The file is not {ENCODINGS[encoding]}. {mending}")
    codec = _codec(encoding, start)
    sample = start.decode(codec, errors="replace")
    _refuse_binary(sample)
    _refuse_mixed(stream, encoding)
    is_old_mac = "\n" not in sample and "\r" in sample.rstrip("\r")
    notes = (note, "Line ends: CR alone.") if is_old_mac else (note,)
    line_end = "\r" if is_old_mac else "\n"
    return TextSource(
        lines=_lines(stream, encoding, codec, line_end, mending),
        sample=sample,
        is_whole=len(start) < SAMPLE_BYTES,
        line_end=line_end,
        notes=notes,
    )


def _codec(encoding: str, start: bytes) -> str:
    if encoding == "utf-8":
        return "utf-8-sig"
    if encoding == "utf-16" and not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16-be" if start[:1] == b"\x00" else "utf-16-le"
    return encoding


def _lines(stream: BinaryIO, encoding: str, codec: str, line_end: str, mending: str) -> Iterator[str]:
    stream.seek(0)
    text = TextIOWrapper(stream, encoding=codec, newline=line_end)
    try:
        yield from text
    except UnicodeError as error:
        text.detach()
        raise TableUnreadable(_complaint(stream, encoding, error, mending)) from None
    text.detach()


def _refuse_binary(sample: str) -> None:
    first = sample.lstrip("\r\n").partition("\n")[0].partition("\r")[0]
    if "\x00" in first:
        raise TableUnreadable(
            "Line 1 has NUL characters: this is no text file, or it is UTF-16 without its mark. Save it as UTF-8, or "
            "choose the encoding it was saved in."
        )


def _refuse_mixed(stream: BinaryIO, encoding: str) -> None:
    """Any byte is a character of these encodings, so that UTF-8 would be read as something else."""
    if encoding in _SINGLE_BYTE and (lines := _lines_that_are(stream, utf8=True)):
        raise TableUnreadable(
            f"Mixed encodings: {_lines_named(lines)} UTF-8, while the file is read as {ENCODINGS[encoding]}. "
            "Save the whole file as UTF-8."
        )


def _complaint(stream: BinaryIO, encoding: str, error: UnicodeError, mending: str) -> str:
    if encoding != "utf-8":
        place = f" (byte {error.start:,})" if isinstance(error, UnicodeDecodeError) else ""
        return f"The file is not {ENCODINGS[encoding]}{place}. {mending}"
    wrong = _lines_named(_lines_that_are(stream, utf8=False))
    mixed = " Others are UTF-8, so the file mixes encodings." if _lines_that_are(stream, utf8=True) else ""
    return f"{wrong} not UTF-8.{mixed} {mending}"


def _lines_named(numbers: Sequence[int]) -> str:
    return f"Line {numbers[0]:,} is" if len(numbers) == 1 else f"Lines {listed(numbers)} are"


def _lines_that_are(stream: BinaryIO, *, utf8: bool) -> list[int]:
    """Number the lines that have more than ASCII and are, or are not, UTF-8."""
    stream.seek(0)
    return [number for number, line in enumerate(stream, 1) if not line.isascii() and _is_utf8(line) == utf8]


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
