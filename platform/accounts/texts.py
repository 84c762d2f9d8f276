"""What a line or a text that somebody typed may hold, so that pages, files and XML can carry it."""

import unicodedata

_NAMES = {0x00: "a NUL", 0x09: "a tab", 0x0A: "a line break", 0x0B: "a vertical tab", 0x0C: "a form feed"}
_LINE_BREAKS = frozenset("\r\x85\u2028\u2029")
_NOT_IN_XML = frozenset("\ufffe\uffff")


def unusable_sign(text: str, *, may_have_lines: bool = False) -> str:
    """Describe the first sign that cannot be kept or shown; `may_have_lines` lets line breaks and tabs pass."""
    allowed = frozenset("\n\r\t") if may_have_lines else frozenset()
    for place, sign in enumerate(text, 1):
        if sign not in allowed and _is_unusable(sign, may_have_lines):
            return f"{_described(sign)} (U+{ord(sign):04X}) as character {place:,}"
    return ""


def without_unusable(text: str) -> str:
    """Put a sign that says so in the place of each that cannot be kept or shown, as in a file's name."""
    return "".join("\ufffd" if unusable_sign(sign) else sign for sign in text)


def _is_unusable(sign: str, may_have_lines: bool) -> bool:
    if sign in _LINE_BREAKS:
        return not may_have_lines
    return unicodedata.category(sign) in {"Cc", "Cs"} or sign in _NOT_IN_XML


def _described(sign: str) -> str:
    if unicodedata.category(sign) == "Cs":
        return "half of a character"
    if sign in _LINE_BREAKS:
        return "a line break"
    return _NAMES.get(ord(sign), "a control character")
