"""Links to the site's own pages within texts, as far as they contain ids of rows of a course. The course graph lists these pages (`links`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

# A part of a page's address: a parameter, with an id or with the value that it must have; a name that may be any; other text.
PARTS = re.compile(r"(?P<between>[?&])(?P<name>\w+)(?:=(?P<value>\w+))?|(?P<any>\*)|(?P<rest>[^?&*]+)")


class SiteLinks:
    """Finds links and replaces the ids in them.

    :param pages: pages with the tables of the ids in their addresses, as the course graph has them: `mod/book/view.php?id&chapterid`. `*` stands for any name;
        a page that ends with a slash is followed by an id.
    :param address: of the site; empty: no link is found.
    """

    def __init__(self, pages: Mapping[str, str | Sequence[str]], address: str) -> None:
        # The longest first, or the start of an address with two ids would be taken for a page with one.
        ordered = sorted(pages, key=lambda page: -len(page))
        self._tables = {
            f"page{number}": [tables] if isinstance(tables := pages[page], str) else list(tables)
            for number, page in enumerate(ordered)
        }
        self._patterns: list[re.Pattern[str]] = []
        for escape in (str, _escaped) if address else ():
            page = "|".join(f"(?P<page{number}>{_pattern(page, escape)})" for number, page in enumerate(ordered))
            self._patterns.append(re.compile(f"{re.escape(escape(address.rstrip('/') + '/'))}(?:{page})"))

    def has_link(self, text: str) -> bool:
        return any(pattern.search(text) for pattern in self._patterns)

    def with_ids(self, text: str, new_id: Callable[[str, int], int | None]) -> str:
        """A text with other ids in its links.

        :param new_id: the id that replaces one of a table; None when there is none: then the whole link stays as it is.
        """

        def link(match: re.Match[str]) -> str:
            page = match.lastgroup or ""
            first_id = match.re.groupindex[page] + 1
            result, end = "", match.start()
            for group, table in enumerate(self._tables[page], first_id):
                new = new_id(table, int(match[group]))
                if new is None:
                    return match[0]
                result += text[end : match.start(group)] + str(new)
                end = match.end(group)
            return result + text[end : match.end()]

        for pattern in self._patterns:
            text = pattern.sub(link, text)
        return text


def _escaped(text: str) -> str:
    """A text as it stands in a parameter of another address."""
    return quote(text, safe="")


def _pattern(page: str, escape: Callable[[str], str]) -> str:
    """The regular expression of a page, with a group for each id.

    :param escape: how the address is written.
    """

    def literal(text: str) -> str:
        return re.escape(escape(text))

    pattern = ""
    for part in PARTS.finditer(page):
        if part["any"]:
            pattern += "[a-z][a-z0-9_]*"
        elif part["name"]:
            pattern += f"(?:{literal('&amp;')}|{literal('&')})" if part["between"] == "&" else literal("?")
            pattern += literal(f"{part['name']}=") + (literal(part["value"]) if part["value"] else "([0-9]+)")
        else:
            pattern += literal(part["rest"])
    return pattern + ("([0-9]+)" if page.endswith("/") else "")
