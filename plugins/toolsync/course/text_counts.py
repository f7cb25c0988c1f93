"""Words and letters of texts, as Moodle counts them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any

TAG = re.compile(r"<[^>]*>")
# Behind these ends of tags the next word begins; not behind those that stand within a word.
BREAK = re.compile(r"(</(?!(?:a|b|del|em|i|ins|s|small|span|strong|sub|sup|u)>)\w+>|<br>|<br\s*/>)")
SEPARATORS = re.compile(r"[\s\x00-\x1f\x7f-\x9f—–]+")
SPACE = re.compile(r"\s+")


def counts(rows: Iterable[Sequence[Any]]) -> list[tuple[int, int, int]]:
    """Count.

    :param rows: id, text, Moodle's number of its format.
    :return: id, words, characters without spaces.
    """
    return [(row, _words(text or ""), len(SPACE.sub("", _plain(text or "")))) for row, text, _ in rows]


def _words(text: str) -> int:
    return sum(1 for word in SEPARATORS.split(_plain(BREAK.sub(r"\1 ", text))) if word)


def _plain(text: str) -> str:
    return html.unescape(TAG.sub("", text))
