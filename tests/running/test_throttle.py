"""A run waits between batches while the server or a replica is busy, and goes on when it is not."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import MySQLdb
import pytest
import yaml
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from tests.support.server import OPTIONS, SERVER
from tests.support.site import Site
from tools.mariadb import PrivateServer, ServerInfo
from toolsync import settings
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.session import MoodleSession
from toolsync.run import load_dag
from toolsync.running import throttle
from toolsync.running.throttle import Limits, Throttle, throttle_limits
from toolsync.settings import WrongSetting
from toolsync.sites import the_site

LOG = logging.getLogger("throttle of the tests")
SMALL = (*OPTIONS, "innodb_buffer_pool_size=16M", "log-bin=binlog", "binlog_format=ROW")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes the throttle's section of the settings."""
    monkeypatch.setenv("TOOLSYNC_SETTINGS", str(tmp_path / "ours.yaml"))

    def write(**section: Any) -> None:
        fresh = tmp_path / "fresh.yaml"
        fresh.write_text(yaml.safe_dump({**TWO_LINES_A_BATCH, "throttle": section}))
        fresh.replace(tmp_path / "ours.yaml")

    write()
    return write


@pytest.fixture
def session(site: Site) -> Iterator[MoodleSession]:
    with MoodleHook().session() as session:
        session.commit()
        yield session


@contextmanager
def busy(site: Site, threads: int) -> Iterator[None]:
    """Queries that keep so many threads of the server at work."""
    connections = [site.connect() for _ in range(threads)]

    def sleep(connection: Any) -> None:
        with connection.cursor() as cursor, suppress(MySQLdb.OperationalError):
            cursor.execute("SELECT SLEEP(60)")

    workers = [threading.Thread(target=sleep, args=(connection,)) for connection in connections]
    numbers = [connection.thread_id() for connection in connections]
    for worker in workers:
        worker.start()
    try:
        while int(site.rows("SHOW GLOBAL STATUS LIKE 'Threads_running'")[0][1]) <= threads:
            time.sleep(0.01)
        yield
    finally:
        for number in numbers:
            site.rows(f"KILL QUERY {number}")
        for worker in workers:
            worker.join()
        for connection in connections:
            connection.close()


@contextmanager
def waiting(throttle: Throttle) -> Iterator[threading.Thread]:
    """A thread in which a run waits."""
    thread = threading.Thread(target=throttle.wait)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(30)
        assert not thread.is_alive()


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# The settings


def test_without_settings_nothing_is_looked_at(page: Callable[..., None]):
    page()
    Throttle(the_site(), None, LOG).wait()  # type: ignore[arg-type]  # it has no session to look with


def test_the_settings_that_ship_are_off():
    assert throttle_limits(settings.settings()) == Limits()


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("fast", "expected pause_seconds, max_threads_running, .*, found 'fast'"),
        ({"max_thread_running": 4}, "there is no 'max_thread_running'. Did you mean max_threads_running"),
        (
            {"max_threads_running": 0},
            "max_threads_running: expected a whole number of at least 1, or null, found 0",
        ),
        ({"max_threads_running": 2.5}, "max_threads_running: expected a whole number"),
        ({"max_threads_running": True}, "max_threads_running: expected a whole number .* found True"),
        ({"pause_seconds": -1}, "pause_seconds: expected a number of at least 0, or null, found -1"),
        ({"pause_seconds": "1 s"}, "pause_seconds: expected a number .* found '1 s'"),
        ({"pause_seconds": float("inf")}, "pause_seconds: expected a number"),
        ({"max_lag_seconds": 10}, "max_lag_seconds needs replica_conn_ids"),
        ({"max_lag_seconds": 10, "replica_conn_ids": "moodle_replica"}, "replica_conn_ids: expected a list"),
        ({"replica_conn_ids": [1]}, "replica_conn_ids: expected a list"),
    ],
)
def test_what_makes_no_sense_is_refused(section: Any, words: str):
    with pytest.raises(WrongSetting, match=f"^include/toolsync.yaml, throttle[,:].*{words}"):
        throttle_limits({"throttle": section})


