"""Links to the site's own pages within texts, as far as the ids in them name rows of a course.

The course graph says which pages those are (`links`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

# A page, cut: a parameter, with the value that it must have or an id; any name; all else.
PIECES = re.compile(r"(?P<between>[?&])(?P<name>\w+)(?:=(?P<value>\w+))?|(?P<any>\*)|(?P<rest>[^?&*]+)")


class SiteLinks:
    """Finds links, and puts other ids into them.

    :param pages: as the course graph has them: `mod/book/view.php?id&chapterid`, and the tables that its ids are of. `*` stands for a name; a page that
        ends with a slash has its id there.
    :param address: of the site; empty: there is nothing to be found.
    """

    def __init__(self, pages: Mapping[str, str | Sequence[str]], address: str) -> None:
        # Longer ones first: a page with one more id in its address is another page.
        ordered = sorted(pages, key=lambda page: -len(page))
        self._tables = {
            f"page{number}": [tables] if isinstance(tables := pages[page], str) else list(tables)
            for number, page in enumerate(ordered)
        }
        self._patterns: list[re.Pattern[str]] = []
        for escape in (str, _escaped) if address else ():
            found = "|".join(f"(?P<page{number}>{_pattern(page, escape)})" for number, page in enumerate(ordered))
            self._patterns.append(re.compile(f"{re.escape(escape(address.rstrip('/') + '/'))}(?:{found})"))

    def found(self, text: str) -> bool:
        return any(pattern.search(text) for pattern in self._patterns)

    def follow(self, text: str, new: Callable[[str, int], int | None]) -> str:
        """The text with other ids in its links. A link of which an id is unknown stays.

        :param new: the id that takes the place of one of a table; None when none does.
        """

        def link(match: re.Match[str]) -> str:
            page = match.lastgroup or ""
            first = match.re.groupindex[page] + 1
            result, end = "", match.start()
            for group, table in enumerate(self._tables[page], first):
                value = new(table, int(match[group]))
                if value is None:
                    return match[0]
                result += text[end : match.start(group)] + str(value)
                end = match.end(group)
            return result + text[end : match.end()]

        for pattern in self._patterns:
            text = pattern.sub(link, text)
        return text


def _escaped(text: str) -> str:
    """As a part of another address."""
    return quote(text, safe="")


def _pattern(page: str, escape: Callable[[str], str]) -> str:
    def literal(text: str) -> str:
        return re.escape(escape(text))

    parts = []
    for piece in PIECES.finditer(page):
        if piece["any"]:
            parts.append("[a-z][a-z0-9_]*")
        elif piece["name"]:
            between = f"(?:{literal('&amp;')}|{literal('&')})" if piece["between"] == "&" else literal("?")
            parts += [between, literal(f"{piece['name']}="), literal(piece["value"]) if piece["value"] else "([0-9]+)"]
        else:
            parts.append(literal(piece["rest"]))
    if page.endswith("/"):
        parts.append("([0-9]+)")
    return "".join(parts)
