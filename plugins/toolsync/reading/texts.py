"""Small functions on texts."""

from __future__ import annotations


def one_line(text: str) -> str:
    """A text on one line, with single spaces."""
    return " ".join(text.split())


def shorten(text: str, length: int) -> str:
    """A text cut to a number of characters, of which the last is then an ellipsis."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
