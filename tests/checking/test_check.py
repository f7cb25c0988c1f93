"""The check of a site: nothing is wrong with a healthy one, and nothing of the check stays; then one thing at a time is broken, and told with what to do."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException

from tests.support.object_store import object_store
from tests.support.site import Site
from tools.demo_files import make
from tools.mariadb import PrivateServer
from toolsync import __version__, settings
from toolsync.cabinet import durability
from toolsync.checking import database
from toolsync.checking.checks import CHECKS, look_at
from toolsync.checking.findings import LOOK, OK, UNSEEN, WRONG, Finding, ok
from toolsync.checking.ground import Ground
from toolsync.checking.site_files import program
from toolsync.moodle import hook
from toolsync.moodle.file_pool import FilePool
from toolsync.settings import ROOT
from toolsync.sites import the_site

SCHEDULER = {
    "version": __version__,
    "executor": "LocalExecutor",
    "pools": {"toolsync_writer": 1},
    "triggerer": True,
    "errors": {},
}


def checked(*areas: str, **ground: Any) -> list[Finding]:
    """What the checks of some areas find; no secret is among it."""
    made = Ground(the_site(), the_site(), ROOT / "dags", **{"scheduler": SCHEDULER, **ground})
    found = look_at(made, [(area, checks) for area, checks in CHECKS if area in areas])
    for secret in made.secrets:
        assert not any(secret in finding.sentence + finding.do for finding in found)
    return found


def said(found: list[Finding], state: str) -> str:
    return "\n".join(f"{finding.sentence} → {finding.do}" for finding in found if finding.state == state)


@pytest.fixture(autouse=True)
def on_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the tests themselves are on."""
    (tmp_path / "mounts").write_text("/dev/sda1 / ext4 rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n")
    monkeypatch.setattr(durability, "MOUNTS", tmp_path / "mounts")


