"""From a statement that changes rows of the site, the SELECT of those rows as they are before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from toolsync.running.sql_text import TEXT_OR_COMMENT
from toolsync.running.statements import Statement

# Rows in these are nobody's to undo: flags and histories tell what happened, and it did.
NOT_KEPT = re.compile(r"cache_flags|logstore_\w+|(?:grade_\w+|scale)_history")
VOLATILE = frozenset({"cacherev"})  # columns of a course that may only grow
# Columns that Moodle, and each run, write along with others: no change that anybody means.
QUIET = frozenset(
    (
        "timemodified",
        "timecreated",
        "usermodified",
        "modifierid",
        "sortorder",
        "coursecount",
        "path",
        "depth",
        "needsupdate",
        "aggregationstatus",
        "aggregationweight",
        "sequence",
    )
)
TARGET = re.compile(
    r"`(?P<table>\w+)`(?:\s+(?:AS\s+)?(?P<alias>(?!ON\b|SET\b|WHERE\b|FORCE\b|STRAIGHT_JOIN\b|JOIN\b)\w+))?"
)
WORDS = re.compile(r"\b(?:SET|WHERE|FROM|SELECT|ORDER\s+BY|LIMIT)\b", re.IGNORECASE)
ASSIGNED = re.compile(r"(?:^|,)\s*(?:\w+\.)?`?(\w+)`?\s*=")


@dataclass(frozen=True)
class RowsChanged:
    """What a statement does to rows of a table of the site.

    :param table: without the prefix.
    :param rows: the SELECT of the rows that an UPDATE or DELETE changes; empty for an INSERT.
    :param ids: the SELECT of the ids that an INSERT gives its rows; empty: the server numbers them.
    :param inserts: whether it is an INSERT.
    """

    table: str
    rows: str = ""
    ids: str = ""
    inserts: bool = False
    ignores: bool = False  # whether it passes over rows that are there already


def rows_changed(statement: Statement, prefix: str) -> RowsChanged | None:
    """What a statement does to rows of the site; None: nothing that could be undone.

    :param prefix: of the site's tables.
    """
    return _rows_changed(statement.sql, statement.writes.strip("{}"), prefix) if statement.writes else None


@lru_cache(maxsize=20_000)  # a plan and the execution after it have the same
def _rows_changed(sql: str, writes: str, prefix: str) -> RowsChanged | None:
    table = writes.removeprefix(prefix)
    if NOT_KEPT.fullmatch(table):
        return None
    masked = TEXT_OR_COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), sql)
    begin = len(masked) - len(masked.lstrip())
    words = {word.upper(): place for word, place in _outer_words(masked)}
    if masked.lstrip().startswith("INSERT"):
        ids = _ids_inserted(sql, masked)
        return RowsChanged(table, ids=ids, inserts=True, ignores=bool(re.match(r"\s*INSERT\s+IGNORE\b", masked)))
    end_of_sources = min([words[word] for word in ("SET", "WHERE") if word in words], default=len(sql))
    if masked.lstrip().startswith("UPDATE"):
        first = begin + len("UPDATE")
        assigned = _shallow(masked[words["SET"] + 3 : words.get("WHERE", len(sql))])
        if set(ASSIGNED.findall(assigned)) <= VOLATILE:
            return None
    else:
        first = words["FROM"] + len("FROM")
    sources = sql[first:end_of_sources].strip()
    condition = f" {sql[words['WHERE'] :].strip()}" if "WHERE" in words else ""
    named = next(found for found in TARGET.finditer(sources) if found["table"] == writes)
    alias = named["alias"] or f"`{writes}`"
    # Found by their ids, the rows can be locked as they are read, so nobody changes them in between.
    # Otherwise the server would lock those that it only looks at.
    if re.search(rf"\bON {alias}\.id = (\w+\.\w+)(?: AND \1 > 0)?$", sources) and f"{alias}." not in condition:
        condition += " FOR UPDATE"
    return RowsChanged(table, rows=f"SELECT {alias}.* FROM {sources}{condition}")


def _outer_words(masked: str) -> Iterator[tuple[str, int]]:
    """The words that begin the parts of a statement, outside parentheses, the last place of each."""
    shallow = _shallow(masked)
    for found in WORDS.finditer(shallow):
        yield " ".join(found[0].split()), found.start()


def _shallow(masked: str) -> str:
    """A text whose parts in parentheses are blanked, each character by a space."""
    depth, result = 0, []
    for character in masked:
        depth -= character == ")"
        result.append(" " if depth and character != "\n" else character)
        depth += character == "("
    return "".join(result)


def _ids_inserted(sql: str, masked: str) -> str:
    """The SELECT of the ids, if an INSERT gives them itself."""
    shallow = _shallow(masked)
    columns = re.search(r"\(([^)]*)\)", masked)
    if columns is None or columns[1].split(",")[0].strip().strip("`") != "id":
        return ""
    select = re.search(r"\bSELECT\b", shallow)
    source = re.search(r"\bFROM\b", shallow[select.end() :]) if select else None
    if select is None or source is None:
        raise ValueError(f"an INSERT of rows with their ids takes them by a SELECT … FROM: {sql}")
    first = shallow[select.end() : select.end() + source.start()].split(",")[0]
    expression = sql[select.end() : select.end() + len(first)].strip()
    return f"SELECT {expression} {sql[select.end() + source.start() :].strip()}"
