"""Work tables in the server's memory: which ones, and what happens where there is no room for them, or where they are forbidden."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import MySQLdb
import pytest

from tests.conftest import lead_to
from tests.moodle.test_servers import set_to
from tests.support.server import OF_SERVER, SERVER, populated_server
from tests.support.site import Site
from toolsync.moodle import work_tables
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.memory_tables import WIDEST, in_memory, row_bytes
from toolsync.moodle.session import MoodleSession
from toolsync.moodle.work_tables import WorkTables

LINES = 300
mariadb_only = pytest.mark.skipif(
    SERVER.startswith("mysql"), reason="MySQL deprecates transactions that change tables in memory and in InnoDB"
)
pytestmark = pytest.mark.usefixtures("airflow")
USERS = "username,firstname,lastname,email\n" + "".join(f"p{n},P,{n},p{n}@example.org\n" for n in range(LINES))
ENROLMENTS = "cmd,rolename,uid,cid,enrol,gcmd,g1\n" + "".join(
    f"add,student,p{n},C103,manual,gaddcreate,Group {n % 7}\n" for n in range(LINES)
)
LEAVING = "cmd,rolename,uid,cid,enrol\n" + "".join(f"del,student,p{n},C103,manual\n" for n in range(LINES))
NO_ROOM = "max_heap_table_size"


@pytest.mark.parametrize(
    ("definition", "made"),
    [
        (
            "(line INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(100) COLLATE utf8mb4_bin NULL)",
            "(line INT UNSIGNED NOT NULL, name VARCHAR(100) COLLATE utf8mb4_bin NULL, PRIMARY KEY (line) USING BTREE)",
        ),
        (
            "(\n  seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, a BIGINT NOT NULL,\n  b DECIMAL(15,5) NULL,\n  UNIQUE KEY (a, b), KEY (b)\n)",
            "(seq INT UNSIGNED NOT NULL AUTO_INCREMENT, a BIGINT NOT NULL, b DECIMAL(15,5) NULL, "
            "PRIMARY KEY (seq) USING BTREE, UNIQUE KEY (a, b) USING BTREE, KEY (b) USING BTREE)",
        ),
        ("(line INT UNSIGNED NOT NULL, message TEXT NULL)", ""),
        ("(line INT UNSIGNED NOT NULL, a VARCHAR(255) NOT NULL, b VARCHAR(255) NOT NULL, c VARCHAR(255) NOT NULL)", ""),
        ("(line INT UNSIGNED NOT NULL, twice INT AS (line * 2), kind ENUM('a') NOT NULL)", ""),
        ("(PRIMARY KEY (id)) AS SELECT 1 AS id LIMIT 0", ""),
    ],
)
def test_tables_of_short_rows_have_their_keys_in_memory(definition: str, made: str):
    create = "CREATE TEMPORARY TABLE toolsync_some "
    statement = in_memory(create + definition)
    assert re.sub(r" AVG_ROW_LENGTH = \d+$", "", statement) == (made and f"{create}{made} ENGINE = MEMORY")


def test_the_memory_of_a_row_is_that_of_its_columns_and_keys():
    made = in_memory(
        "CREATE TEMPORARY TABLE toolsync_some (line INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(100) NULL, KEY (name, line))"
    )
    assert 2 * (4 + 400) < row_bytes(made) < 2 * (4 + 400) + 200
    assert row_bytes(made.replace("MEMORY", "InnoDB")) == 0
    long = f"VARCHAR({WIDEST // 8 + 1})"  # of four bytes a character, twice
    assert not in_memory(f"CREATE TEMPORARY TABLE toolsync_some (name {long} NOT NULL PRIMARY KEY)")


def test_a_server_makes_what_is_asked_of_it(site: Site, server):
    definition = "CREATE TEMPORARY TABLE toolsync_some (seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, a VARCHAR(100) NOT NULL, UNIQUE KEY (a, seq))"
    with site.connect() as connection, connection.cursor() as cursor:
        cursor.execute(in_memory(definition))
        cursor.execute("INSERT INTO toolsync_some (a) VALUES ('b'), ('a')")
        cursor.execute("SELECT a FROM toolsync_some WHERE a < 'b'")
        assert cursor.fetchall() == (("a",),)
        cursor.execute("SHOW CREATE TABLE toolsync_some")
        assert "ENGINE=MEMORY" in cursor.fetchone()[1]


def run_all(site: Site) -> tuple[list[dict[str, int]], list[list[tuple]]]:
    """People made, enrolled with groups, seen as they would leave, taken out: counts, and what the site had before they left."""
    ended = [
        site.run("toolsync_users", USERS),
        site.run("toolsync_enrolments", ENROLMENTS),
        site.run("toolsync_enrolments", LEAVING, simulate=True),
    ]
    rows = [site.rows(select) for select in MADE]
    ended.append(site.run("toolsync_enrolments", LEAVING, purge_empty_groups=True))
    assert [each["state"] for each in ended] == ["success"] * len(ended), ended
    return [each["counts"] for each in ended], rows


MADE = [
    "SELECT username, email, auth FROM {user} WHERE username LIKE 'p%' ORDER BY username",
    "SELECT u.username, e.enrol, e.courseid, ue.status FROM {user_enrolments} ue JOIN {user} u ON u.id = ue.userid JOIN {enrol} e ON e.id = ue.enrolid ORDER BY 1, 2, 3",
    "SELECT u.username, a.roleid, a.contextid, a.component FROM {role_assignments} a JOIN {user} u ON u.id = a.userid ORDER BY 1, 2, 3",
    "SELECT g.courseid, g.name, u.username FROM {groups} g LEFT JOIN {groups_members} m ON m.groupid = g.id LEFT JOIN {user} u ON u.id = m.userid ORDER BY 1, 2, 3",
]


@mariadb_only
def test_without_room_for_more_they_go_to_the_disks(site: Site, pristine: Site, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    roomy = run_all(site)
    assert NO_ROOM not in caplog.text
    size = site.value("SELECT @@GLOBAL.max_heap_table_size")
    site.restore(pristine)
    with set_to(site, "max_heap_table_size", "16384", str(size)):
        assert run_all(site) == roomy
    assert caplog.text.count(NO_ROOM) == len(roomy[0])


@mariadb_only
def test_all_of_them_together_take_no_more_than_a_run_may_ask_for(
    site: Site, pristine: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    roomy = run_all(site)
    site.restore(pristine)
    monkeypatch.setattr(work_tables, "MOST_MEMORY", 50_000)
    assert NO_ROOM not in caplog.text
    assert run_all(site) == roomy
    assert caplog.text.count(NO_ROOM) == len(roomy[0])


def test_where_the_folder_for_temporary_files_is_full_they_are_in_innodb(
    site: Site, pristine: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    roomy = run_all(site)
    site.restore(pristine)
    every, refused = MoodleSession.execute, set[int]()

    def full(session: MoodleSession, statement: str, *args: Any) -> int:
        if re.search("^UPDATE toolsync_", statement, re.MULTILINE) and session.conn.thread_id() not in refused:
            refused.add(session.conn.thread_id())
            raise MySQLdb.InternalError(
                28, """Got error '28 "No space left on device"' for '#sql-temptable-1-2-3.MAI'"""
            )
        return every(session, statement, *args)

    monkeypatch.setattr(MoodleSession, "execute", full)
    assert run_all(site) == roomy
    assert caplog.text.count("(tmpdir)") == len(refused) >= 2


def test_what_else_is_full_is_no_matter_of_work_tables(site: Site):
    with MoodleHook().session() as session:
        tables = WorkTables(session)
        for error in (
            MySQLdb.OperationalError(1114, "The table 'mdl_user' is full"),
            MySQLdb.InternalError(
                3, """Error writing file '/tmp/#sql/fd=1053' (Errcode: 28 "No space left on device")"""
            ),
        ):
            assert not tables.has_no_room(error)
        assert tables.has_no_room(MySQLdb.OperationalError(1114, "The table 'toolsync_line' is full"))


@mariadb_only
def test_where_they_are_forbidden_all_are_on_disks(site: Site, pristine: Site):
    allowed = run_all(site)
    site.restore(pristine)
    with set_to(site, "enforce_storage_engine", "'InnoDB'", "DEFAULT"):
        assert run_all(site) == allowed


def test_no_value_of_a_file_is_in_a_binary_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With the format MIXED, MariaDB may log statements on temporary tables: few lines by an INSERT, many where LOAD DATA is not allowed."""
    if OF_SERVER:
        pytest.skip("a node of a cluster logs rows")
    options = ("log-bin=binlog", "binlog_format=MIXED", "server-id=1", "sync_binlog=0", "local_infile=OFF")
    server = populated_server(tmp_path / "server", die_with_parent=True, more=options)
    try:
        site = Site(server, "moodle", in_airflow=False)
        lead_to(site, tmp_path, monkeypatch)
        for people in (range(3), range(3, LINES)):
            file = "username,firstname,lastname,email,password,city\n"
            file += "".join(
                f"s{n},S,{n},s{n}@example.org,{f'Secret-{n}' if n % 100 == 0 else ''},Kept {n}\n" for n in people
            )
            for simulate in (True, False):
                ended = site.run("toolsync_users", file, simulate=simulate)
                assert ended["counts"]["created"] == len(people)
        logged = b"".join(path.read_bytes() for path in (server.directory / "data").glob("binlog.[0-9]*"))
        assert b"Kept 299" in logged  # the rows of the site
        assert b"Secret-" not in logged
        work = re.findall(
            rb"(?:CREATE TEMPORARY TABLE(?: IF NOT EXISTS)?|INSERT INTO|LOAD DATA) +(toolsync_\w+)", logged
        )
        assert set(work) <= {b"toolsync_begun"}  # replicas need no engine that these tables are in
    finally:
        server.stop()


def test_only_within_the_block(site: Site):
    with MoodleHook().session() as session:
        tables = WorkTables(session)

        def engine(changes: bool) -> str:
            tables.create_staging("toolsync_row", "line INT NOT NULL PRIMARY KEY, name LONGTEXT NULL", changes=changes)
            return session.rows("SHOW CREATE TABLE toolsync_row")[0][1].partition("ENGINE=")[2].split()[0]

        outside = (tables.are_light, engine(True))
        with tables.light():
            within = (tables.are_light, engine(True), engine(False))
        assert outside == (tables.are_light, engine(True)) == (False, "InnoDB")
        assert within == ((False, "InnoDB", "InnoDB") if site.is_mysql else (True, "Aria", "InnoDB"))
