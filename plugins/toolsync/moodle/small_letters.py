"""Small letters as Moodle's `core_text::strtolower` writes them, whatever the database server takes for one."""

from __future__ import annotations

from collections.abc import Iterable

from toolsync.moodle.session import Site

FINAL_SIGMA_SINCE = 2026042000  # Moodle 5.2, the first that requires PHP 8.3


def lower(rows: Iterable[tuple[object, str]], site: Site) -> list[tuple[object, str]]:
    """Lower texts as PHP's `mb_strtolower` does.

    PHP 8.3 ends a word in capitals with ς, earlier ones with σ. A database does not tell which PHP its site has: ς is sure from Moodle 5.2 on.

    :param rows: whatever identifies the text, the text.
    :return: the rows, with the text in small letters, which may be longer: İ becomes two characters.
    """
    if site.version >= FINAL_SIGMA_SINCE:
        return [(key, text.lower()) for key, text in rows]
    return [(key, "".join(map(str.lower, text))) for key, text in rows]
