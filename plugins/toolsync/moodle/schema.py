"""The tables and columns that a site has, which depend on its version and plugins, and the version itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from toolsync.moodle.releases import is_since

# Without those that the server works out, to which nobody may write.
COLUMNS = (
    "SELECT table_name, column_name, data_type FROM information_schema.columns "
    "WHERE table_schema = DATABASE() AND COALESCE(generation_expression, '') = ''"
)
LIMITS = (
    "SELECT column_name, data_type, column_type, character_maximum_length FROM information_schema.columns "
    "WHERE table_schema = DATABASE() AND table_name = %s"
)
VIEWS = "SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()"
OURS = "toolsync_"
SITE = ("config_plugins", "context", "course_modules")  # where a site has these, it is a Moodle
BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
# One answer for all tables: of each of them by itself, as SHOW INDEX gives it, a server takes many times as long.
INDEXES = (
    "SELECT table_name, index_name, non_unique, column_name, sub_part, index_type, {unused} FROM information_schema.statistics "
    "WHERE table_schema = DATABASE() AND LEFT(table_name, CHAR_LENGTH(%s)) = %s "
    "ORDER BY table_name, index_name <> 'PRIMARY', non_unique, index_name, seq_in_index"
)
# Where servers say that they don't use an index: MariaDB since 10.6, and MySQL.
UNUSED = {"IGNORED": "ignored = 'YES'", "IS_VISIBLE": "is_visible = 'NO'"}
SAYS_UNUSED = (
    "SELECT UPPER(column_name) FROM information_schema.columns "
    "WHERE table_schema = 'information_schema' AND table_name = 'STATISTICS' AND column_name IN ('IGNORED', 'IS_VISIBLE')"
)


@dataclass(slots=True)
class Index:
    """An index of a table.

    :param is_unique: it allows no two rows with the same.
    :param is_used: the server uses it.
    :param columns: by whose values rows are found in it, in order; None: only the beginning of one is in there, or its words, or an expression.
    :param names: the same columns, whatever is in there of them.
    """

    is_unique: bool
    is_used: bool
    columns: list[str | None] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a column can hold.

    :param characters: of a text, at most; None: more than any cell has, or it holds no texts.
    :param numbers: the smallest and the largest whole number; None: it holds no whole numbers.
    :param largest: the largest decimal number; None: it holds none.
    """

    characters: int | None = None
    numbers: tuple[int, int] | None = None
    largest: str | None = None


