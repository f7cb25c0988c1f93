"""Which columns of a site's tables are ids of rows of which other tables.

`include/references.json` has what Moodle declares in its install.xml files, and some that it does not. For all other columns, those of plugins too, the name
tells: `userid` is of `user`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from typing import NamedTuple

from toolsync.moodle.schema import Schema
from toolsync.settings import INCLUDE

BY_NAME = {
    "userid": "user",
    "courseid": "course",
    "course": "course",
    "cohortid": "cohort",
    "groupid": "groups",
    "groupingid": "groupings",
    "enrolid": "enrol",
    "contextid": "context",
}
MOODLES = re.compile(r"[a-z][a-z0-9_]*")
# Who last wrote a row is no reason to miss it, nor the other way round.
AUTHORS = frozenset(
    {
        "modifierid",
        "usermodified",
        "usercreated",
        "createdby",
        "modifiedby",
        "loggeduser",
        "reviewerid",
        "actorid",
        "authorid",
    }
)
# Of a context, `instanceid` is an id of the table that its level stands for.
LEVELS = {30: "user", 40: "course_categories", 50: "course", 70: "course_modules", 80: "block_instances"}


class Reference(NamedTuple):
    """A column that holds ids of another table.

    :param table: that has the column.
    :param column: the column.
    :param target: the other table.
    :param level: of contexts only: the level that these have.
    """

    table: str
    column: str
    target: str
    level: int | None = None


class References:
    """The references of a site.

    :param schema: its tables.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def to(self, table: str) -> list[Reference]:
        """The columns with an index that hold ids of a table."""
        return self._known.to.get(table, [])

    def unindexed_to(self, table: str) -> list[Reference]:
        """The columns without an index that hold ids of a table, but for those that only tell who wrote a row."""
        return self._known.unindexed_to.get(table, [])

    def of(self, table: str) -> list[Reference]:
        """What the rows of a table need to be there."""
        return self._known.of.get(table, [])

    def ordered(self, tables: Iterable[str]) -> list[str]:
        """Tables, each after those that its rows need, as far as they don't need each other."""
        wanted, result = sorted(tables), list[str]()
        seen: set[str] = set()

        def visit(table: str) -> None:
            if table in seen or table not in wanted:
                return
            seen.add(table)
            for one in self.of(table):
                visit(one.target)
            result.append(table)

        for table in wanted:
            visit(table)
        return result

    @cached_property
    def _known(self) -> _Known:
        return _known(self._schema)


class _Known(NamedTuple):
    """References, by table."""

    to: dict[str, list[Reference]]
    unindexed_to: dict[str, list[Reference]]
    of: dict[str, list[Reference]]


@lru_cache(maxsize=4)
def _known(schema: Schema) -> _Known:
    known = _Known({}, {}, {})
    for one in _found(schema):
        if one.column not in AUTHORS:
            known.of.setdefault(one.table, []).append(one)
        if schema.index(one.table, [one.column]):
            known.to.setdefault(one.target, []).append(one)
        elif one.column not in AUTHORS:
            known.unindexed_to.setdefault(one.target, []).append(one)
    return known


def _found(schema: Schema) -> Iterator[Reference]:
    if schema.has("context"):
        for level, target in LEVELS.items():
            yield Reference("context", "instanceid", target, level)
    declared = _declared()
    for table, columns in schema.numbers().items():
        if not MOODLES.fullmatch(table):  # a copy that somebody made by hand, `user_enrolments-2019`
            continue
        known = {**{name: BY_NAME[name] for name in columns if name in BY_NAME}, **declared.get(table, {})}
        for column, target in sorted(known.items()):
            if column in columns and schema.has(target):
                yield Reference(table, column, target)


@lru_cache(maxsize=1)
def _declared() -> dict[str, dict[str, str]]:
    return json.loads((INCLUDE / "references.json").read_text(encoding="utf-8"))