def test_a_run_with_wrong_settings_does_not_begin(page: Callable[..., None]):
    site = the_site()
    page(max_threads=3)
    with pytest.raises(AirflowFailException, match="max_threads: there is no such setting.* Nothing was done"):
        Throttle(site, None, LOG)  # type: ignore[arg-type]


def test_airflow_shows_wrong_settings_where_dags_are_listed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(settings.settings(), "throttle", {"pause": 1})
    with pytest.raises(SystemExit, match="there is no 'pause'. Did you mean pause_seconds"):
        load_dag("toolsync_users")


# The server


def test_a_run_pauses(page: Callable[..., None], session: MoodleSession):
    page(pause_seconds=0.3)
    held = Throttle(the_site(), session, LOG)
    began = time.perf_counter()
    held.wait()
    held.wait()
    assert 0.6 <= time.perf_counter() - began < 5


def test_a_run_waits_while_the_server_is_busy_and_says_why(
    page: Callable[..., None], site: Site, session: MoodleSession, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    monkeypatch.setattr(throttle, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(throttle, "TELL_EVERY", 0.5)
    caplog.set_level(logging.INFO, LOG.name)
    page(max_threads_running=3)
    held = Throttle(the_site(), session, LOG)
    held.wait()
    assert caplog.messages == []
    with busy(site, 4), waiting(held) as thread:
        until(lambda: len(caplog.messages) == 2)
        assert thread.is_alive()
        threads = 6 if site.is_mysql else 5  # MySQL counts its event scheduler
        assert set(caplog.messages) == {
            f"The server runs {threads} threads, more than 3 (throttle: max_threads_running): waiting."
        }
        assert site.value("SELECT COUNT(*) FROM information_schema.innodb_trx") == 0
        page(max_threads_running=50)  # loosened while it waits
        thread.join(10)
        assert not thread.is_alive()
        assert caplog.messages[-1].endswith("(throttle). Going on.")


@pytest.mark.parametrize("half", ["throttle: {max_thr", ""])
def test_a_page_that_is_half_saved_ends_no_run(
    page: Callable[..., None],
    site: Site,
    session: MoodleSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    half: str,
):
    monkeypatch.setattr(throttle, "LOOK_EVERY", 0.05)
    page(max_threads_running=3)
    held = Throttle(the_site(), session, LOG)
    with busy(site, 4), waiting(held) as thread:
        (tmp_path / "ours.yaml").write_text(half)
        time.sleep(0.5)
        assert thread.is_alive()
        page()


def test_a_long_pause_does_not_lose_the_connection(
    page: Callable[..., None], session: MoodleSession, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(throttle, "TELL_EVERY", 0.2)
    session.execute("SET SESSION wait_timeout = 1")
    page(pause_seconds=2.5)
    Throttle(the_site(), session, LOG).wait()
    assert session.value("SELECT 1") == 1


# Replicas


class Pair:
    """A server and a replica of it, with a table of their own."""

    def __init__(self, folder: Path) -> None:
        self.main, self.replica = (
            PrivateServer(folder / name, die_with_parent=True, options=(*SMALL, f"server-id={number}"), server=SERVER)
            for number, name in ((1, "main"), (2, "replica"))
        )
        main, replica = self.main.start(), self.replica.start()
        mariadb = self.main.programs.is_mariadb
        # The right to ask how far a replica is behind.
        self.right = f"{'REPLICA MONITOR' if mariadb else 'REPLICATION CLIENT'} ON *.*"
        forget = "RESET MASTER" if mariadb or " 8.0." in self.main.programs.version else "RESET BINARY LOGS AND GTIDS"
        self.main.execute(
            f"{forget}; CREATE USER follower@'%' IDENTIFIED BY 'follow'; GRANT REPLICATION SLAVE ON *.* TO follower@'%'"
        )
        change, word = ("CHANGE MASTER TO", "MASTER") if mariadb else ("CHANGE REPLICATION SOURCE TO", "SOURCE")
        self.replica.execute(
            f"{change} {word}_HOST = '127.0.0.1', {word}_PORT = {main.port}, {word}_USER = 'follower', {word}_PASSWORD = 'follow', "
            f"{word}_CONNECT_RETRY = 1{'' if mariadb else ', GET_SOURCE_PUBLIC_KEY = 1'}; "
            f"START REPLICA; GRANT {self.right} TO {replica.user}@'127.0.0.1'"
        )
        self.main.execute("CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY AUTO_INCREMENT)")
        until(lambda: self.replica.execute("SELECT 1 FROM information_schema.tables WHERE table_name = 'orders'"))
        self.info = replica

    @contextmanager
    def behind(self) -> Iterator[Callable[[], None]]:
        """Keep the replica from applying what the server writes, until the function is called."""
        connection = connect(self.info)
        try:
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLES shop.orders READ")
                self.main.execute("INSERT INTO shop.orders VALUES ()")
                time.sleep(2.5)
                yield lambda: cursor.execute("UNLOCK TABLES") and None
        finally:
            connection.close()
            until(
                lambda: (
                    self.replica.execute("SELECT COUNT(*) FROM shop.orders")
                    == self.main.execute("SELECT COUNT(*) FROM shop.orders")
                )
            )

    def stop(self) -> None:
        self.replica.stop()
        self.main.stop()


def connect(info: ServerInfo) -> Any:
    return MySQLdb.connect(unix_socket=info.socket, user=info.admin_user, passwd=info.admin_password)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    pair = Pair(tmp_path_factory.mktemp("replication"))
    yield pair
    pair.stop()


@pytest.fixture
def replica(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Pair:
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_REPLICA", pair.replica.connection(""))
    monkeypatch.setattr(throttle, "LOOK_EVERY", 0.05)
    return pair


def test_a_run_waits_for_a_replica_that_is_behind(
    page: Callable[..., None], replica: Pair, session: MoodleSession, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, LOG.name)
    page(max_lag_seconds=1, replica_conn_ids=["moodle_replica"])
    held = Throttle(the_site(), session, LOG)
    held.wait()
    assert caplog.messages == []
    with replica.behind() as release, waiting(held) as thread:
        until(lambda: caplog.messages)
        assert thread.is_alive()
        assert re.fullmatch(
            r"The replica moodle_replica is [2-9] s behind, more than 1 \(throttle: max_lag_seconds\): waiting\.",
            caplog.messages[0],
        )
        release()
        thread.join(20)
        assert not thread.is_alive()
    held.close()


def test_a_run_waits_for_a_replica_that_stands_still_or_is_away(
    page: Callable[..., None], replica: Pair, session: MoodleSession, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, LOG.name)
    page(max_lag_seconds=10, replica_conn_ids=["moodle_replica"])
    held = Throttle(the_site(), session, LOG)
    replica.replica.execute("STOP REPLICA")
    with waiting(held) as thread:
        until(lambda: caplog.messages)
        assert thread.is_alive()
        replica.replica.execute("START REPLICA")
    assert caplog.messages[0] == "The replica moodle_replica does not replicate (throttle: max_lag_seconds): waiting."
    caplog.clear()
    replica.replica.stop()
    with waiting(held) as thread:
        until(lambda: caplog.messages)
        assert thread.is_alive()
        replica.replica.start()
    assert caplog.messages[0].startswith("The lag of the replica moodle_replica can't be known (")
    held.close()


def test_a_connection_to_a_replica_that_was_closed_is_opened_again(
    page: Callable[..., None], replica: Pair, session: MoodleSession, caplog: pytest.LogCaptureFixture, tmp_path: Path
):
    caplog.set_level(logging.INFO, LOG.name)
    page(max_lag_seconds=10, replica_conn_ids=["moodle_replica"])
    held = Throttle(the_site(), session, LOG)
    (tmp_path / "ours.yaml").write_text("throttle: {max_thr")  # half saved just then
    for number in replica.replica.execute(
        "SELECT id FROM information_schema.processlist WHERE user = 'toolsync'"
    ).split():
        replica.replica.execute(f"KILL {number}")
    held.wait()
    assert caplog.messages == []


def test_what_a_replica_lacks_is_told_before_anything_is_done(
    page: Callable[..., None], replica: Pair, session: MoodleSession, site: Site, monkeypatch: pytest.MonkeyPatch
):
    page(max_lag_seconds=10, replica_conn_ids=["moodle_replica"])
    values = json.loads(replica.replica.connection(""))

    def with_connection(**others: Any) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_MOODLE_REPLICA", json.dumps(values | others))

    replica.replica.execute(f"REVOKE {replica.right} FROM {replica.info.user}@'127.0.0.1'")
    try:
        with pytest.raises(
            AirflowFailException, match=r"may not ask how far .* Nothing was done\. Grant it REPLICA MONITOR"
        ):
            Throttle(the_site(), session, LOG)
    finally:
        replica.replica.execute(f"GRANT {replica.right} TO {replica.info.user}@'127.0.0.1'")
    with_connection(password="wrong")
    with pytest.raises(AirflowFailException, match="refuses it .* Nothing was done. Correct login"):
        Throttle(the_site(), session, LOG)
    with_connection(schema="shop")
    with pytest.raises(AirflowFailException, match="refuses it .*database 'shop'"):
        Throttle(the_site(), session, LOG)
    with_connection(port=1)
    with pytest.raises(
        AirflowException, match="can't be reached .* Nothing was done. Look at host and port"
    ) as failure:
        Throttle(the_site(), session, LOG)
    assert not isinstance(failure.value, AirflowFailException)  # so Airflow tries again
    main = json.loads(replica.main.connection(""))
    replica.main.execute(f"GRANT {replica.right} TO {main['login']}@'127.0.0.1'")
    with_connection(**main)
    with pytest.raises(AirflowFailException, match="is no replica"):
        Throttle(the_site(), session, LOG)
    monkeypatch.delenv("AIRFLOW_CONN_MOODLE_REPLICA")
    with pytest.raises(AirflowFailException, match="There is no Airflow connection 'moodle_replica'"):
        Throttle(the_site(), session, LOG)


# A run

PEOPLE = "username,firstname,lastname,email\n" + "".join(f"person{n},First,Last,p{n}@example.org\n" for n in range(4))


TWO_LINES_A_BATCH = {"batch_lines": 2, "batch_seconds": None}


@pytest.mark.usefixtures("airflow")
def test_a_run_waits_between_its_batches_and_locks_nothing(
    page: Callable[..., None], site: Site, monkeypatch: pytest.MonkeyPatch
):
    seen: list[tuple[int, int]] = []
    look = Throttle.wait

    def wait(held: Throttle) -> None:
        look(held)
        made = site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'person%'")
        seen.append((made, site.value("SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_locked > 0")))

    monkeypatch.setattr(Throttle, "wait", wait)
    page(pause_seconds=0.1, max_threads_running=100)
    done = site.run("toolsync_users", PEOPLE)
    assert done["counts"]["created"] == 4 and seen == [(2, 0)]
    assert 0.1 <= done["took"]["seconds"]["throttle"] < done["took"]["seconds"]["execute"]


@pytest.mark.usefixtures("airflow")
def test_a_run_with_wrong_settings_ends_before_anything_is_done(page: Callable[..., None], site: Site, pristine: Site):
    page(max_lag_seconds=5, replica_conn_ids=["nowhere"])
    result = site.run("toolsync_users", PEOPLE)
    assert result["state"] == "failed"
    assert result["messages"][0].startswith("There is no Airflow connection 'nowhere'")
    assert site.changed(pristine) == []
