"""The hook that opens a Moodle database, set up for bulk work."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.providers.mysql.hooks.mysql import MySqlHook
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from toolsync.moodle.errors import explained
from toolsync.moodle.session import MoodleSession

log = logging.getLogger(__name__)

OLDEST, OLDEST_NAME = 2022112800, "4.1"


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
        with self._connected() as session, explained():
            _set_up(session)
            _check(session, self.get_connection(self.moodle_conn_id).schema)
            if lock_seconds is not None:
                _lock(session, lock_seconds)
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


def _set_up(session: MoodleSession) -> None:
    # Moodle itself works at READ COMMITTED; at the server's default our INSERT … SELECT would lock the rows it reads.
    session.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    session.execute(
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
    )
    session.execute("SET SESSION group_concat_max_len = 1048576")
    session.conn.autocommit(False)


def _check(session: MoodleSession, schema: str) -> None:
    if not session.schema.has("config", "value"):
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
    session.collation = collation


def _lock(session: MoodleSession, seconds: int) -> None:
    deadline = time.monotonic() + seconds
    name = "SELECT GET_LOCK(CONCAT('toolsync:', MD5(DATABASE())), %s)"
    while not session.value(name, (min(10, seconds),)):
        if time.monotonic() >= deadline:
            raise AirflowException(f"Another Tool Sync run still writes to this site after {seconds} s.")
        log.info("Another Tool Sync run writes to this site; waiting for it to end.")
