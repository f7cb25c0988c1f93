"""Rows loaded into temporary tables, and what stays of them on disks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowException

from tests.support.command import killed
from tests.support.site import Site
from toolsync.moodle import work_tables
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.session import MoodleSession
from toolsync.moodle.work_tables import WorkTables, has_memory_files

PASSWORD = "Corr3ct-Horse-Battery"
PEOPLE = "username,firstname,lastname,email,password\n" + "".join(
    f"p{n:03},P,{n},p{n}@example.org,{PASSWORD}\n" for n in range(20)
)
FAILING = f"no.last,No,,x@example.org,{PASSWORD}\n"
ROWS = [
    (1, "tab\tnewline\nreturn\r\0 back\\slash 'quote' \"double\" 漢字 😀", None),
    (2, "", 0),
    (3, "\\N", -5),
    (4, "x" * 70_000, 2**40),
    (5, "plain", None),
    (6, "texts", None),
]

# While rows are loaded, after that, and at moments at which other rooms have the values in hand.
MOMENTS = [
    ("toolsync.moodle.work_tables:_names", "before"),  # the rows are written, the statement is not sent
    ("MySQLdb.connections:Connection.warning_count", "before"),  # it was executed
    ("toolsync.running.ledger:Ledger.enter", "after"),
    ("toolsync.operators.tryback:TrybackWriter.write", "after"),
    ("toolsync.operators.archive:write_report", "after"),
]


@pytest.fixture
def session(site: Site) -> Iterator[MoodleSession]:
    with MoodleHook().session() as session:
        yield session


@pytest.mark.parametrize(("in_memory", "few"), [(True, -1), (False, -1), (True, 100)])
def test_rows_arrive_as_they_are(session: MoodleSession, monkeypatch: pytest.MonkeyPatch, in_memory: bool, few: int):
    monkeypatch.setattr(work_tables, "FEW_TO_LOAD", few)
    monkeypatch.setattr(work_tables, "has_memory_files", lambda: in_memory)
    monkeypatch.setattr(work_tables, "ROWS_AT_ONCE", 2)
    tables = WorkTables(session)
    tables.create("toolsync_some", "line INT NOT NULL, text LONGTEXT NULL, number BIGINT NULL")
    assert tables.load("toolsync_some", ["line", "text", "number"], iter(ROWS)) == len(ROWS)
    assert session.rows("SELECT * FROM toolsync_some ORDER BY line") == ROWS
    assert tables.filled == {"toolsync_some"}


def test_loading_leaves_no_file_open(session: MoodleSession, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(work_tables, "FEW_TO_LOAD", -1)
    tables = WorkTables(session)
    tables.create("toolsync_some", "line INT NOT NULL")
    before = len(os.listdir("/proc/self/fd"))
    for line in range(3):
        tables.load("toolsync_some", ["line"], [(line,)])
    tables.load("toolsync_some", ["line"], [])
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("lacks", ["os.memfd_create", "toolsync.moodle.work_tables.DESCRIPTORS"])
def test_a_system_without_files_in_memory_is_known(monkeypatch: pytest.MonkeyPatch, lacks: str):
    assert has_memory_files()
    has_memory_files.cache_clear()
    if lacks.startswith("os."):
        monkeypatch.delattr(lacks)
    else:
        monkeypatch.setattr(lacks, "/nowhere/fd")
    try:
        assert not has_memory_files()
    finally:
        has_memory_files.cache_clear()


@pytest.mark.usefixtures("airflow")
@pytest.mark.parametrize(("where", "when"), MOMENTS)
def test_a_killed_run_leaves_no_password_outside_the_cabinet(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, when: str
):
    file, temporary = tmp_path / "people.csv", tmp_path / "temporary"
    file.write_text(PEOPLE + FAILING)
    temporary.mkdir()
    monkeypatch.setattr("tests.support.command.HOME", temporary)
    killed(where, when, "toolsync_users", file)
    left = [path for path in temporary.rglob("*") if path.is_file()]
    assert left  # Airflow's
    assert [path for path in left if PASSWORD.encode() in path.read_bytes()] == []


def test_a_connection_that_is_lost_while_tables_are_emptied_is_said_to_be_lost(site: Site):
    with (
        pytest.raises(AirflowException, match="connection to the database was lost"),
        MoodleHook().session() as session,
    ):
        tables = WorkTables(session)
        tables.create_staging("toolsync_row", "line INT NOT NULL PRIMARY KEY")
        tables.load("toolsync_row", ["line"], [(1,), (2,)])
        with MoodleHook().session() as other:
            other.execute(f"KILL {session.value('SELECT CONNECTION_ID()')}")
        tables.clear(["toolsync_row"])
