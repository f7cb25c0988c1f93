"""Small functions on texts."""

from __future__ import annotations

# Characters that steer a terminal, or begin a line, by what stands for them: `\x1b`.
CONTROLS = {
    code: chr(code).encode("unicode_escape").decode() for code in (*range(32), *range(127, 160), 0x2028, 0x2029)
}
IN_CELLS = {code: shown for code, shown in CONTROLS.items() if chr(code) not in "\t\n\r"}


def one_line(text: str) -> str:
    """A text on one line, with single spaces."""
    return " ".join(text.split())


def printable(text: str) -> str:
    """A text on one line that steers no terminal and forges no line of a log, whatever a file or the site made it say."""
    return text.translate(CONTROLS)


def printable_lines(text: str) -> str:
    """The same of a text of several lines, or of a cell of a table."""
    return text.translate(IN_CELLS)


def shorten(text: str, length: int) -> str:
    """A text cut to a number of characters, of which the last is then an ellipsis."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
