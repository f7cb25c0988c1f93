"""Words and characters of texts, counted as Moodle's `count_words` and `count_letters` do."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any

TAG = re.compile(r"<[^>]*>")
# Tags after which a new word begins: line breaks, and the ends of all elements except those that can stand within a word.
BREAK = re.compile(r"(</(?!(?:a|b|del|em|i|ins|s|small|span|strong|sub|sup|u)>)\w+>|<br>|<br\s*/>)")
SEPARATORS = re.compile(r"[\s\x00-\x1f\x7f-\x9f—–]+")
SPACE = re.compile(r"\s+")


def count_words(rows: Iterable[Sequence[Any]]) -> list[tuple[int, int, int]]:
    """Count the words and characters of texts.

    :param rows: id, text, Moodle's number of its format.
    :return: id, words, characters without spaces.
    """
    return [(row, _words(text or ""), len(SPACE.sub("", _plain(text or "")))) for row, text, _ in rows]


def _words(text: str) -> int:
    return sum(1 for word in SEPARATORS.split(_plain(BREAK.sub(r"\1 ", text))) if word)


def _plain(text: str) -> str:
    return html.unescape(TAG.sub("", text))
