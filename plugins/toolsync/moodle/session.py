"""One open connection to a Moodle database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from itertools import chain
from typing import Any, Protocol

from toolsync.moodle.collations import Collations
from toolsync.moodle.errors import FUNCTION_ERRORS, error_code
from toolsync.moodle.references import References
from toolsync.moodle.schema import Schema

ENGINES = (
    "SELECT table_name, engine FROM information_schema.tables WHERE table_schema = DATABASE() AND LEFT(table_name, CHAR_LENGTH(%s)) = %s "
    "AND table_type = 'BASE TABLE' AND engine IN (SELECT e.engine FROM information_schema.engines e WHERE e.transactions <> 'YES')"
)
FETCHED = 1000  # rows that are taken at once out of the stream of a SELECT
TABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
JOINED_BY_ID = re.compile(r"(\b(?:STRAIGHT_JOIN|LEFT\s+JOIN)\s+`\w+`\s+(\w+))(?=\s+ON\s+\2\.id = )")
# Before 2.9, Moodle stored hours from UTC. For the half hours, it takes the time of a city.
HALF_HOURS = {"4.5": "Asia/Kabul", "5.5": "Asia/Kolkata", "6.5": "Asia/Yangon", "9.5": "Australia/Darwin"}


def with_prefix(statement: str, prefix: str) -> str:
    """Replace `{user}` in a statement by the quoted name of a site's table.

    One that is joined by its id, to what stands before it, is read by its primary key. By the statistics of an empty table, as they are after a dump was read
    in, a server goes through all of it instead; and what an UPDATE or DELETE goes through, it locks for a while.
    """
    if "{" not in statement:
        return statement
    named = TABLE.sub(lambda match: f"`{prefix}{match[1]}`", statement)
    return JOINED_BY_ID.sub(r"\1 FORCE INDEX (PRIMARY)", named)


def zone_name(stored: str | None) -> str | None:
    """The name of the timezone that is stored for a site or an account.

    :param stored: a name, or hours from UTC: `-3.0`.
    :return: None: none is stored, or one that is unknown here, or that of Moodle's server (`99`).
    """
    name = HALF_HOURS.get(stored or "", stored)
    if name and re.fullmatch(r"-?\d\d?(\.\d+)?", name):
        hours = int(float(name))
        name = f"Etc/GMT{-hours:+}" if hours else "Etc/GMT"
    return name if name in known_zones() else None


@cache
def known_zones() -> frozenset[str]:
    """The names of the timezones that this system knows. Python looks for them on the disk, which takes milliseconds."""
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


class Site(Protocol):
    """What password hashing and date conversion need to know about a site. `MoodleSession` implements it."""

    @property
    def version(self) -> float:
        """Moodle's `config.version`, such as 2025100606.0."""

    @property
    def timezone(self) -> str:
        """The site's timezone, `Europe/Paris`."""

    @property
    def extra(self) -> Mapping[str, Any]:
        """The Airflow connection's extra."""


class StatementFailed(Exception):
    """One of several statements failed.

    :param error: of the server.
    :param number: of the statement, from 0.
    """

    def __init__(self, error: Exception, number: int) -> None:
        super().__init__(error, number)
        self.error = error
        self.number = number


