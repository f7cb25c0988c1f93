"""The Airflow hook for a Moodle database, set up for bulk work."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from airflow.providers.mysql.hooks.mysql import MySqlHook
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from toolsync.moodle.collations import Collations
from toolsync.moodle.errors import COLLATION_ERRORS, SiteUnfit, error_code, explained, takes_no_locks
from toolsync.moodle.session import MoodleSession
from toolsync.settings import settings
from toolsync.sites import Site

log = logging.getLogger(__name__)

# Between two statements of a run. The longest that Python works in a transaction is a minute or so; who restores a backup file in between asks for more.
SILENT_SECONDS = 600
OLDEST, OLDEST_NAME = 2022112800, "4.1"
CONNECT_SECONDS = (
    30  # to let the account in: without a limit, a server that is there and says nothing holds a worker for ever
)
LOCK = "CONCAT('toolsync:', LEFT(SHA2(DATABASE(), 256), 32))"  # the server's name for what one writer of a site holds
# Of a server of a cluster.
NO_LOCKS = "This server takes no named locks ({})."
KEEP_APART = "The pool keeps the runs of this Airflow apart. Let no other Airflow, and nobody by hand, run files for this site meanwhile."
# What a session needs, whatever the server's own settings are: Moodle runs on servers that have other ones.
SETTINGS = {
    "sql_mode": "'STRICT_ALL_TABLES,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
    "group_concat_max_len": 1_048_576,  # bytes; a longer list is an error, as the mode is strict
    "default_tmp_storage_engine": "InnoDB",  # of work tables: keys of MyISAM may not be as long
    "sql_big_selects": "ON",  # or a server with a max_join_size refuses what it takes for a large join
    "sql_safe_updates": "OFF",  # or it refuses to change what work tables name
    # Bytes, at least MariaDB's own: with a few of them, rows with long texts can't be sorted.
    "sort_buffer_size": "CAST(GREATEST(@@SESSION.sort_buffer_size, 2097152) AS UNSIGNED)",
}


class MoodleHook(MySqlHook):
    """Opens sessions on the database of a Moodle site.

    The connection has the type `mysql`. Besides the keys that MySqlHook knows, its extra may hold `prefix` (of the site's tables, default
    `mdl_`), `dataroot` (the site's data folder as seen from the worker, a path or URL), `wwwroot` (the site's address, as it appears in links)
    and `password_pepper`.

    :param moodle_conn_id: the id of the connection.
    :param site: whose settings say how long a statement may take and wait; None: those of the whole page.
    """

    conn_name_attr = "moodle_conn_id"
    default_conn_name = "moodle_db"

    def __init__(self, moodle_conn_id: str = default_conn_name, site: Site | None = None, **kwargs: Any) -> None:
        super().__init__(moodle_conn_id, log_sql=False, local_infile=True, **kwargs)
        self.moodle_conn_id = moodle_conn_id
        self._site = site

    @property
    def site(self) -> Site:
        """Whose settings hold for a session. Who only connects, to a replica, needs none: they may be half saved just then."""
        return self._site or Site(None, settings())

    def _get_conn_config_mysql_client(self, conn: Any) -> dict[str, Any]:
        return {"connect_timeout": CONNECT_SECONDS, **super()._get_conn_config_mysql_client(conn)}

    @contextmanager
    def session(self, *, lock_seconds: int | None = None) -> Iterator[MoodleSession]:
        """Open a session on the site. At the end it is closed, and what was not committed is rolled back.

        :param lock_seconds: how long to wait until no other Tool Sync run writes to this site. None: don't lock, for a session that only reads.
        :raises AirflowFailException: it is not a Moodle database, its version is too old, or the account lacks a privilege.
        :raises SiteUnfit: its tables have no collation, or several, with which it can be worked.
        :raises AirflowException: another run still writes to the site after `lock_seconds`, or the site is being upgraded.
        """
        with explained(), self._connected() as session, _naming_tables(session):
            _set_up(session, self.site)
            _check(session, self.get_connection(self.moodle_conn_id).schema)
            if lock_seconds is not None:
                _lock(session, lock_seconds)
                _end_when_silent(session)
                check_not_upgraded(session)
            _limit(session, self.site)
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[MoodleSession]:
        """Open a read-only session that sees the site as it is now for as long as it is open, without locking anything."""
        with explained(), self._connected() as session, _naming_tables(session):
            _set_up(session, self.site)
            _limit(session, self.site)
            session.begin_snapshot()
            yield session

    @contextmanager
    def _connected(self) -> Iterator[MoodleSession]:
        connection = self.get_connection(self.moodle_conn_id)
        extra = connection.extra_dejson
        conn = self.get_conn()
        try:
            if hasattr(conn, "set_character_set"):
                conn.set_character_set("utf8mb4")
            server = f"{connection.host or 'localhost'}:{connection.port or 3306}"
            yield MoodleSession(
                conn, extra.get("prefix", "mdl_"), extra, server=server, database=connection.schema or ""
            )
        finally:
            conn.close()


def _set_up(session: MoodleSession, site: Site) -> None:
    import MySQLdb

    # As Moodle itself does. At the server's default level, INSERT … SELECT locks the rows that it reads.
    session.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    session.execute(f"SET {', '.join(f'SESSION {name} = {value}' for name, value in SETTINGS.items())}")
    if session.is_mariadb:
        # It remembers what a subquery answered to a text, and gives that answer to every text that only looks alike.
        session.execute("SET SESSION optimizer_switch = 'subquery_cache=off'")
        # Since 11.6, a statement fails where it meets a row that somebody has changed since it began: error 1020, where it waited for a lock before.
        with suppress(MySQLdb.OperationalError):  # older versions don't have it
            session.execute("SET SESSION innodb_snapshot_isolation = OFF")
    elif session.rows("SHOW VARIABLES WHERE variable_name = 'sql_require_primary_key' AND value = 'ON'"):
        # Some servers that others run demand it of every table, work tables too. Without the right to this, the first of those says what to do.
        with suppress(MySQLdb.OperationalError):
            session.execute("SET SESSION sql_require_primary_key = OFF")
    session.conn.autocommit(False)
    if (seconds := site.lock_wait_seconds) is not None:
        # Short, and the batch is tried again: while it waited longer, people on the site would wait for what it has locked already.
        # The second is for whole tables, which a backup or an upgrade of Moodle keeps.
        session.execute(f"SET SESSION innodb_lock_wait_timeout = {seconds}, SESSION lock_wait_timeout = {seconds}")


def _limit(session: MoodleSession, site: Site) -> None:
    """Let the server end statements that take too long: on MariaDB all of them, on MySQL those that only read."""
    if (seconds := site.statement_seconds) is None:
        return
    if session.is_mariadb:
        session.execute(f"SET SESSION max_statement_time = {seconds}")
    else:
        session.execute(f"SET SESSION max_execution_time = {round(seconds * 1000)}")


def _end_when_silent(session: MoodleSession) -> None:
    """Let the server end the connection when nothing comes over it: a machine that loses power says no goodbye, and what it has locked stays locked."""
    if int(session.value("SELECT @@wait_timeout")) > SILENT_SECONDS:
        session.execute(f"SET SESSION wait_timeout = {SILENT_SECONDS}")


def _check(session: MoodleSession, schema: str) -> None:
    if not session.schema.has("config", "value"):
        raise AirflowFailException(
            f"Database {schema!r} has no table `{session.prefix}config` that this account can read: it is not a Moodle database, "
            "or its tables have another prefix (set `prefix` in the extra of the connection), or the account lacks the SELECT privilege."
        )
    _check_settings(session)
    if session.version < OLDEST:
        raise AirflowFailException(f"The site runs Moodle {session.release}; Tool Sync needs {OLDEST_NAME} or later.")
    # Literals and work tables compare with the collation of the site's tables, so that a value finds the row that Moodle would find.
    session.collations = Collations.of(session.rows, session.prefix)
    collation = session.collations.usual
    if not re.fullmatch(r"utf8mb4_\w+", collation):
        raise SiteUnfit(
            f"The site's tables have the collation {collation}; Tool Sync needs a utf8mb4 collation. Convert them with Moodle's "
            "`php admin/cli/mysql_collation.php --collation=utf8mb4_unicode_ci`."
        )
    session.execute(f"SET NAMES utf8mb4 COLLATE {collation}")
    session.collation = collation


def _check_settings(session: MoodleSession) -> None:
    """By `mnet_localhost_id` the site's own accounts are found, by `siteguest` the one that is never touched."""
    asked = "SELECT name, value FROM {config} WHERE name IN ('version', 'mnet_localhost_id', 'siteguest')"
    found = dict(session.rows(asked))
    if not re.fullmatch(r"\d+(\.\d+)?", found.get("version") or ""):
        raise AirflowFailException(
            f"The site's setting `version` is {_quoted(found.get('version'))}, not the number of a version of Moodle. "
            "An upgrade of the site that failed may be the reason: php admin/cli/upgrade.php"
        )
    guest, host = found.get("siteguest"), found.get("mnet_localhost_id")
    of_guest = "SELECT 1 FROM {user} WHERE CAST(id AS CHAR) = %s AND CAST(mnethostid AS CHAR) = %s AND id = CAST(%s AS UNSIGNED)"
    if guest is None or host is None or not session.rows(of_guest, (guest, host, guest)):
        raise SiteUnfit(
            f"The site's settings `siteguest` ({_quoted(guest)}) and `mnet_localhost_id` ({_quoted(host)}) don't lead to the guest account, "
            f"so its own accounts can't be told from others. On the site: SELECT id, mnethostid FROM {session.prefix}user WHERE username = 'guest'; then "
            "php admin/cli/cfg.php --name=siteguest --set=ID or --name=mnet_localhost_id --set=MNETHOSTID, whichever is wrong"
        )


