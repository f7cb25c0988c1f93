"""Temporary tables of a session: created, filled in bulk, dropped."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from airflow.sdk.exceptions import AirflowException
from more_itertools import chunked, spy

from toolsync.moodle.errors import has_no_room, is_lost, is_worth_another_try
from toolsync.moodle.memory_tables import ENGINE, row_bytes
from toolsync.moodle.session import MoodleSession

MOST_MEMORY = 64 << 20  # bytes of the server's memory for all tables of a run together
FEW_ROWS = 200  # up to so many rows are deleted faster than their table is made again
FEW_TO_LOAD = 100  # up to so many, an INSERT is faster than LOAD DATA
ROWS_AT_ONCE = 500  # that are made text column by column
# To change a row of such a table takes MariaDB a third of the time that InnoDB does. It may hold texts; but with long texts in a key it is slower.
WITHOUT_TRANSACTIONS = "ENGINE = Aria TRANSACTIONAL = 0"
DESCRIPTORS = "/proc/self/fd"  # where each open file of this process has a path


class NoRoom(Exception):
    """The work tables in memory would take more of it than a run may ask of a server."""


class WorkTables:
    """The temporary tables in which lines are staged and processed.

    :param session: the session that they belong to. No other connection sees them.
    """

    def __init__(self, session: MoodleSession) -> None:
        self._session = session
        self._spilled = False  # whether one without transactions had no room left
        self._light = False
        self._memory: dict[str, int] = {}  # bytes that tables in memory take, about
        self._made: set[str] = set()
        self._kept: dict[str, str] = {}  # the statement that made each table that `clear` may keep
        self._columns: dict[str, list[str]] = {}  # of tables, by the statements that make them
        self._rows: dict[str, int] = {}  # at most so many rows are in a table; one that is not here was made by others

    @property
    def are_light(self) -> bool:
        """Whether they may be in an engine without transactions: in the server's memory those whose rows are short."""
        return self._light and not self._spilled and self._light_allowed

    @contextmanager
    def light(self) -> Iterator[None]:
        """Within this block, `are_light` holds if the server allows it. After an error that `has_no_room` knows, the caller begins again."""
        self._light = True
        try:
            yield
        finally:
            self._light = False

    def has_no_room(self, error: Exception) -> bool:
        """Whether an error says that a work table without transactions has no room for more. From now on, all are in InnoDB."""
        if self._spilled or not (isinstance(error, NoRoom) or has_no_room(error, of_work_tables=True)):
            return False
        self._spilled = True
        return True

    def create(self, name: str, columns: str) -> None:
        """Create a table, with the collation of the site's text columns. An older one of that name is dropped.

        :param columns: columns and keys, as between the parentheses of CREATE TABLE.
        """
        self._create(name, f"({columns}) {self.collated}")

    def define(self, name: str, statement: str) -> None:
        """Create an empty table by a statement, unless the same statement made it before and it was emptied since.

        Creating a table costs a server more than a short statement does, and a file of few lines a segment has many segments.

        :param statement: `CREATE TEMPORARY TABLE …`
        """
        if self.is_ready(name, statement):
            return
        if name in self._kept:
            self._session.execute(f"DROP TEMPORARY TABLE {name}")
        self._session.execute(statement)
        self._kept[name] = statement
        self._rows[name] = 0

    def is_ready(self, name: str, statement: str) -> bool:
        """Whether `define` made a table by this statement and it is empty."""
        return self._kept.get(name) == statement and self.is_empty(name)

    def create_staging(self, name: str, columns: str, *, changes: bool = False) -> None:
        """Create an empty table for staged lines, which stay while the tables derived from them come and go.

        :param changes: statements change most of its rows.
        """
        self.clear([name])
        engine = f" {WITHOUT_TRANSACTIONS}" if changes and self.are_light else ""
        self.define(name, f"CREATE TEMPORARY TABLE {name} ({columns}) {self.collated}{engine}")

    def is_defined(self, name: str) -> bool:
        """Whether `define` created the table and it is still there."""
        return name in self._kept

    def is_there(self, name: str) -> bool:
        """Whether a table was created and not dropped."""
        return name in self._kept or name in self._made

    def is_empty(self, name: str) -> bool:
        """Whether a table is known to hold no rows."""
        return self._rows.get(name) == 0

    def has_rows(self, name: str) -> bool:
        """Whether rows were put into a table."""
        return bool(self._rows.get(name))

    def most_rows(self, name: str) -> int | None:
        """A number of rows that a table does not exceed; None: not known."""
        return self._rows.get(name)

    @property
    def filled(self) -> set[str]:
        """The tables that rows were put into."""
        return set(filter(self.has_rows, self._rows))

    def count(self, name: str, rows: int) -> None:
        """Take note that a statement put rows into a table, or tried to.

        :param rows: as the server counts them: at least those that are new.
        """
        if rows or name in self._rows:
            self._rows[name] = self._rows.get(name, 0) + rows
        if rows and (width := row_bytes(self._kept.get(name, ""))):
            self._memory[name] = self._rows[name] * width
            if sum(self._memory.values()) > MOST_MEMORY:
                raise NoRoom(f"{MOST_MEMORY:,} bytes are not enough for the work tables in memory")

    def emptied(self, name: str) -> None:
        """Take note that a statement deleted all rows of a table."""
        if name in self._rows:
            self._rows[name] = 0
            self._memory.pop(name, None)

    def clear(self, names: Iterable[str]) -> None:
        """Empty those of these tables that `define` created."""
        full = [name for name in names if name in self._kept and self._rows[name]]
        large = {name for name in full if self._rows[name] > FEW_ROWS}
        if full:
            self._session.execute_together(
                [f"{'DROP TEMPORARY TABLE' if name in large else 'DELETE FROM'} {name}" for name in full]
            )
        for name in full:
            self._rows[name] = 0
            self._memory.pop(name, None)
        for name in large:
            del self._kept[name], self._rows[name]

    def create_like(self, name: str, table: str, *, number: str, key: str, found_by: Iterable[str] = ()) -> None:
        """Create a table with the columns of a table of the site, after a column for a number.

        :param number: the name of that first column.
        :param key: the columns of the primary key.
        :param found_by: columns by which its rows are looked up, too, after the number.
        """
        keys = ", ".join([f"PRIMARY KEY ({key})", *(f"KEY ({number}, `{column}`)" for column in found_by)])
        self._create(name, f"({keys}) AS SELECT CAST(0 AS SIGNED) AS {number}, t.* FROM {{{table}}} t LIMIT 0")

    def has(self, name: str) -> bool:
        """Whether `create` or `create_like` created the table."""
        return name in self._made

    def drop_made(self) -> None:
        """Drop every table that `create` and `create_like` created."""
        if self._made:
            self._session.execute(f"DROP TEMPORARY TABLE IF EXISTS {', '.join(sorted(self._made))}")
        for name in self._made:
            self._rows.pop(name, None)
        self._made.clear()

    def made(self, name: str) -> None:
        """Take note of a table that a statement created with rows: `drop_made` drops it."""
        self._made.add(name)
        self._rows.pop(name, None)  # nobody counted them

    def drop(self) -> None:
        """Drop every table. After a rollback nobody knows what is in them."""
        if every := sorted({*self._made, *self._kept}):
            self._session.execute(f"DROP TEMPORARY TABLE IF EXISTS {', '.join(every)}")
        self._made.clear()
        self._kept.clear()
        self._rows.clear()
        self._memory.clear()

    @property
    def collated(self) -> str:
        """The options of a CREATE TABLE. By default a table gets the database's collation, which may differ from that of the site's tables."""
        return f"DEFAULT CHARACTER SET utf8mb4 COLLATE {self._session.collation}"

    def columns(self, name: str) -> list[str]:
        """The columns of a temporary table."""
        made_by = self._kept.get(name)
        if made_by is None:
            return self._columns_of(name)
        if made_by not in self._columns:
            self._columns[made_by] = self._columns_of(name)
        return self._columns[made_by]

    def _columns_of(self, name: str) -> list[str]:
        # MySQL may have given it a key of its own (sql_generate_invisible_primary_key).
        return [
            column
            for (column, *_) in self._session.rows(f"SHOW COLUMNS FROM {name} WHERE extra NOT LIKE '%INVISIBLE%'")
        ]

    def load(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Load rows into a table: by LOAD DATA LOCAL if they are many, the server allows it and files can be made in memory, otherwise by multi-row INSERTs.

        :return: the number of rows.
        :raises AirflowException: of many rows, the server dropped one, or changed a value to make it fit.
        :raises MySQLdb.Error: of few rows, it refuses one.
        """
        first, rows = spy(rows, FEW_TO_LOAD + 1)
        if len(first) <= FEW_TO_LOAD or not self._load_allowed:
            return self._insert(name, columns, rows)
        count = self._load_file(name, columns, rows)
        self.count(name, count)
        return count

    def _insert(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        rows = list(rows)
        if rows:
            marks = ", ".join(["%s"] * len(columns))
            with self._session.conn.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {name} ({_names(columns)}) VALUES ({marks})", rows)
        self.count(name, len(rows))
        return len(rows)

    def _create(self, name: str, definition: str) -> None:
        if name in self._made:
            self._session.execute(f"DROP TEMPORARY TABLE {name}")
        self._session.execute(f"CREATE TEMPORARY TABLE {name} {definition}")
        self._made.add(name)
        self._rows[name] = 0

    @cached_property
    def _light_allowed(self) -> bool:
        """MySQL deprecates transactions with several engines. Some administrators forbid every engine but InnoDB, some clusters to write to others."""
        if not self._session.is_mariadb:
            return False
        self._begin_with_rows()
        return all(map(self._allows, (ENGINE, WITHOUT_TRANSACTIONS)))

    def _begin_with_rows(self) -> None:
        """Keep the lines of files, passwords among them, out of a binary log, and replicas from needing the same engines.

        A write to a temporary InnoDB table takes the log of a session to rows, in which it has nothing of temporary tables. With `binlog_format` MIXED it stays
        so for as long as there is a temporary table, so this one is never dropped. Were the first write one to another engine, the log would have its values.
        """
        self._session.execute("CREATE TEMPORARY TABLE IF NOT EXISTS toolsync_begun (n INT NOT NULL) ENGINE = InnoDB")
        self._session.execute("INSERT INTO toolsync_begun (n) VALUES (1)")

    def _allows(self, engine: str) -> bool:
        import MySQLdb

        try:
            self._session.execute(f"CREATE TEMPORARY TABLE toolsync_light (n INT NOT NULL) {engine}")
            self._session.execute("INSERT INTO toolsync_light (n) VALUES (1)")
        except MySQLdb.Error as error:
            if is_lost(error) or is_worth_another_try(error):
                raise  # it says nothing of engines
            return False
        self._session.execute("DROP TEMPORARY TABLE toolsync_light")
        return True

    @cached_property
    def _load_allowed(self) -> bool:
        return has_memory_files() and bool(self._session.value("SELECT @@GLOBAL.local_infile"))

    def _load_file(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        # The rows hold the values of the command file, passwords included: in a file on a disk they would outlive a killed process.
        with os.fdopen(os.memfd_create("toolsync"), "w", encoding="utf-8", newline="") as stream:
            count = 0
            for some in chunked(rows, ROWS_AT_ONCE):
                columns_of_text = [_load_texts(values) for values in zip(*some, strict=True)]
                stream.write("\n".join(map("\t".join, zip(*columns_of_text, strict=True))) + "\n")
                count += len(some)
            if not count:
                return 0
            stream.flush()
            with self._session.conn.cursor() as cursor:
                cursor.execute(
                    f"LOAD DATA LOCAL INFILE %s INTO TABLE {name} CHARACTER SET utf8mb4 "
                    f"FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({_names(columns)})",
                    (f"{DESCRIPTORS}/{stream.fileno()}",),
                )
                loaded = cursor.rowcount
                warnings: Sequence[Any] = ()
                if self._session.conn.warning_count():
                    cursor.execute("SHOW WARNINGS LIMIT 3")
                    warnings = cursor.fetchall()
        # LOCAL implies IGNORE: the server truncates or skips what does not fit instead of refusing it.
        if loaded != count or warnings:
            raise AirflowException(f"LOAD DATA loaded {loaded} of {count} rows into {name}: {[w[1] for w in warnings]}")
        return loaded


@cache
def has_memory_files() -> bool:
    """Whether a file can be made in memory, and opened by a path. Linux can, where `/proc` is mounted and no sandbox forbids it."""
    try:
        with os.fdopen(os.memfd_create("toolsync"), "wb") as stream:
            return Path(f"{DESCRIPTORS}/{stream.fileno()}").exists()
    except (AttributeError, OSError):
        return False


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"}
_ESCAPES = str.maketrans(ESCAPED)


def _load_texts(values: Sequence[Any]) -> Sequence[str]:
    """A column as LOAD DATA reads it. Most columns are left out by the file, or hold texts in which nothing is to be escaped."""
    if values.count(None) == len(values):
        return ["\\N"] * len(values)
    try:
        text = "".join(values)
    except TypeError:  # a NULL or a number is among them
        return [_load_text(value) for value in values]
    return [_load_text(value) for value in values] if any(mark in text for mark in ESCAPED) else values


def _load_text(value: Any) -> str:
    if value is None:
        return "\\N"
    return value.translate(_ESCAPES) if isinstance(value, str) else str(value)
