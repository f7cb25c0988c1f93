"""The Moodle database: a hook, and a session set up for bulk work."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.mysql.hooks.mysql import MySqlHook
from airflow.sdk.exceptions import AirflowException, AirflowFailException

if TYPE_CHECKING:
    from toolsync.backups import Backups
    from toolsync.undo import UndoWriter

log = logging.getLogger(__name__)

OLDEST, OLDEST_NAME = 2022112800, "4.1"
COLUMNS = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = DATABASE()"
UNIQUE_KEYS = (
    "SELECT table_name, index_name, column_name FROM information_schema.statistics "
    "WHERE table_schema = DATABASE() AND non_unique = 0 AND index_name <> 'PRIMARY' ORDER BY table_name, index_name, seq_in_index"
)
TABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")

# What MySQL and MariaDB say when one row can't be: the row fails, the others go on.
ROW_ERRORS = {1048, 1062, 1264, 1265, 1292, 1366, 1367, 1406, 1411, 1452, 3819, 4025}
# The transaction was given up so that another could go on: the same again will do.
DEADLOCK = 1213
LOCK_ERRORS = {1205, DEADLOCK}
# What the account of the connection may not do.
GRANT_ERRORS = {1044, 1045, 1142, 1143, 1227}
GRANTS = "SELECT, INSERT, UPDATE, DELETE and CREATE TEMPORARY TABLES"


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
        self.filled: set[str] = set()  # temporary tables that rows were put into
        self.temporary: set[str] = set()  # temporary tables that `create_temporary` made
        self.undo: UndoWriter | None = None  # where the undo bundles go; None when all is rolled back
        self.after_commit: list[Callable[[], None]] = []
        self.snapshot: Callable[[], AbstractContextManager[MoodleSession]] | None = None  # opens a second session
        self.changed_courses: set[int] = set()  # whose rows this transaction wrote, as far as templates need to know
        self.backups: Backups | None = None  # that lines of courses name; None where none is restored
        self._columns: dict[str, dict[str, str]] = {}  # the columns of each table, and their types
        self._columns_read = False  # of all tables
        self._unique_keys: dict[str, dict[str, list[str]]] | None = None

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
        self.changed_courses.clear()
        for act in self.after_commit:
            act()
        self.after_commit.clear()

    def rollback(self) -> None:
        self.after_commit.clear()
        self.changed_courses.clear()
        self.conn.rollback()

    def create_temporary(self, name: str, definition: str) -> None:
        """Make a temporary table anew.

        :param definition: what comes after its name.
        """
        if name in self.temporary:
            self.execute(f"DROP TEMPORARY TABLE {name}")
        self.execute(f"CREATE TEMPORARY TABLE {name} {definition}")
        self.temporary.add(name)

    def drop_temporary(self, names: Iterable[str]) -> None:
        """Drop temporary tables, those of `create_temporary` too."""
        if every := sorted({*names, *self.temporary}):
            self.execute(f"DROP TEMPORARY TABLE IF EXISTS {', '.join(every)}")
        self.temporary.clear()
        self.filled.clear()

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Put rows into a temporary table: LOAD DATA LOCAL where the server allows it, else INSERTs of many rows.

        :return: the number of rows.
        """
        if not self._load_allowed:
            return self.insert(table, columns, rows)
        count = self._load_file(table, columns, rows)
        if count:
            self.filled.add(table)
        return count

    def stream(self, statement: str, args: Sequence[Any] | None = None) -> Iterator[tuple[Any, ...]]:
        """The rows of a SELECT as the server sends them. Nothing else can be asked before the last one is read."""
        from MySQLdb.cursors import SSCursor

        with self.conn.cursor(SSCursor) as cursor:
            cursor.execute(self.sql(statement), args)
            yield from cursor

    def has(self, table: str, column: str | None = None) -> bool:
        """Whether this site's version has the table, or the column of it."""
        known = self._known(table)
        return column in known if column else bool(known)

    def columns(self, table: str) -> list[str]:
        """The columns of a table of the site, in their order; none when it has no such table."""
        return list(self._known(table))

    def text_columns(self, table: str) -> list[str]:
        """Those of them that hold long texts."""
        return [name for name, kind in self._known(table).items() if kind.endswith("text")]

    def unique_keys(self, table: str) -> list[list[str]]:
        """The columns of each unique index of a table of the site but its id's."""
        if self._unique_keys is None:
            self._unique_keys = {}
            for name, index, column in self.rows(UNIQUE_KEYS):
                self._unique_keys.setdefault(name, {}).setdefault(index, []).append(column)
        return list(self._unique_keys.get(self.prefix + table, {}).values())

    def read_columns(self) -> None:
        """Look up the columns of all tables at once, for one who will ask of most of them."""
        if self._columns_read:
            return
        self._columns_read = True
        found = self.rows(f"{COLUMNS} ORDER BY table_name, ordinal_position")
        for table, column, kind in found:
            if table.startswith(self.prefix):
                self._columns.setdefault(table[len(self.prefix) :], {})[column] = kind

    def _known(self, table: str) -> dict[str, str]:
        if table not in self._columns:
            found = self.rows(f"{COLUMNS} AND table_name = %s ORDER BY ordinal_position", (self.prefix + table,))
            self._columns[table] = {column: kind for _, column, kind in found}
        return self._columns[table]

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

    @cached_property
    def _load_allowed(self) -> bool:
        return bool(self.value("SELECT @@GLOBAL.local_infile"))

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Put rows into a temporary table by INSERTs of many rows: nothing is bent to fit, as LOAD DATA does.

        :return: the number of rows.
        """
        rows = list(rows)
        if rows:
            marks = ", ".join(["%s"] * len(columns))
            with self.conn.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {table} ({_names(columns)}) VALUES ({marks})", rows)
            self.filled.add(table)
        return len(rows)

    def _load_file(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
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
            with self.conn.cursor() as cursor:
                cursor.execute(
                    f"LOAD DATA LOCAL INFILE %s INTO TABLE {table} CHARACTER SET utf8mb4 "
                    f"FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({_names(columns)})",
                    (path,),
                )
                loaded = cursor.rowcount
                warnings: Sequence[Any] = ()
                if self.conn.warning_count():
                    cursor.execute("SHOW WARNINGS LIMIT 3")
                    warnings = cursor.fetchall()
        finally:
            os.unlink(path)
        # LOCAL implies IGNORE: the server bends what does not fit instead of refusing it.
        if loaded != count or warnings:
            raise AirflowException(f"LOAD DATA took {loaded} of {count} rows into {table}: {[w[1] for w in warnings]}")
        return loaded


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


def _load_text(value: Any) -> str:
    if value is None:
        return "\\N"
    return value.translate(_ESCAPES) if isinstance(value, str) else str(value)


class MoodleHook(MySqlHook):
    """Reaches a Moodle site's database.

    The connection is of type `mysql`. Its extra may hold `prefix` (of the tables, default `mdl_`), `dataroot` (the site's data folder or
    an address of it, where it can be reached from here), `wwwroot` (the site's address, as texts link to its pages) and
    `password_pepper`, besides what MySqlHook knows.

    :param moodle_conn_id: the Airflow connection.
    """

    conn_name_attr = "moodle_conn_id"
    default_conn_name = "moodle_db"

    def __init__(self, moodle_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(moodle_conn_id, log_sql=False, local_infile=True, **kwargs)
        self.moodle_conn_id = moodle_conn_id

    @contextmanager
    def session(self, *, lock_seconds: int | None = None) -> Iterator[MoodleSession]:
        """A session on the site, closed (and rolled back, when not committed) at the end.

        :param lock_seconds: be the only Tool Sync that writes to this site, waiting so long for another to end. None: read only.
        :raises AirflowFailException: not a Moodle database, or too old, or the account lacks a right.
        :raises AirflowException: another run still writes after `lock_seconds`.
        """
        with self._connected() as session, explained(session):
            _set_up(session)
            _check(session, self.get_connection(self.moodle_conn_id).schema)
            if lock_seconds is not None:
                _lock(session, lock_seconds)
            session.snapshot = self.snapshot
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[MoodleSession]:
        """A session that sees the site as it is now, as long as it is open; for reading. It locks nothing."""
        with self._connected() as session:
            _set_up(session)
            session.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            session.conn.commit()
            session.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            yield session

    @contextmanager
    def _connected(self) -> Iterator[MoodleSession]:
        extra = self.get_connection(self.moodle_conn_id).extra_dejson
        conn = self.get_conn()
        try:
            if hasattr(conn, "set_character_set"):
                conn.set_character_set("utf8mb4")
            yield MoodleSession(conn, extra.get("prefix", "mdl_"), extra)
        finally:
            conn.close()


def error_code(error: Exception) -> int:
    """The server's number of a database error, 0 when it has none."""
    code = error.args[0] if error.args else 0
    return code if isinstance(code, int) else 0


@contextmanager
def explained(session: MoodleSession) -> Iterator[None]:
    """Turn a missing right into a message that says which rights the account needs; retrying would not help."""
    import MySQLdb

    try:
        yield
    except MySQLdb.Error as error:
        if error_code(error) in GRANT_ERRORS:
            raise AirflowFailException(
                f"{error.args[1]}. The account of the connection needs {GRANTS} on the Moodle database."
            ) from None
        raise


def _set_up(session: MoodleSession) -> None:
    # Moodle itself works at READ COMMITTED; at the server's default our INSERT … SELECT would lock the rows it reads.
    session.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    session.execute(
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
    )
    session.execute("SET SESSION group_concat_max_len = 1048576")
    session.conn.autocommit(False)


def _check(session: MoodleSession, schema: str) -> None:
    if not session.has("config", "value"):
        raise AirflowFailException(
            f"Database {schema!r} has no table `{session.prefix}config`: not a Moodle database, or its tables have another prefix "
            "(the connection's extra, `prefix`), or the account may not SELECT from it."
        )
    if session.version < OLDEST:
        raise AirflowFailException(f"This site runs Moodle {session.release}; Tool Sync needs {OLDEST_NAME} or later.")
    # What text compares by where the site's tables do, so that a staged value finds the row that Moodle would find.
    collation = session.value(
        "SELECT collation_name FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name = %s AND column_name = 'username'",
        (session.prefix + "user",),
    )
    if not collation or not re.fullmatch(r"utf8mb4_\w+", collation):
        raise AirflowFailException(
            f"The site's tables have the collation {collation}; Tool Sync needs utf8mb4 (admin/cli/mysql_collation.php)."
        )
    session.execute(f"SET NAMES utf8mb4 COLLATE {collation}")
    session.extra = {**session.extra, "collation": collation}


def _lock(session: MoodleSession, seconds: int) -> None:
    deadline = time.monotonic() + seconds
    name = "SELECT GET_LOCK(CONCAT('toolsync:', MD5(DATABASE())), %s)"
    while not session.value(name, (min(10, seconds),)):
        if time.monotonic() >= deadline:
            raise AirflowException(f"Another Tool Sync run still writes to this site after {seconds} s.")
        log.info("Another Tool Sync run writes to this site; waiting for it to end.")