class MoodleSession:
    """One open connection to a Moodle database. Its first statement begins a transaction.

    :param conn: an open DB-API connection.
    :param prefix: the prefix of the site's tables, `mdl_`.
    :param extra: the extra of the Airflow connection.
    :param server: host and port of the server, `db.example.org:3306`.
    :param database: the name of the database.
    """

    def __init__(self, conn: Any, prefix: str, extra: dict[str, Any], *, server: str = "", database: str = "") -> None:
        self.conn = conn
        self.prefix = prefix
        self.extra = extra
        self.server = server
        self.database = database
        self.range: tuple[int, int] | None = None  # the values of its variables @first and @last
        # What the server gave the first new row of each statement that was last sent as AUTO_INCREMENT value; 0: it gave none.
        self.first_ids: list[int] = []
        self.collation = ""  # of the text columns of the site; set when the session is opened
        self.collations = Collations()  # where it is not that one; set at the same time

    @cached_property
    def schema(self) -> Schema:
        """The tables and columns that the site has."""
        return Schema(self.rows, self.prefix)

    @cached_property
    def references(self) -> References:
        """Which columns of the site are ids of which tables."""
        return References(self.schema)

    def sql(self, statement: str) -> str:
        """Replace `{user}` in a statement by the quoted name of the site's table."""
        return with_prefix(statement, self.prefix)

    def execute(self, statement: str, args: Sequence[Any] | None = None) -> int:
        """Run a statement.

        :return: the number of rows that it changed or found.
        """
        with self.conn.cursor() as cursor:
            count = cursor.execute(self.sql(statement), args)
            self.first_ids = [cursor.lastrowid]
        return count

    def insert(self, statement: str) -> tuple[int, int]:
        """Run a statement.

        :return: the number of rows that it changed, and of an INSERT the id that the server gave the first of them; 0: it gave none.
        """
        return self.execute(statement), self.first_ids[0]

    def execute_all(self, statements: Sequence[str]) -> list[int]:
        """Run statements that return no rows, sent to the server together.

        :return: the number of rows that each changed or found.
        :raises StatementFailed: one failed; those before it were run, those after it were not.
        """
        import MySQLdb

        counts: list[int] = []
        self.first_ids = []
        with self.conn.cursor() as cursor:
            try:
                cursor.execute(";\n".join(map(self.sql, statements)))
                counts.append(cursor.rowcount)
                self.first_ids.append(cursor.lastrowid)
                while cursor.nextset() is not None:
                    counts.append(cursor.rowcount)
                    self.first_ids.append(cursor.lastrowid)
            except MySQLdb.Error as error:
                raise StatementFailed(error, len(counts)) from error
        return counts

    def execute_together(self, statements: Sequence[str]) -> list[int]:
        """As `execute_all`, but what the server refuses is raised as it is: which of them it was does not matter."""
        try:
            return self.execute_all(statements)
        except StatementFailed as failed:
            raise failed.error from None

    def rows(self, statement: str, args: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a SELECT and return its rows."""
        with self.conn.cursor() as cursor:
            cursor.execute(self.sql(statement), args)
            return list(cursor.fetchall())

    def value(self, statement: str, args: Sequence[Any] | None = None) -> Any:
        """Run a SELECT and return the first value of its first row; None when there is no row."""
        rows = self.rows(statement, args)
        return rows[0][0] if rows else None

    def commit(self) -> None:
        self.conn.commit()

    def rollback(self) -> None:
        self.conn.rollback()

    def stream(self, statement: str, args: Sequence[Any] | None = None) -> Iterator[tuple[Any, ...]]:
        """Run a SELECT and yield its rows as the server sends them. No other statement can run before the last row is read."""
        from MySQLdb.cursors import SSCursor

        with self.conn.cursor(SSCursor) as cursor:
            cursor.execute(self.sql(statement), args)
            while rows := cursor.fetchmany(FETCHED):
                yield from rows

    @contextmanager
    def reading(self, statement: str) -> Iterator[tuple[list[str], Iterator[tuple[Any, ...]]]]:
        """Run a SELECT whose rows are taken as the server sends them, and leave its columns their names. No other statement can run before the block ends.

        :return: the names of the columns, and the rows.
        """
        from MySQLdb.cursors import SSCursor

        with self.conn.cursor(SSCursor) as cursor:
            cursor.execute(self.sql(statement))
            rows = chain.from_iterable(iter(lambda: cursor.fetchmany(FETCHED), ()))
            yield [column[0] for column in cursor.description], rows

    def begin_snapshot(self) -> None:
        """Begin a transaction that only reads, and sees the site as it is now until it ends, without locking anything."""
        self.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self.conn.commit()
        self.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    @cached_property
    def version(self) -> float:
        """Moodle's own version number, 2025100606.0."""
        return self.schema.version

    @cached_property
    def branch(self) -> int:
        """Moodle's own number of its branch, 501."""
        return int(self.value("SELECT value FROM {config} WHERE name = 'branch'") or 0)

    @cached_property
    def identity(self) -> str:
        """What the site is known by. A copy of a site, to try things on, has its identifier, too."""
        return self.value("SELECT CONCAT(value, ' ', DATABASE()) FROM {config} WHERE name = 'siteidentifier'") or ""

    @cached_property
    def release(self) -> str:
        return self.value("SELECT value FROM {config} WHERE name = 'release'") or str(self.version)

    @cached_property
    def timezone(self) -> str:
        """The site's timezone; `UTC` when its name is unknown here."""
        return zone_name(self.value("SELECT value FROM {config} WHERE name = 'timezone'")) or "UTC"

    @cached_property
    def server_version(self) -> str:
        """What the server says of itself: `9.7.1`, `11.8.3-MariaDB-…`."""
        return self.value("SELECT VERSION()")

    @cached_property
    def is_mariadb(self) -> bool:
        return "mariadb" in self.server_version.lower()

    @property
    def server_name(self) -> str:
        """`MySQL 9.7.1`."""
        return f"{'MariaDB' if self.is_mariadb else 'MySQL'} {self.server_version.partition('-')[0]}"

    @cached_property
    def without_rollback(self) -> dict[str, str]:
        """The site's tables in which nothing can be rolled back, with their engine, such as MyISAM."""
        return dict(self.rows(ENGINES, (self.prefix, self.prefix)))

    def has_function(self, call: str) -> bool:
        """Whether the server has a function.

        :param call: a call of it, `MD5('')`.
        """
        import MySQLdb

        try:
            self.value(f"SELECT {call}")
        except MySQLdb.Error as error:
            if error_code(error) not in FUNCTION_ERRORS:
                raise
            return False
        return True
