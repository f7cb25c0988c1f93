"""Holds a run up between two batches while the site is busy, as pt-archiver and gh-ost do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException

from toolsync.moodle.errors import GRANT_ERRORS, UNKNOWN_ERRORS, error_code, is_lost
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.session import MoodleSession
from toolsync.settings import WrongSetting, meant, number, place
from toolsync.sites import Site

LOOK_EVERY = 1.0  # seconds between two looks while a run waits
TELL_EVERY = 10.0  # seconds between two messages
PARSE_ERROR, NO_DATABASE = 1064, 1044
LAG_COLUMNS = {"seconds_behind_master", "seconds_behind_source"}


@dataclass(frozen=True)
class Limits:
    """What `throttle` of the settings says; None: no such limit.

    :param pause_seconds: between two batches.
    :param max_threads_running: how many threads of the server may be at work before the next batch.
    :param max_lag_seconds: how far a replica may be behind before the next batch.
    :param replica_conn_ids: the Airflow connections of the replicas.
    """

    pause_seconds: float = 0
    max_threads_running: int | None = None
    max_lag_seconds: float | None = None
    replica_conn_ids: tuple[str, ...] = ()


def throttle_limits(page: Mapping[str, Any]) -> Limits:
    """The section `throttle` of the settings.

    :param page: the settings.
    :raises WrongSetting: it names a limit that is not there, or a value that makes no sense.
    """
    section = page.get("throttle")
    if section is None:
        return Limits()
    where = place(page, "throttle")
    known = list(Limits.__dataclass_fields__)
    if not isinstance(section, Mapping):
        raise WrongSetting(f"{where}: expected {', '.join(known)}, found {section!r}.")
    for name in section:
        if name not in known:
            raise WrongSetting(
                f"{place(page, 'throttle', str(name))}: there is no {str(name)!r}.{meant(name, known)} The limits are {', '.join(known)}."
            )
    replicas = section.get("replica_conn_ids") or []
    if not isinstance(replicas, list) or not all(isinstance(name, str) and name for name in replicas):
        raise WrongSetting(
            f"{place(page, 'throttle', 'replica_conn_ids')}: expected a list of Airflow connections such as [moodle_replica], found {replicas!r}."
        )
    threads = number(page, "throttle", "max_threads_running", least=1, whole=True)
    limits = Limits(
        number(page, "throttle", "pause_seconds", least=0) or 0,
        None if threads is None else int(threads),
        number(page, "throttle", "max_lag_seconds", least=1),
        tuple(replicas),
    )
    if limits.max_lag_seconds is not None and not replicas:
        raise WrongSetting(
            f"{where}: max_lag_seconds needs replica_conn_ids, the Airflow connections of the replicas whose lag it limits."
        )
    return limits


class Throttle:
    """Waits between two batches for as long as the settings ask for, and as the server or a replica is beyond a limit.

    The settings are read again at each look, so that a person can loosen them while a run waits.

    :param site: whose settings and replicas they are.
    :param session: of the run. `wait` uses it outside a transaction, and so keeps it alive.
    :param log: the task's log.
    :raises AirflowFailException: the settings make no sense, or the account of a replica lacks a privilege; nothing was written.
    :raises AirflowException: a replica can't be reached.
    """

    def __init__(self, site: Site, session: MoodleSession, log: Any) -> None:
        self._site = site
        self._session = session
        self._log = log
        self._replicas: dict[str, Replica] = {}
        try:
            self._limits = throttle_limits(self._site.now().page)
        except WrongSetting as reason:
            raise AirflowFailException(f"{reason} Nothing was done.") from None
        if self._limits.max_lag_seconds is not None:
            for conn_id in self._limits.replica_conn_ids:
                self._replica(conn_id).check()

    def wait(self) -> None:
        """Wait until the next batch may begin. Call it outside a transaction."""
        self._sleep(self._now().pause_seconds)
        began = told = None
        while reason := self._reason(self._now()):
            now = time.monotonic()
            began = began or now
            if told is None or now - told >= TELL_EVERY:
                told = now
                self._log.info("%s: waiting.", reason)
            self._sleep(LOOK_EVERY)
        if began is not None:
            self._log.info("Waited %.0f s (throttle). Going on.", time.monotonic() - began)

    def close(self) -> None:
        """Close the connections to the replicas."""
        for replica in self._replicas.values():
            replica.close()

    def _now(self) -> Limits:
        """The limits, as the settings are now."""
        try:
            self._limits = throttle_limits(self._site.now().page)
        except (WrongSetting, OSError) as reason:
            # A page that is half saved is no reason to end a run.
            self._log.debug("The throttle stays as it was: %s", reason)
        return self._limits

    def _reason(self, limits: Limits) -> str | None:
        """Why the next batch has to wait."""
        if (most := limits.max_threads_running) is not None and (threads := self._threads_running()) > most:
            return f"The server runs {threads} threads, more than {most} (throttle: max_threads_running)"
        if limits.max_lag_seconds is None:
            return None
        for conn_id in limits.replica_conn_ids:
            if reason := self._replica(conn_id).reason(limits.max_lag_seconds):
                return f"{reason} (throttle: max_lag_seconds)"
        return None

    def _threads_running(self) -> int:
        """How many threads of the server are at work, this one included."""
        return int(self._session.rows("SHOW GLOBAL STATUS LIKE 'Threads_running'")[0][1])

    def _replica(self, conn_id: str) -> Replica:
        return self._replicas.setdefault(conn_id, Replica(conn_id))

    def _sleep(self, seconds: float) -> None:
        """Sleep, without letting the server think that the connection is forgotten."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, TELL_EVERY))
            if seconds >= LOOK_EVERY:
                self._session.execute("SELECT 1")