def check_not_upgraded(session: MoodleSession) -> None:
    """Check that nobody upgrades the site: its tables change then, and what comes behind a step that converts rows stays as it was.

    :raises AirflowException: somebody does.
    """
    running = "SELECT FROM_UNIXTIME(CAST(value AS UNSIGNED)) FROM {config} WHERE name = 'upgraderunning' AND CAST(value AS UNSIGNED) > UNIX_TIMESTAMP()"
    if until := session.value(running):
        raise AirflowException(
            f"The site is being upgraded (its setting upgraderunning holds until {until}, on the clock of its database server). Nothing was done now: the file "
            "goes on where it stopped when Airflow tries again, the task is cleared or the DAG runs again. An upgrade that broke off is gone on with by "
            "php admin/cli/upgrade.php."
        )


def _quoted(value: str | None) -> str:
    return "missing" if value is None else repr(value)


@contextmanager
def _naming_tables(session: MoodleSession) -> Iterator[None]:
    """Name the tables when a statement compares texts of two collations although nobody expected it: a table may have been converted meanwhile.

    :raises SiteUnfit: a statement did.
    """
    import MySQLdb

    try:
        yield
    except MySQLdb.Error as error:
        if error_code(error) not in COLLATION_ERRORS:
            raise
        collations = Collations.of(session.rows, session.prefix)
        if not collations.others:  # a defect of the statement
            raise
        raise SiteUnfit(collations.told()) from error


def _lock(session: MoodleSession, seconds: int) -> None:
    deadline = time.monotonic() + seconds
    while not _has_lock(session, min(10, seconds)):
        if time.monotonic() >= deadline:
            raise AirflowException(
                f"Another Tool Sync run still writes to this site after {seconds} s. Run the file again when it has ended."
            )
        log.info("Another Tool Sync run writes to this site. Waiting for it to end.")


def _has_lock(session: MoodleSession, seconds: int) -> bool:
    """Whether this run may write to the site, as far as the server can tell."""
    import MySQLdb

    try:
        return bool(session.value(f"SELECT GET_LOCK({LOCK}, %s)", (seconds,)))
    except MySQLdb.Error as error:
        if not takes_no_locks(error):
            raise
        log.warning("%s %s", NO_LOCKS.format(error.args[1]), KEEP_APART)
        return True
