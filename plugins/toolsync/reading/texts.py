"""Small functions on texts."""

from __future__ import annotations

import re

# Characters that steer a terminal, or begin a line, by what stands for them: `\x1b`.
CONTROLS = {
    code: chr(code).encode("unicode_escape").decode() for code in (*range(32), *range(127, 160), 0x2028, 0x2029)
}
IN_CELLS = {code: shown for code, shown in CONTROLS.items() if chr(code) not in "\t\n\r"}

# Characters that nobody sees, and those that look like a plain space.
UNSEEN = (
    r"\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u202a-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f"
    r"\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Where some of them are part of ordinary text: joiners in Arabic, Indic and other scripts, and between emoji; variants of emoji and ideographs.
JOINED = r"\u0600-\u109f\u1700-\u1cff\ua800-\uabff\ufb50-\ufdff\U00010a00-\U00011fff"
EMOJI = r"\u00a9\u00ae\u203c\u2049\u20e3\u2122\u2139\u2190-\u27ff\u2900-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff"
IDEOGRAPHS = r"\u2e80-\u2fff\u3001-\u3163\u3165-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
ORDINARY = (
    rf"(?<=[{JOINED}])[\u200c\u200d]|(?<=[{EMOJI}])\u200d(?=[{EMOJI}])|(?<=[{EMOJI}{IDEOGRAPHS}])[\ufe00-\ufe0f\U000e0100-\U000e01ef]|\ufe0f(?=\u20e3)"
    rf"|(?<=[{IDEOGRAPHS}])\u3000(?=[{IDEOGRAPHS}])"
)
UNSEEN_CHARACTER = re.compile(f"[{UNSEEN}]")
UNSEEN_OR_ORDINARY = re.compile(f"{ORDINARY}|([{UNSEEN}])")


def one_line(text: str) -> str:
    """A text on one line, with single spaces."""
    return " ".join(text.split())


def visible(text: str) -> str:
    """A text that shows what nobody would see in it: `U+200B` for a zero-width space."""
    if text.isascii():
        return text
    return UNSEEN_OR_ORDINARY.sub(lambda found: _code(found[1]) if found[1] else found[0], text)


def unseen(text: str) -> list[str]:
    """The characters of a text that nobody sees, as `U+200B`, each once."""
    return list(dict.fromkeys(map(_code, UNSEEN_CHARACTER.findall(text))))


def without_unseen(text: str) -> str:
    """A text without them."""
    return UNSEEN_CHARACTER.sub("", text)


def printable(text: str) -> str:
    """A text on one line that steers no terminal, forges no line of a log and hides nothing, whatever a file or the site made it say."""
    return visible(text.translate(CONTROLS))


def printable_lines(text: str) -> str:
    """The same of a text of several lines, or of a cell of a table."""
    return visible(text.translate(IN_CELLS))


def shorten(text: str, length: int) -> str:
    """A text cut to a number of characters, of which the last is then an ellipsis."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"