class Replica:
    """A replica of the site's database.

    :param conn_id: its Airflow connection.
    """

    def __init__(self, conn_id: str) -> None:
        self._conn_id = conn_id
        self._conn: Any = None

    def check(self) -> None:
        """See whether its lag can be known.

        :raises AirflowFailException: it is no replica, or the account may not ask.
        :raises AirflowException: it can't be reached.
        """
        import MySQLdb

        try:
            self._lags()
        except AirflowNotFoundException:
            raise AirflowFailException(
                f"There is no Airflow connection {self._conn_id!r} (include/toolsync.yaml, throttle: replica_conn_ids). Nothing was done."
            ) from None
        except MySQLdb.Error as error:
            told = f"({error.args[-1]})" if error.args else "(it is closed)"
            if error_code(error) in UNKNOWN_ERRORS | {NO_DATABASE}:
                raise AirflowFailException(
                    f"The replica of the connection {self._conn_id} refuses it {told}. Nothing was done. Correct login, password or schema."
                ) from None
            if error_code(error) in GRANT_ERRORS:
                raise AirflowFailException(
                    f"The account of the connection {self._conn_id} may not ask how far the replica is behind {told}. Nothing was done. Grant it "
                    "REPLICA MONITOR on MariaDB, REPLICATION CLIENT on MySQL: GRANT … ON *.* TO …"
                ) from None
            raise AirflowException(
                f"The replica of the connection {self._conn_id} can't be reached {told}. Nothing was done. Look at host and port of the connection and at the "
                "replica, or take it out of replica_conn_ids (include/toolsync.yaml, throttle)."
            ) from error

    def reason(self, most: float) -> str | None:
        """Why the next batch has to wait for it.

        :param most: seconds that it may be behind.
        """
        import MySQLdb

        try:
            lags = self._lags()
        except (AirflowException, MySQLdb.Error) as error:
            self.close()
            return f"The lag of the replica {self._conn_id} can't be known ({error.args[-1] if error.args else error})"
        if None in lags:
            return f"The replica {self._conn_id} does not replicate"
        behind = max(lag for lag in lags if lag is not None)
        return f"The replica {self._conn_id} is {behind} s behind, more than {most:g}" if behind > most else None

    def close(self) -> None:
        import MySQLdb

        if self._conn is not None:
            with suppress(MySQLdb.Error):
                self._conn.close()
            self._conn = None

    def _lags(self) -> list[int | None]:
        """How far it is behind, in seconds, of each server that it follows; None: it does not replicate.

        :raises AirflowFailException: it follows none.
        """
        import MySQLdb

        for attempt in (1, 2):
            try:
                found = self._status()
                break
            except MySQLdb.Error as error:
                # The connection may have ended since the last look.
                if attempt == 2 or not is_lost(error):
                    raise
                self.close()
        if not found:
            raise AirflowFailException(
                f"The server of the connection {self._conn_id} is no replica (include/toolsync.yaml, throttle: replica_conn_ids). Nothing was done."
            )
        return found

    def _status(self) -> list[int | None]:
        import MySQLdb

        if self._conn is None:
            self._conn = MoodleHook(self._conn_id).get_conn()
        last = None
        # MariaDB knows the first and the last of these, MySQL from 8.0.22 on the second, and before it the last.
        for statement in ("SHOW ALL SLAVES STATUS", "SHOW REPLICA STATUS", "SHOW SLAVE STATUS"):
            with self._conn.cursor() as cursor:
                try:
                    cursor.execute(statement)
                except MySQLdb.ProgrammingError as error:
                    if error_code(error) != PARSE_ERROR:
                        raise
                    last = error
                    continue
                at = next(n for n, column in enumerate(cursor.description) if column[0].lower() in LAG_COLUMNS)
                return [None if row[at] is None else int(row[at]) for row in cursor.fetchall()]
        raise last or AssertionError
