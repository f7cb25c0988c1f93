"""Which rows a run has made, while others insert into the same tables, whatever the server does about ids."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import populated_server
from tests.support.site import Site
from toolsync.cabinet.bundles import PartWriter
from toolsync.moodle.hook import MoodleHook
from toolsync.running.images import Images
from toolsync.running.runner import ROW_TABLE
from toolsync.running.sql_folder import Language, Occasion, SqlFolder
from toolsync.running.state import RunState

SQL = """
CREATE TEMPORARY TABLE toolsync_n (n INT PRIMARY KEY);

INSERT INTO toolsync_n (n) SELECT id FROM {user} ORDER BY id LIMIT 700;

-- The first of all, which is sent alone.
INSERT INTO {user_preferences} (userid, name, value)
SELECT n.n, CONCAT('ours', p.id), p.id
  FROM toolsync_n n
  JOIN {user_preferences} p ON p.id <= 20;

INSERT INTO {user_preferences} (userid, name, value)
SELECT n.n, 'ours-2', '2'
  FROM toolsync_n n;

-- What is there already is passed over.
INSERT IGNORE INTO {context} (contextlevel, instanceid, depth)
SELECT 30, n.n + u.id * 50, 2
  FROM toolsync_n n
  JOIN {user} u ON u.id <= 4;

-- chunks: toolsync_n.n
INSERT INTO {user_preferences} (userid, name, value)
SELECT n.n, 'ours-3', '3'
  FROM toolsync_n n
 WHERE n.n BETWEEN @first AND @last;
"""


numbers = itertools.count(1)


@contextmanager
def somebody_else(site: Site) -> Iterator[None]:
    """Inserts into the same tables all the time; every other transaction stays open for a while."""
    ended = threading.Event()

    def insert() -> None:
        connections = [site.connect() for _ in range(2)]
        for number in numbers:
            connection = connections[number % 2]
            connection.autocommit(number % 2 == 0)
            with connection.cursor() as cursor:
                cursor.execute(
                    f"INSERT INTO mdl_user_preferences (userid, name, value) VALUES ({10**6 + number}, 'theirs', '1')"
                )
                cursor.execute(
                    f"INSERT INTO mdl_context (contextlevel, instanceid, depth) VALUES (30, {10**7 + number}, 2)"
                )
            if number % 7 == 0:
                connections[1].commit()
            if ended.wait(0.001):
                break
        for connection in connections:
            connection.commit()
            connection.close()

    thread = threading.Thread(target=insert)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def made(tmp_path: Path, together: bool) -> tuple[dict[str, set[int]], dict[str, set[int]]]:
    """The rows that a run notes as made, and those that it has made, by table. All is rolled back."""
    part: dict[str, set[int]] = {"user_preferences": set(), "context": set()}

    class Collected(PartWriter):
        def rows(self, change: str, table: str, columns: Any, rows: Any, **more: Any) -> None:
            assert change == "made"
            part[table].update(row[0] for row in rows)

    (tmp_path / "toy").mkdir(exist_ok=True)
    (tmp_path / "toy/10.sql").write_text(SQL)
    with MoodleHook().session(lock_seconds=1) as session:
        before = session.value("SELECT MAX(id) FROM {context}")
        state = RunState(session, images=Images(session, MoodleHook().snapshot))
        if together:
            state.tables.create_staging(ROW_TABLE, "line INT PRIMARY KEY")
        folder = SqlFolder("toy", state, Occasion(), Language({}, {}), staged=[], root=tmp_path)
        folder.run(folder.work)
        assert state.images
        state.images.write(Collected(lambda: pytest.fail("nothing is written"), {}))
        ours = {
            "user_preferences": "SELECT id FROM {user_preferences} WHERE name LIKE 'ours%'",
            "context": f"SELECT id FROM {{context}} WHERE id > {before} AND instanceid < {10**7}",
        }
        found = {table: {number for (number,) in session.rows(sql)} for table, sql in ours.items()}
        state.rollback()
    return part, found


def check(site: Site, tmp_path: Path) -> None:
    for together in (False, True):
        with somebody_else(site):
            noted, ours = made(tmp_path, together)
        assert noted == ours and all(ours.values())


def test_rows_of_others_are_not_taken_for_ours(site: Site, tmp_path: Path):
    check(site, tmp_path)
    was = site.rows("SELECT @@GLOBAL.auto_increment_increment, @@GLOBAL.auto_increment_offset")[0]
    site.rows("SET GLOBAL auto_increment_increment = 3, auto_increment_offset = 2")  # as in a cluster
    try:
        check(site, tmp_path)
    finally:
        site.rows("SET GLOBAL auto_increment_increment = %s, auto_increment_offset = %s", was)


def test_nor_where_the_server_gives_ids_of_one_statement_to_others_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As MySQL does, and MariaDB in a cluster."""
    server = populated_server(tmp_path / "server", die_with_parent=True, more=("innodb_autoinc_lock_mode=2",))
    try:
        site = Site(server, "moodle")
        monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", site.connection())
        assert site.value("SELECT @@innodb_autoinc_lock_mode") == 2
        check(site, tmp_path)
    finally:
        server.stop()
