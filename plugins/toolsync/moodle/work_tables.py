"""The temporary tables of a session: made, filled in bulk, dropped."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from airflow.sdk.exceptions import AirflowException

from toolsync.moodle.session import MoodleSession


class WorkTables:
    """Temporary tables in which lines are staged and worked on.

    :param session: to which they belong; nobody else sees them.
    """

    def __init__(self, session: MoodleSession) -> None:
        self._session = session
        self._made: set[str] = set()
        self.filled: set[str] = set()  # tables that rows were put into

    def create(self, name: str, columns: str) -> None:
        """Make a table anew, with the collation of the site's texts.

        :param columns: and keys, as between the parentheses of CREATE TABLE.
        """
        self._create(name, f"({columns}) {self.collated}")

    def create_staging(self, name: str, columns: str) -> None:
        """The same of a table that `drop` leaves alone: lines stay staged while what is worked out from them comes and goes."""
        self._session.execute(f"DROP TEMPORARY TABLE IF EXISTS {name}")
        self._session.execute(f"CREATE TEMPORARY TABLE {name} ({columns}) {self.collated}")

    def create_like(self, name: str, table: str, *, number: str, key: str) -> None:
        """Make a table anew with the columns of a table of the site behind a number.

        :param number: the name of that first column.
        :param key: the columns of the primary key.
        """
        self._create(
            name, f"(PRIMARY KEY ({key})) AS SELECT CAST(0 AS SIGNED) AS {number}, t.* FROM {{{table}}} t LIMIT 0"
        )

    def has(self, name: str) -> bool:
        """Whether `create` or `create_like` made the table."""
        return name in self._made

    def drop(self, names: Iterable[str] = ()) -> None:
        """Drop these tables, if they exist, and all that `create` and `create_like` made."""
        if every := sorted({*names, *self._made}):
            self._session.execute(f"DROP TEMPORARY TABLE IF EXISTS {', '.join(every)}")
        self._made.clear()
        self.filled.clear()

    @property
    def collated(self) -> str:
        """The end of a CREATE TABLE: left to itself, a new table has the collation of the database, which may not be that of the site's tables."""
        return f"DEFAULT CHARACTER SET utf8mb4 COLLATE {self._session.collation}"

    def columns(self, name: str) -> list[str]:
        """The columns of a temporary table."""
        return [column for (column, *_) in self._session.rows(f"SHOW COLUMNS FROM {name}")]

    def load(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Put rows into a table: LOAD DATA LOCAL where the server allows it, else INSERTs of many rows.

        :return: the number of rows.
        :raises AirflowException: the server took fewer rows, or changed a value to make it fit.
        """
        if not self._load_allowed:
            return self.insert(name, columns, rows)
        count = self._load_file(name, columns, rows)
        if count:
            self.filled.add(name)
        return count

    def insert(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Put rows into a table by INSERTs of many rows, the faster way for a few.

        :return: the number of rows.
        """
        rows = list(rows)
        if rows:
            marks = ", ".join(["%s"] * len(columns))
            with self._session.conn.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {name} ({_names(columns)}) VALUES ({marks})", rows)
            self.filled.add(name)
        return len(rows)

    def _create(self, name: str, definition: str) -> None:
        if name in self._made:
            self._session.execute(f"DROP TEMPORARY TABLE {name}")
        self._session.execute(f"CREATE TEMPORARY TABLE {name} {definition}")
        self._made.add(name)

    @cached_property
    def _load_allowed(self) -> bool:
        return bool(self._session.value("SELECT @@GLOBAL.local_infile"))

    def _load_file(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        # mkstemp makes it readable by us alone: it holds what the command file holds, passwords too.
        handle, path = tempfile.mkstemp(prefix="toolsync-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                count = 0
                for row in rows:
                    stream.write("\t".join([_load_text(value) for value in row]) + "\n")
                    count += 1
            if not count:
                return 0
            with self._session.conn.cursor() as cursor:
                cursor.execute(
                    f"LOAD DATA LOCAL INFILE %s INTO TABLE {name} CHARACTER SET utf8mb4 "
                    f"FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({_names(columns)})",
                    (path,),
                )
                loaded = cursor.rowcount
                warnings: Sequence[Any] = ()
                if self._session.conn.warning_count():
                    cursor.execute("SHOW WARNINGS LIMIT 3")
                    warnings = cursor.fetchall()
        finally:
            os.unlink(path)
        # LOCAL implies IGNORE: the server bends what does not fit instead of refusing it.
        if loaded != count or warnings:
            raise AirflowException(f"LOAD DATA took {loaded} of {count} rows into {name}: {[w[1] for w in warnings]}")
        return loaded


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


def _load_text(value: Any) -> str:
    if value is None:
        return "\\N"
    return value.translate(_ESCAPES) if isinstance(value, str) else str(value)
