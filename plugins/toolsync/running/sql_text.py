"""How the text of an SQL file is read: comments and directives, code without its texts, and the place of each line.

Every comment, every end of a statement and every end of a file carries the place where it was written (`--@users/32_create.sql:14`), so that a message names
it whatever Jinja makes of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MARK = "--@"
STRING = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"", re.DOTALL)
TEXT_OR_COMMENT = re.compile(rf"{STRING.pattern}|^[ \t]*--[^\n]*", re.DOTALL | re.MULTILINE)
# What is read as a directive: one of the three words in any writing; a small word and a colon; what only a directive names.
DIRECTIVE_LIKE = re.compile(
    r"--\s*(?:(?i:when|python|chunks)\b|[a-z]\w*\s*:(?!\S)|\w+\s*:?\s*(?:\w+\s+INTO\s+)?toolsync_[\w.]+(?:[\s,]+toolsync_[\w.]+)*$)"
)
WHEN = re.compile(r"-- when: (toolsync_\w+)$")
PYTHON = re.compile(r"-- python: ([a-z]\w*) INTO (toolsync_\w+)$")
CHUNKS = re.compile(r"-- chunks: (toolsync_\w+)\.(\w+)$")


class SqlError(ValueError):
    """An SQL file is not written as `include/sql/README.md` says.

    :param place: file and line, relative to `include/sql`: `users/32_create.sql:14`.
    :param message: what is wrong and what to write.
    """

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"include/sql/{place}: {message}")


@dataclass(frozen=True)
class Directive:
    """A comment that says how the statement below it is run.

    :param place: file and line.
    :param table: of `when`: the temporary table that has to hold rows. Of `python`: the one that takes what the function returns. Of `chunks`: the one whose
        rows are taken range by range.
    :param function: of `python`: the name of the function.
    :param column: of `chunks`: the column whose ranges are taken.
    """

    place: str
    table: str
    function: str = ""
    column: str = ""


def read_comment(place: str, comment: str) -> Directive | None:
    """Read a comment without the spaces around it.

    :return: the directive; None for a remark.
    :raises SqlError: it is nearly a directive, or not written as a comment is.
    """
    if not re.match(r"--(\s|$)", comment):
        raise SqlError(place, f"a comment begins with `-- `, not with {comment[:3]!r}")
    if comment.endswith(";"):
        raise SqlError(place, "a comment that ends with `;` looks like the end of a statement: leave the `;` out")
    if not DIRECTIVE_LIKE.match(comment):
        return None
    if found := WHEN.match(comment):
        return Directive(place, found[1])
    if found := PYTHON.match(comment):
        return Directive(place, found[2], found[1])
    if found := CHUNKS.match(comment):
        return Directive(place, found[1], column=found[2])
    raise SqlError(
        place,
        f"{comment!r} is no directive. Write `-- when: toolsync_table` (one table a line), `-- python: function INTO toolsync_table` or "
        "`-- chunks: toolsync_table.column`; begin a remark with another word",
    )


def bare(code: str) -> str:
    """Code without its comments, with every text emptied; names lose their backquotes."""
    return TEXT_OR_COMMENT.sub(lambda found: "" if found[0].lstrip().startswith("--") else "''", code).replace("`", "")