@pytest.fixture
def connect(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change the connection of the site: `connect(schema="other", extra={"prefix": "foo_"})`."""

    def change(extra: dict[str, Any] | None = None, **fields: Any) -> None:
        made = json.loads(site.connection(dataroot=tmp_path / "moodledata"))
        made["extra"] |= extra or {}
        monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", json.dumps(made | fields))

    return change


def test_a_healthy_site_and_what_stays_of_the_check(site: Site, pristine: Site, tmp_path: Path):
    content = site.value("SELECT contenthash FROM {files} WHERE filesize > 0 ORDER BY id LIMIT 1")
    place = tmp_path / "moodledata/filedir" / content[:2] / content[2:4]
    place.mkdir(parents=True)
    (place / content).write_bytes(b"x")
    (tmp_path / "cabinet/users/inbox").mkdir(parents=True, mode=0o700)
    (tmp_path / "cabinet/users/work").mkdir(mode=0o700)
    found = checked(*(area for area, _ in CHECKS if area != "Settings"))
    assert said(found, WRONG) == said(found, UNSEEN) == ""
    told = said(found, OK)
    for part in (
        "database moodle",
        "The site oracle51 runs Moodle 5.1",
        "The account may do what it needs",
        "is the site's, and can be written to",
        "There is no connection moodle_cli. Caches are not purged",
        "3 folders were tried",
        "The pool toolsync_writer has one slot",
    ):
        assert part in told
    assert site.changed(pristine) == []
    assert sorted(path.name for path in (tmp_path / "cabinet").rglob("*")) == ["inbox", "users", "work"]


@pytest.mark.parametrize(
    ("change", "sentence", "do"),
    [
        ({"password": "not-the-one"}, "refuses the connection", "Correct login, password or schema"),
        ({"schema": "nowhere"}, "to database 'nowhere'", "Grant the account of the connection"),
        ({"schema": ""}, "names no schema", "Moodle's database"),
        ({"port": 1}, "can't be reached from here", "host and port"),
        ({"host": "no-such-host.invalid"}, "can't be reached from here", "host and port"),
        ({"extra": {"prefix": "foo_"}}, "has no table `foo_config`", "Look at the connection"),
        ({"extra": {"client": "pymysql"}}, "has the client pymysql", "Remove the key"),
        ({"extra": {"dataroot": "/no/such/folder"}}, "does not exist", "Correct `dataroot`"),
        ({"conn_type": "postgres"}, "has the type postgres", "MySQL"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_connection_that_does_not_lead_to_the_site(
    change: dict[str, Any], sentence: str, do: str, connect: Callable[..., None]
):
    connect(**change)
    found = checked("Database", "Moodle")
    wrong = [finding for finding in found if finding.state == WRONG and sentence in finding.sentence]
    assert len(wrong) == 1 and do in wrong[0].do
    assert "file goes on" not in wrong[0].do
    if "reached" in sentence or "refuses" in sentence:  # it is told once, and what needs it is not looked at
        assert said(found, WRONG).count("\n") == 0 and "The site: there is no connection" in said(found, UNSEEN)


def test_a_server_that_is_there_and_says_nothing(connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hook, "CONNECT_SECONDS", 1)
    monkeypatch.setattr(database, "REACHED_WITHIN", 1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        connect(host="127.0.0.1", port=mute.getsockname()[1])
        began = time.monotonic()
        found = checked("Database", "Moodle")
        with pytest.raises(AirflowException, match="lost"), hook.MoodleHook().session():
            pass
    assert time.monotonic() - began < 10
    assert "can't be reached from here (timed out)" in said(found, WRONG)


def test_two_connections_that_lead_to_one_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "page.yaml").write_text("sites: {science: {}, arts: {}, music: {}}")
    monkeypatch.setenv("TOOLSYNC_SETTINGS", str(tmp_path / "page.yaml"))
    at: dict[str, Any] = {"conn_type": "mysql", "host": "db", "schema": "moodle", "password": "hidden"}
    differing: dict[str, Any] = {
        "SCIENCE": {"port": 3306},
        "ARTS": {"login": "a"},
        "MUSIC": {"extra": {"prefix": "m_"}},
    }
    for name, more in differing.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_MOODLE_DB_{name}", json.dumps(at | more))
    site = the_site("science")
    [found] = database.check_connection(Ground(site, site, ROOT / "dags"))
    assert found.state == WRONG and "moodle_db_science and moodle_db_arts lead to the same tables" in found.sentence


def test_no_connection_and_odd_ones(connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch):
    connect(extra={"datarot": "/x"})
    assert "Did you mean dataroot?" in said(checked("Database"), LOOK)
    monkeypatch.delenv("AIRFLOW_CONN_MOODLE_DB")
    found = checked("Database", "Moodle", "Cabinet")
    assert said(found, WRONG).startswith("There is no connection moodle_db. → Make it in Airflow")
    by_hand = said(checked("Database", by_hand=True), WRONG)
    assert "AIRFLOW_CONN_MOODLE_DB" in by_hand and "under Admin" not in by_hand
    assert said(found, WRONG).count("\n") == 0
    assert "The cabinet" in said(found, OK)


def test_rights_that_are_missing_or_too_many(site: Site, connect: Callable[..., None]):
    database, password = site.database, "Enough-4-a-test"
    site.rows(f"CREATE USER 'poor'@'%' IDENTIFIED BY '{password}'")
    try:
        connect(login="poor", password=password)
        for granted, lacks in (("SELECT, INSERT", "UPDATE command denied"), ("UPDATE, DELETE", "Access denied")):
            site.rows(f"GRANT {granted} ON `{database}`.* TO 'poor'@'%'")
            assert lacks in said(checked("Moodle"), WRONG)
            assert "→ Grant the account of the connection SELECT, INSERT" in said(checked("Moodle"), WRONG)
        site.rows(f"GRANT CREATE TEMPORARY TABLES, DROP, ALTER ON `{database}`.* TO 'poor'@'%'")
        found = checked("Database", "Moodle")
        assert said(found, WRONG) == ""
        assert "The account may do more than it needs: ALTER, DROP. →" in said(found, LOOK)
        site.rows("GRANT SELECT ON *.* TO 'poor'@'%'")
        assert "ALTER, DROP, SELECT in all databases. →" in said(checked("Database"), LOOK)
    finally:
        site.rows("DROP USER 'poor'@'%'")


@contextmanager
def server_variable(site: Site, name: str, value: Any) -> Iterator[None]:
    before = site.value(f"SELECT @@GLOBAL.{name}")
    site.rows(f"SET GLOBAL {name} = %s", (value,))
    try:
        yield
    finally:
        site.rows(f"SET GLOBAL {name} = %s", (before,))


@pytest.mark.parametrize(
    ("name", "value", "state", "sentence"),
    [
        ("read_only", 1, WRONG, "The server is read-only. → Is it a replica?"),
        ("max_allowed_packet", 1 << 20, LOOK, "max_allowed_packet is 1,048,576 bytes"),
        ("wait_timeout", 60, LOOK, "idle for 60 s"),
        ("require_secure_transport", 1, WRONG, 'put "ssl_mode": "REQUIRED" into the extra'),
    ],
)
def test_a_server_set_up_in_a_way(site: Site, name: str, value: int, state: str, sentence: str):
    with server_variable(site, name, value):
        assert sentence in said(checked("Database"), state)


def test_what_is_odd_about_the_site(site: Site):
    site.rows("UPDATE {config} SET value = '1' WHERE name = 'maintenance_enabled'")
    site.rows("CREATE TABLE mdl_local_foo (id BIGINT PRIMARY KEY, courseid BIGINT) ENGINE=MyISAM")
    for table in ("config_plugins", "context", "course_modules"):
        site.rows(f"CREATE TABLE old_{table} (id BIGINT PRIMARY KEY)")
    try:
        found = checked("Moodle")
    finally:
        site.rows("DROP TABLE mdl_local_foo, old_config_plugins, old_context, old_course_modules")
    assert "Tables that are not InnoDB: mdl_local_foo (1 in all)" in said(found, WRONG)
    for part in (
        "in maintenance mode",
        "another Moodle, too (prefix: old_)",
        "local_foo (courseid)",
        "none of 7 files",
    ):
        assert part in said(found, LOOK)


def test_the_demo_site_misses_no_file(site: Site, server: PrivateServer, tmp_path: Path):
    make(server, tmp_path / "moodledata")
    assert "is the site's, and can be written to" in said(checked("Moodle"), OK)
    hashes = {content for (content,) in site.rows("SELECT contenthash FROM {files} WHERE filesize > 0")}
    pool = FilePool(str(tmp_path / "moodledata"))
    assert len(hashes) > 100 and all(map(pool.has, hashes))


def test_a_connection_that_is_lost_meanwhile(site: Site):
    def lose(ground: Ground) -> Iterator[Finding]:
        site.rows("KILL %s", (ground.server.value("SELECT CONNECTION_ID()"),))
        yield ok(ground.server.value("SELECT 'still there'"))

    checks = [("Database", [("server", lose), ("next", lose)]), ("Cabinet", [("last", lambda ground: [ok("Here.")])])]
    states = [(one.state, one.sentence) for one in look_at(Ground(the_site(), the_site(), ROOT), checks)]  # type: ignore[arg-type]
    assert states[0][0] == WRONG and "connection to the database was lost" in states[0][1]
    assert states[1:] == [(UNSEEN, "The next: there is no connection to the database."), (OK, "Here.")]


def test_a_check_that_meets_what_nobody_expects(site: Site):
    def broken(ground: Ground) -> Iterator[Finding]:
        yield ok("One.")
        raise RuntimeError(f"with {ground.connection.password}")  # type: ignore[union-attr]

    found = look_at(
        Ground(the_site(), the_site(), ROOT), [("Area", [("thing", broken), ("other", lambda _: [ok("Two.")])])]
    )
    assert [one.sentence for one in found] == [
        "One.",
        "The thing could not be looked at: RuntimeError: with ***",
        "Two.",
    ]


def test_a_data_folder_that_two_accounts_write_to(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    for mode, shared in ((0o755, False), (0o2775, True), (0o2750, False)):
        (tmp_path / "moodledata").chmod(mode)
        told = said(checked("Moodle"), LOOK)
        assert ("may not write to folders that this worker's account (number 12345) makes" in told) != shared


# PHP

STAND_IN = """#!/bin/sh
cat >/dev/null
cat "$0.says"
exit $(cat "$0.status")
"""
SAME = {"php": "8.3.1", "same": True, "pepper": True, "database": "moodle, prefix mdl_", "address": "http://127.0.0.1:8051",
        "writes": True, "upgrade": False, "user": "www-data"}  # fmt: skip


@pytest.fixture
def php(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Finding]]:
    """What is found of the PHP of a site that says something."""
    command = tmp_path / "php"
    command.write_text(STAND_IN)
    command.chmod(0o755)

    def check(says: str, status: int = 0, **extra: Any) -> list[Finding]:
        Path(f"{command}.says").write_text(says)
        Path(f"{command}.status").write_text(str(status))
        made = {"conn_type": "generic", "extra": {"path": str(tmp_path), "php": str(command), **extra}}
        monkeypatch.setenv("AIRFLOW_CONN_MOODLE_CLI", json.dumps(made))
        return checked("Moodle")

    return check


def answer(**changed: Any) -> str:
    return f"Some warning\nTOOLSYNC-CHECK:{json.dumps(SAME | changed)}\n"


def test_the_php_of_the_site_and_of_others(site: Site, php: Callable[..., list[Finding]]):
    assert "PHP 8.3.1 runs in the directory of the same site, as www-data" in said(php(answer()), OK)
    found = php(answer(same=False, database="other, prefix x_"))
    assert "leads to another site than moodle_db: its config.php has the database other, prefix x_" in said(
        found, WRONG
    )
    found = php(answer(writes=False, upgrade=True, pepper=False, address="https://new.example.org"))
    for part in (
        "may not write",
        "an upgrade waits",
        "`password_pepper`",
        "The site's address is https://new.example.org",
    ):
        assert part in said(found, LOOK)
    found = php("PHP Fatal error: Failed opening required './config.php'", 1)
    assert "ended with status 1" in said(found, WRONG) and "→ Correct `path` in the extra" in said(found, WRONG)
    assert "unknown keys: pth" in said(php("", pth="/x"), WRONG)
    identifier = site.value("SELECT value FROM {config} WHERE name = 'siteidentifier'")
    with (ground := Ground(the_site(), the_site(), ROOT)).stack:
        assert identifier not in program(ground)
        assert hashlib.sha256(identifier.encode()).hexdigest() in program(ground)


# The cabinet and Airflow


def test_cabinets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def found(address: str, **ground: Any) -> list[Finding]:
        monkeypatch.setenv("TOOLSYNC_CABINET", address)
        return checked("Cabinet", **ground)

    (tmp_path / "file").write_text("")
    assert "is a file" in said(found(str(tmp_path / "file")), WRONG)
    inbox = tmp_path / "cabinet/users/inbox"
    inbox.mkdir(parents=True)
    for folder in (inbox.parents[1], inbox.parents[0], inbox):
        folder.chmod(0o755)
    assert "Everybody here may look into" in said(found(str(tmp_path / "cabinet")), LOOK)
    celery = {**SCHEDULER, "executor": "CeleryExecutor"}
    assert "The workers of CeleryExecutor may be on several machines" in said(
        found(str(tmp_path / "cabinet"), scheduler=celery), LOOK
    )
    assert "in the memory of this machine (tmpfs)" in said(found("/dev/shm/toolsync-no-such"), LOOK)
    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_bytes", lambda path, content: (_ for _ in ()).throw(OSError(errno.EROFS, "no")))
        assert f"can't be used: {tmp_path}/cabinet: it is read-only" in said(found(str(tmp_path / "cabinet")), WRONG)
    monkeypatch.delenv("TOOLSYNC_CABINET")
    assert "Nothing says where the cabinet is" in said(checked("Cabinet"), LOOK)
    store = object_store()
    address = store.new_cabinet()
    assert "an object was written, read, listed, copied and deleted" in said(found(address, scheduler=celery), OK)
    store.fails = lambda method, path: 403 if method == "DELETE" else None
    try:
        assert "an object can't be copied or deleted" in said(found(address), WRONG)
    finally:
        store.reset()


@pytest.mark.parametrize(
    ("seen", "state", "sentence"),
    [
        (None, LOOK, "The scheduler has told nothing"),
        ({"pools": {}}, WRONG, "There is no pool toolsync_writer"),
        ({"pools": {"toolsync_writer": 0}}, WRONG, "has no slots"),
        ({"pools": {"toolsync_writer": 4}}, LOOK, "has 4 slots"),
        ({"settings": "others"}, LOOK, "The scheduler has other settings than this worker"),
        ({"triggerer": False}, LOOK, "No triggerer is at work"),
        ({"version": "0.1.0"}, LOOK, "The scheduler has Tool Sync 0.1.0"),
        ({"errors": {"toolsync_users.py": "ValueError: no"}}, WRONG, "can't read toolsync_users.py: ValueError: no"),
    ],
    ids=str,
)
def test_what_the_scheduler_sees(seen: dict[str, Any] | None, state: str, sentence: str):
    scheduler = None if seen is None else {**SCHEDULER, **seen}
    assert sentence in said(checked("Airflow", scheduler=scheduler), state)


def test_approvers_whom_the_auth_manager_does_not_know(monkeypatch: pytest.MonkeyPatch):
    named = ["ada", {"id": "3", "name": "grace"}]
    monkeypatch.setitem(settings.settings()["protection"], "approvers", named)
    assert said(checked("Airflow"), WRONG) == ""
    fab = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", fab)
    wrong = said(checked("Airflow"), WRONG)
    assert "nobody may answer as 'ada'" in wrong and "airflow users list" in wrong and "grace" not in wrong


class Mail(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            answers = {b"AUTH": b"535 no\r\n", b"QUIT": b"221 bye\r\n"}
            self.wfile.write(answers.get(line[:4], b"250-here\r\n250 AUTH PLAIN\r\n"))


def test_the_mail_server(monkeypatch: pytest.MonkeyPatch):
    smtp = {"notifier": "airflow.providers.smtp.notifications.smtp.SmtpNotifier", "arguments": {"to": "a@example.org"}}
    monkeypatch.setitem(settings.settings(), "notifications", {"to": [smtp]})
    assert "There is no connection smtp_default" in said(checked("Airflow"), WRONG)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made: dict[str, Any] = {"conn_type": "smtp", "host": "127.0.0.1", "port": server.server_address[1]}
        made["extra"] = {"disable_ssl": True, "disable_tls": True}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(made))
        assert "answers; no mail was sent" in said(checked("Airflow"), OK)
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(made | {"login": "me", "password": "hush-hush"}))
        assert "can't be used: (535" in said(checked("Airflow"), LOOK)
        server.shutdown()
