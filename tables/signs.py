"""Signs that nobody sees: which texts are blank, and which two texts look the same."""

import re
import unicodedata

import regex

# Marks of direction and of where a line may break, the byte order mark and its like: text looks the same without them.
_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
# Joiners shape Persian, Hindi and emoji where they stand between two characters beyond ASCII; elsewhere nothing.
_IDLE_JOINER = re.compile("(?<![^\x00-\x7f\\s])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\\s])")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_BLANK = re.compile(
    "[\\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*"
)
# What no database of ours keeps: NUL, and one half of a pair that makes a character, which JSON can escape.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Composing Unicode takes time with the square of the accents in a row; a real letter has a few.
MOST_ACCENTS = 200
_TOO_MANY_ACCENTS = regex.compile(rf"[^\p{{ccc=0}}]{{{MOST_ACCENTS + 1}}}")


def is_blank(text: str) -> bool:
    """Say whether there is nothing to see in a text."""
    return _BLANK.fullmatch(text) is not None


def comparable(text: str) -> str:
    """Bring a text into the form in which texts that look the same are equal; not a form to keep."""
    if not text.isascii():
        unseen_gone = _IDLE_JOINER.sub("", _UNSEEN.sub("", text))
        text = composed(_SPACES.sub(" ", unseen_gone))
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def composed(text: str) -> str:
    """Compose a text's letters with their accents (NFC); one with a letter of too many accents stays as it is."""
    return text if _has_too_many_accents(text) else unicodedata.normalize("NFC", text)


def clean(text: str) -> str:
    """Compose Unicode and strip the ends; what an annotator sees and a model reads. Empty where nothing can be seen."""
    stripped = composed(text).strip()
    return "" if is_blank(stripped) else stripped


def unstorable(text: str) -> str:
    """Name what a text has that cannot be kept; empty where there is nothing."""
    found = _UNSTORABLE.search(text)
    if found:
        return f"half of a character, or a NUL (\\u{ord(found[0]):04x})"
    return f"a letter with more than {MOST_ACCENTS} accents" if _has_too_many_accents(text) else ""


def _has_too_many_accents(text: str) -> bool:
    return not text.isascii() and _TOO_MANY_ACCENTS.search(text) is not None


def printable(text: str, *, most: int = 80) -> str:
    """Cut a text for a message, with what cannot be written in UTF-8 escaped."""
    cut = text if len(text) <= most else f"{text[:most]}…"
    return cut.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
