"""Crashes: the next run ends with the right result, everything is done once, and no file is lost."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import MySQLdb
import pytest

from tests.support.command import killed
from tests.support.site import Site
from tools.mariadb import PrivateServer
from toolsync.cabinet.disk import Disk
from toolsync.cabinet.folders import Cabinet

pytestmark = pytest.mark.usefixtures("airflow")

HEADER = "username,firstname,lastname,email\n"
PEOPLE = HEADER + "".join(f"p{n:03},P,{n},p{n}@example.org\n" for n in range(20)) + "no.last,No,,x@example.org\n"
RENAMES = "oldusername,username,city\nu011,renamed.one,Oslo\nu012,renamed.two,Oslo\n"

# Where a run is killed.
MOMENTS = [
    ("toolsync.cabinet.folders:Cabinet.archive", "before"),
    ("toolsync.cabinet.folders:Cabinet.archive", "after"),
    ("toolsync.running.ledger:Ledger.unmark", "before"),
    ("toolsync.running.ledger:Ledger.enter", "after"),
    ("toolsync.moodle.session:MoodleSession.commit", "before"),
    ("toolsync.moodle.session:MoodleSession.commit", "after"),
    ("toolsync.operators.tryback:TrybackWriter.write", "before"),
    ("toolsync.operators.archive:write_report", "after"),
]


@pytest.fixture
def cabinet(site: Site) -> Cabinet:
    return Cabinet("users")


def places(cabinet: Cabinet, content: str) -> list[str]:
    """The folders that hold a file with this content."""
    return [
        folder
        for folder in ("inbox", "work", "archive")
        for path in sorted(cabinet.folder(folder).rglob("*"))
        if path.is_file() and path.read_text(errors="replace") == content
    ]


@pytest.mark.parametrize(("where", "when"), MOMENTS)
def test_after_a_kill_at_any_point_the_next_run_finishes(
    site: Site, cabinet: Cabinet, tmp_path: Path, where: str, when: str
):
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE)
    killed(where, when, "toolsync_users", file, real=(where, when) == MOMENTS[0])
    assert len(places(cabinet, PEOPLE)) == 1

    assert site.run("toolsync_users")["state"] == "success"
    assert places(cabinet, PEOPLE) == ["archive"]
    assert list(cabinet.folder("work").iterdir()) == []
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'p0__'") == 20
    [tryback] = cabinet.folder("tryback").glob("*.csv")
    assert tryback.read_text() == HEADER + "no.last,No,,x@example.org\n"
    [report] = cabinet.folder("report").glob("*.txt")
    assert "21 lines: 20 created, 1 failed" in report.read_text()


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_cannot_be_repeated_is_done_once(site: Site, cabinet: Cabinet, tmp_path: Path, when: str):
    file = tmp_path / "renames.csv"
    file.write_text(RENAMES)
    killed(
        "toolsync.moodle.session:MoodleSession.commit",
        when,
        "toolsync_users",
        file,
        "--params",
        '{"allow_rename": true}',
    )
    # This run has the default Params, but the file continues with those of the first run.
    assert site.run("toolsync_users")["state"] == "success"
    [report] = cabinet.folder("report").glob("*.txt")
    assert "2 lines: 2 updated" in report.read_text()
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'renamed.%%' AND city = 'Oslo'") == 2


def test_the_database_dies_and_comes_back(
    site: Site, server: PrivateServer, cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
):
    from toolsync.running.execution import Execution

    run = Execution.run

    def die_then_run(self: Execution, lines: list) -> object:
        monkeypatch.setattr(Execution, "run", run)
        os.kill(int((server.directory / "server.pid").read_text()), signal.SIGKILL)
        time.sleep(1)
        return self.run(lines)

    monkeypatch.setattr(Execution, "run", die_then_run)
    assert site.run("toolsync_users", PEOPLE)["state"] == "failed"
    assert places(cabinet, PEOPLE) == ["work"]

    server.start()
    assert site.run("toolsync_users")["state"] == "success"
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'p0__'") == 20
    assert places(cabinet, PEOPLE) == ["archive"]


def test_a_lock_timeout_is_tried_again(site: Site, pristine: Site):
    site.rows("SET GLOBAL innodb_lock_wait_timeout = 1")
    other = site.connect()
    try:
        other.begin()
        other.cursor().execute("UPDATE mdl_user SET city = 'Elsewhere' WHERE id = 7")
        release = threading.Timer(2.5, other.commit)
        release.start()
        result = site.run("toolsync_users", "username,firstname\nu004,Four\nu005,Five\n")
        release.join()
    finally:
        other.close()
        site.rows("SET GLOBAL innodb_lock_wait_timeout = 50")
    assert result["counts"]["updated"] == 2
    assert site.rows("SELECT firstname, city FROM {user} WHERE username = 'u005'") == [("Five", "Elsewhere")]


def test_a_deadlock_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch):
    from toolsync.running.execution import Execution

    other, run = site.connect(), Execution.run
    other.begin()
    other.cursor().execute("UPDATE mdl_user SET city = 'B' WHERE id IN (8, 9, 10)")

    def wait_for_it() -> None:
        with suppress(MySQLdb.OperationalError):  # it may be the one that is given up
            other.cursor().execute("UPDATE mdl_user SET city = 'B' WHERE id = 7")

    def deadlock_then_run(self: Execution, lines: list) -> object:
        monkeypatch.setattr(Execution, "run", run)
        self.session.execute("UPDATE {user} SET city = 'A' WHERE id = 7")
        waits = threading.Thread(target=wait_for_it)
        waits.start()
        time.sleep(0.5)
        try:
            return self.run(
                lines
            )  # u006 (id 8) is held by `other`, which waits for u005 (id 7): one of the two is given up
        finally:
            waits.join()
            other.commit()

    monkeypatch.setattr(Execution, "run", deadlock_then_run)
    result = site.run("toolsync_users", "username,firstname\nu006,Six\n")
    other.close()
    assert result["counts"]["updated"] == 1
    assert site.value("SELECT firstname FROM {user} WHERE username = 'u006'") == "Six"


def test_a_full_disk_loses_nothing(site: Site, cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch):
    def on_a_full_disk(self: Disk, path: Path) -> Any:
        if path.parent.name == "tryback":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return writing(self, path)

    writing = Disk.writing
    monkeypatch.setattr(Disk, "writing", on_a_full_disk)
    result = site.run("toolsync_users", PEOPLE)
    assert result["state"] == "failed"
    assert "No space left on device" in " ".join(result["messages"]) and "it is full" in " ".join(result["messages"])
    monkeypatch.undo()
    monkeypatch.setenv("TOOLSYNC_CABINET", str(cabinet.root.parent))
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", site.connection())
    assert places(cabinet, PEOPLE) == ["work"]

    assert site.run("toolsync_users")["state"] == "success"
    [tryback] = cabinet.folder("tryback").glob("*.csv")
    assert tryback.read_text() == HEADER + "no.last,No,,x@example.org\n"


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE {config} SET value = '2020061500' WHERE name = 'version'", "Tool Sync needs 4.1 or later"),
        ("RENAME TABLE {config} TO {config_gone}", "not a Moodle database"),
    ],
)
def test_a_wrong_database_is_reported_and_not_changed(
    site: Site, pristine: Site, cabinet: Cabinet, damage: str, says: str, capfd: pytest.CaptureFixture[str]
):
    site.rows(damage)
    try:
        assert site.run("toolsync_users", PEOPLE)["state"] == "failed"
    finally:
        if "RENAME" in damage:
            site.rows("RENAME TABLE {config_gone} TO {config}")
    assert says in "".join(capfd.readouterr())
    assert places(cabinet, PEOPLE) == ["work"]
    assert set(site.changed(pristine)) <= {"mdl_config"}


def test_missing_grants_are_named(site: Site, pristine: Site, server: PrivateServer, capfd: pytest.CaptureFixture[str]):
    accounts = "'toolsync'@'localhost', 'toolsync'@'127.0.0.1'"
    server.execute(f"REVOKE INSERT ON `{site.database}`.* FROM {accounts}")
    try:
        assert site.run("toolsync_users", PEOPLE)["state"] == "failed"
    finally:
        server.grant(site.database)
    assert "SELECT, INSERT, UPDATE, DELETE and CREATE TEMPORARY TABLES" in "".join(capfd.readouterr())
    assert site.changed(pristine) == []
