"""One connection to a Moodle database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

from toolsync.moodle.schema import Schema

TABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class Site(Protocol):
    """What the few things that SQL cannot do depend on; a `MoodleSession` knows it."""

    @property
    def version(self) -> float:
        """Moodle's `config.version`, such as 2025100606.0."""

    @property
    def timezone(self) -> str:
        """The site's timezone, `Europe/Paris`."""

    @property
    def extra(self) -> Mapping[str, Any]:
        """The Airflow connection's extra."""


class MoodleSession:
    """One connection to a Moodle database, inside a transaction from its first statement on.

    :param conn: an open DB-API connection.
    :param prefix: of the site's tables, `mdl_`.
    :param extra: the Airflow connection's extra.
    """

    def __init__(self, conn: Any, prefix: str, extra: dict[str, Any]) -> None:
        self.conn = conn
        self.prefix = prefix
        self.extra = extra
        self.collation = ""  # of the site's texts; set when the session is opened

    @cached_property
    def schema(self) -> Schema:
        """The tables and columns that the site has."""
        return Schema(self.rows, self.prefix)

    def sql(self, statement: str) -> str:
        """The statement with `{user}` as the site's own quoted table name."""
        return TABLE.sub(lambda match: f"`{self.prefix}{match[1]}`", statement)

    def execute(self, statement: str, args: Sequence[Any] | None = None) -> int:
        """Run a statement.

        :return: the number of rows it changed or found.
        """
        with self.conn.cursor() as cursor:
            return cursor.execute(self.sql(statement), args)

    def rows(self, statement: str, args: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""
        with self.conn.cursor() as cursor:
            cursor.execute(self.sql(statement), args)
            return list(cursor.fetchall())

    def value(self, statement: str, args: Sequence[Any] | None = None) -> Any:
        """The first value of the first row of a SELECT, None when there is no row."""
        rows = self.rows(statement, args)
        return rows[0][0] if rows else None

    def commit(self) -> None:
        self.conn.commit()

    def rollback(self) -> None:
        self.conn.rollback()

    def stream(self, statement: str, args: Sequence[Any] | None = None) -> Iterator[tuple[Any, ...]]:
        """The rows of a SELECT as the server sends them. Nothing else can be asked before the last one is read."""
        from MySQLdb.cursors import SSCursor

        with self.conn.cursor(SSCursor) as cursor:
            cursor.execute(self.sql(statement), args)
            yield from cursor

    @cached_property
    def version(self) -> float:
        """Moodle's own version number, 2025100606.0."""
        return float(self.value("SELECT value FROM {config} WHERE name = 'version'"))

    @cached_property
    def release(self) -> str:
        return self.value("SELECT value FROM {config} WHERE name = 'release'") or str(self.version)

    @cached_property
    def timezone(self) -> str:
        """The site's timezone, `UTC` when it is not a name that we know."""
        from zoneinfo import available_timezones

        name = self.value("SELECT value FROM {config} WHERE name = 'timezone'")
        return name if name in available_timezones() else "UTC"

    @cached_property
    def is_mariadb(self) -> bool:
        return "mariadb" in self.value("SELECT VERSION()").lower()
