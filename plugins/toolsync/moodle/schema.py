"""The tables and columns that a site has, which depend on its version and plugins, and the version itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
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
UNIQUE_KEYS = (
    "SELECT table_name, index_name, column_name FROM information_schema.statistics "
    "WHERE table_schema = DATABASE() AND non_unique = 0 AND index_name <> 'PRIMARY' ORDER BY table_name, index_name, seq_in_index"
)


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

    :param rows: runs a SELECT on the site's database.
    :param prefix: the prefix of the site's tables. All methods take table names without it.
    """

    def __init__(self, rows: Callable[..., Sequence[Sequence[Any]]], prefix: str) -> None:
        self._rows = rows
        self._prefix = prefix
        self._columns: dict[str, dict[str, str]] = {}  # column: type, by table
        self._all_read = False
        self._unique_keys: dict[str, dict[str, list[str]]] | None = None
        self._limits: dict[str, dict[str, Limits]] = {}  # by table and column
        self._switches: dict[str, bool] = {}
        self._indexes: dict[str, dict[str, list[str | None]]] = {}  # columns by name, by table

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
        if self._unique_keys is None:
            self._unique_keys = {}
            for name, index, column in self._rows(UNIQUE_KEYS):
                self._unique_keys.setdefault(name, {}).setdefault(index, []).append(column)
        return list(self._unique_keys.get(self._prefix + table, {}).values())

    def index(self, table: str, columns: Sequence[str]) -> str | None:
        """The name of the index of a table that begins with these columns, in this order; None when it has none that the server uses."""
        if table not in self._indexes:
            found = self._indexes[table] = {}
            for row in self._rows(f"SHOW INDEX FROM `{self._prefix}{table}`") if self.has(table) else ():
                if _is_used(row):
                    found.setdefault(row[2], []).append(_whole_column(row))
        these = list(columns)
        return next((name for name, those in self._indexes[table].items() if those[: len(these)] == these), None)

    def read_all(self) -> None:
        """Look up the columns of all tables at once, for a caller that needs most of them."""
        if self._all_read:
            return
        for table, column, data_type in self._rows(f"{COLUMNS} ORDER BY table_name, ordinal_position"):
            if table.startswith(self._prefix):
                self._columns.setdefault(table[len(self._prefix) :], {})[column] = data_type
        self._all_read = True

    def numbers(self) -> dict[str, list[str]]:
        """The columns that hold whole numbers, by table: of all tables but views, our own, and those of another site whose prefix begins alike."""
        self.read_all()
        views = {name.removeprefix(self._prefix) for (name,) in self._rows(VIEWS)}
        others = {name.removesuffix(SITE[0]) for name in self._columns if name.endswith(SITE[0])} - {""}
        others = {prefix for prefix in others if all(f"{prefix}{name}" in self._columns for name in SITE)}
        return {
            table: [name for name, data_type in columns.items() if data_type in BITS]
            for table, columns in self._columns.items()
            if table not in views and not table.startswith((OURS, *others))
        }

    def _known(self, table: str) -> dict[str, str]:
        if self._all_read:
            return self._columns.get(table, {})
        if table not in self._columns:
            found = self._rows(f"{COLUMNS} AND table_name = %s ORDER BY ordinal_position", (self._prefix + table,))
            self._columns[table] = {column: data_type for _, column, data_type in found}
        return self._columns[table]


def _whole_column(row: Sequence[Any]) -> str | None:
    """The column by whose values rows are found in an index, by a row of SHOW INDEX; None: only its beginning is in there, or its words, or an expression."""
    return row[4] if row[7] is None and row[10] == "BTREE" else None


def _is_used(row: Sequence[Any]) -> bool:
    """Whether the server uses an index, by a row of SHOW INDEX.

    Its 14th column says `Ignored` on MariaDB, since 10.6, and `Visible` on MySQL, which has one more.
    """
    return row[13] == "YES" if len(row) > 14 else row[13:14] != ("YES",)
