"""What is printed survives a terminal, pipe or log that cannot show all of it."""

import codecs
import contextlib
import io
import re
import sys
import unicodedata

ERRORS = "plainly"
# Signs of messages and of the papers, in letters of ASCII; those of trees and frames keep their width.
PLAIN = {
    "≥": ">=", "≤": "<=", "≠": "!=", "≈": "~", "±": "+/-", "×": "x", "÷": "/", "−": "-", "·": ".", "√": "sqrt",
    "∞": "inf", "‖": "||", "∈": "in", "∑": "sum", "→": "->", "←": "<-", "↑": "^", "↓": "v", "…": "...", "–": "-",
    "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "«": '"', "»": '"', "§": "sec. ", "●": "*", "■": "*", "✓": "v",
    "✗": "x", "─": "-", "━": "-", "│": "|", "┃": "|", "├": "|", "└": "`", "┌": ",", "┐": ".", "┘": "'",
}  # fmt: skip
# What a terminal obeys in place of showing it: control letters but for line ends, and those that turn the direction of
# writing, behind which a name can hide its end.
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def safe(text: str) -> str:
    """A text in which what a terminal would obey is shown by its number; names of files and keys hold anything."""
    return OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)


def speak_plainly() -> None:
    """From now on stdout and stderr write what their encoding lacks in other letters, instead of ending in an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # It writes out what waits, for which a full disk has no room: told where the stage ends.
            with contextlib.suppress(OSError):
                stream.reconfigure(errors=ERRORS)


def plain(letter: str) -> str:
    """A letter in ASCII: by the table, without its accent, by the name of the Greek letter, or by its number."""
    if letter in PLAIN:
        return PLAIN[letter]
    if 0xDC80 <= ord(letter) <= 0xDCFF:
        return f"\\x{ord(letter) - 0xDC00:02x}"  # a byte of a file's name that is no letter
    if bare := "".join(one for one in unicodedata.normalize("NFKD", letter) if one.isascii()):
        return bare
    name = unicodedata.name(letter, "").split()
    if name[:1] == ["GREEK"]:
        return name[-1].capitalize() if "CAPITAL" in name else name[-1].lower()
    return "" if unicodedata.combining(letter) else letter.encode("ascii", "backslashreplace").decode()


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(plain, error.object[error.start : error.end])), error.end


codecs.register_error(ERRORS, _replace)