def _limits(data_type: str, column_type: str, characters: int | None) -> Limits:
    if found := re.match(r"decimal\((\d+),(\d+)\)", column_type):
        digits, places = int(found[1]), int(found[2])
        return Limits(largest=f"{'9' * (digits - places)}.{'9' * places}")
    if data_type in ("varchar", "char"):
        return Limits(characters=characters)
    if bits := BITS.get(data_type):
        unsigned = "unsigned" in column_type
        return Limits(numbers=(0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    return Limits()


class Schema:
    """The tables of a site, from information_schema. Each is looked up once.

    Two are equal where version, tables, columns and indexes are the same: what follows from these alone is worked out once a process, not in each session
    (`lru_cache`). It may ask an equal schema for nothing else, since the session of that has ended: no settings, no limits.

    :param rows: runs a SELECT on the site's database.
    :param prefix: the prefix of the site's tables. All methods take table names without it.
    """

    def __init__(self, rows: Callable[..., Sequence[Sequence[Any]]], prefix: str) -> None:
        self._rows = rows
        self._prefix = prefix
        self._columns: dict[str, dict[str, str]] = {}  # column: type, by table
        self._all_read = False
        self._limits: dict[str, dict[str, Limits]] = {}  # by table and column
        self._switches: dict[str, bool] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self._contents is other._contents

    def __hash__(self) -> int:
        return hash(id(self._contents))

    @cached_property
    def version(self) -> float:
        """Moodle's own version number, 2025100606.0."""
        return float(self._rows(f"SELECT value FROM `{self._prefix}config` WHERE name = 'version'")[0][0])

    def since(self, *releases: str) -> bool:
        """Whether the site's Moodle has what came with these releases, the first of each branch that has it."""
        return is_since(self.version, *releases)

    def sets(self, name: str) -> bool:
        """Whether a switch of the site is on when it is first asked for, by its name in table `config`."""
        if name not in self._switches:
            found = self._rows(f"SELECT value FROM `{self._prefix}config` WHERE name = %s", (name,))
            self._switches[name] = bool(found) and found[0][0] not in ("", "0")
        return self._switches[name]

    def has(self, table: str, column: str | None = None) -> bool:
        """Whether the site has the table, and that column in it if one is given."""
        known = self._known(table)
        return column in known if column else bool(known)

    def columns(self, table: str) -> list[str]:
        """The columns of a table, in order; empty when the site has no such table."""
        return list(self._known(table))

    def text_columns(self, table: str) -> list[str]:
        """The columns of a table that hold long texts."""
        return [name for name, data_type in self._known(table).items() if data_type.endswith("text")]

    def holds_texts(self, table: str, column: str) -> bool:
        """Whether a column of the site holds texts."""
        return self._known(table)[column].endswith(("char", "text"))

    def limits(self, table: str, column: str) -> Limits | None:
        """What a column can hold; None when the site has no such column."""
        if table not in self._limits:
            self._limits[table] = {
                name: _limits(data_type, column_type, characters)
                for name, data_type, column_type, characters in self._rows(LIMITS, (self._prefix + table,))
            }
        return self._limits[table].get(column)

    def unique_keys(self, table: str) -> list[list[str]]:
        """The columns of each unique index of a table, apart from its primary key."""
        indexes = self._indexes.get(self._prefix + table, {})
        return [index.names for name, index in indexes.items() if index.is_unique and name != "PRIMARY"]

    def index(self, table: str, columns: Sequence[str]) -> str | None:
        """The name of the index of a table that begins with these columns, in this order; None when it has none that the server uses."""
        these, indexes = list(columns), self._indexes.get(self._prefix + table, {})
        return next(
            (name for name, index in indexes.items() if index.is_used and index.columns[: len(these)] == these), None
        )

    def read_all(self) -> None:
        """Look up the columns of all tables at once, for a caller that needs most of them."""
        if self._all_read:
            return
        self._columns.clear()
        for table, column, data_type in self._rows(f"{COLUMNS} ORDER BY table_name, ordinal_position"):
            if table.startswith(self._prefix):
                self._columns.setdefault(table[len(self._prefix) :], {})[column] = data_type
        self._all_read = True

    def numbers(self) -> dict[str, list[str]]:
        """The columns that hold whole numbers, by table: of all tables but views, our own, and those of another site whose prefix begins alike."""
        self.read_all()
        others = {name.removesuffix(SITE[0]) for name in self._columns if name.endswith(SITE[0])} - {""}
        others = {prefix for prefix in others if all(f"{prefix}{name}" in self._columns for name in SITE)}
        return {
            table: [name for name, data_type in columns.items() if data_type in BITS]
            for table, columns in self._columns.items()
            if self._prefix + table not in self._views and not table.startswith((OURS, *others))
        }

    def _known(self, table: str) -> dict[str, str]:
        if self._all_read:
            return self._columns.get(table, {})
        if table not in self._columns:
            found = self._rows(f"{COLUMNS} AND table_name = %s ORDER BY ordinal_position", (self._prefix + table,))
            self._columns[table] = {column: data_type for _, column, data_type in found}
        return self._columns[table]

    @cached_property
    def _views(self) -> frozenset[str]:
        return frozenset(name for (name,) in self._rows(VIEWS))

    @cached_property
    def _index_rows(self) -> tuple[Sequence[Any], ...]:
        unused = next((UNUSED[name] for (name,) in self._rows(SAYS_UNUSED)), "FALSE")
        return tuple(map(tuple, self._rows(INDEXES.format(unused=unused), (self._prefix, self._prefix))))

    @cached_property
    def _indexes(self) -> Mapping[str, Mapping[str, Index]]:
        return _indexes(self._index_rows)

    @cached_property
    def _contents(self) -> object:
        """All that equal ones have in common."""
        self.read_all()
        columns = tuple((table, tuple(names.items())) for table, names in self._columns.items())
        return _known_already((self._prefix, self.version, columns, self._index_rows, self._views))


@lru_cache(maxsize=8)
def _known_already(contents: object) -> object:
    """The same, if it was there before."""
    return contents


@lru_cache(maxsize=8)
def _indexes(rows: Iterable[Sequence[Any]]) -> dict[str, dict[str, Index]]:
    """Indexes by name, by table: of rows of `INDEXES`."""
    found: dict[str, dict[str, Index]] = {}
    for table, name, non_unique, column, sub_part, kind, is_unused in rows:
        index = found.setdefault(table, {}).setdefault(name, Index(not int(non_unique), not is_unused))
        index.columns.append(column if sub_part is None and kind == "BTREE" else None)
        index.names.append(column)
    return found
