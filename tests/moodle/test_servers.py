"""What one database server has, or does, otherwise than another: a run works, or says what to do before it writes anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from tests.support.inbox import dropped
from tests.support.site import Site
from tools.mariadb import PrivateServer
from toolsync.cabinet.folders import Cabinet
from toolsync.functions import sql_folder
from toolsync.moodle.hook import MoodleHook
from toolsync.running.sql_folder import Occasion, SqlFolder
from toolsync.running.state import RunState

pytestmark = pytest.mark.usefixtures("airflow")

PEOPLE = "username,firstname,lastname,email\nnew.one,New,One,new.one@example.org\n"
COHORTS = "cid,cname\nNEW,New\n"
# Keys that are long, large joins, texts to be sorted.
SOME = {
    "groups": "courseid,name\nC101,New\n",
    "enrolments": "cmd,rolename,uid,cid\n" + "".join(f"add,student,u{n:03},C103\n" for n in range(1, 20)),
    "courses": f"shortname,fullname,category_path,summary\nN1,New,Science,{'x' * 50_000}\nN2,Newer,Science,{'y' * 50_000}\n",
}
COMPONENT = "COMPONENT 'file://component_classic_hashing'"


def mysql_only(site: Site, why: str) -> None:
    if not site.is_mysql:
        pytest.skip(f"MySQL only: {why}")


@contextmanager
def set_to(site: Site, setting: str, value: str, otherwise: str) -> Iterator[None]:
    """A setting of the server, for a while."""
    site.rows(f"SET GLOBAL {setting} = {value}")
    try:
        yield
    finally:
        site.rows(f"SET GLOBAL {setting} = {otherwise}")


def in_the_inbox(cabinet: Cabinet) -> bool:
    return [path.name for path in cabinet.folder("inbox").iterdir()] == ["file.csv"]


def test_a_function_that_the_server_lacks_is_named_before_anything_is_written(
    site: Site, pristine: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(SqlFolder, "calls", lambda self, functions: ["TOOLSYNC_MD5"] if self.name == "users" else [])
    cabinet = dropped("users", PEOPLE)
    ended = site.run("toolsync_users")
    [said] = {message for message in ended["messages"] if "was not executed" in message}
    server = f"{'MySQL' if site.is_mysql else 'MariaDB'} {site.value('SELECT VERSION()').partition('-')[0]}"
    assert ended["state"] == "failed" and f"({server})" in said
    assert "lacks TOOLSYNC_MD5()" in said and f"INSTALL {COMPONENT}" in said
    assert in_the_inbox(cabinet) and site.changed(pristine) == []
    assert site.run("toolsync_cohorts", COHORTS)["state"] == "success"


def test_files_that_need_the_component_wait_for_it_and_others_do_not(site: Site, pristine: Site, server: PrivateServer):
    mysql_only(site, "MariaDB always has MD5() and SHA1()")
    if not server.execute("SELECT 1 FROM mysql.component WHERE component_urn LIKE '%classic_hashing'"):
        pytest.skip("MySQL before 9.6 always has MD5() and SHA1()")
    cabinet = dropped("users", PEOPLE)
    site.rows(f"UNINSTALL {COMPONENT}")
    try:
        ended = site.run("toolsync_users")
        [said] = {message for message in ended["messages"] if "was not executed" in message}
        assert "lacks MD5()" in said and f"INSTALL {COMPONENT}" in said
        assert in_the_inbox(cabinet) and site.changed(pristine) == []
        assert site.run("toolsync_cohorts", COHORTS)["state"] == "success"
        assert site.run("toolsync_groups", "courseid,name\nC101,New\n")["state"] == "success"
    finally:
        site.rows(f"INSTALL {COMPONENT}")
    assert site.run("toolsync_users")["state"] == "success"
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username = 'new.one'") == 1


@pytest.mark.parametrize(
    ("file_type", "columns", "called"),
    [
        ("users", {"username"}, ["MD5"]),
        ("user_pictures", set(), ["SHA1"]),
        ("cohorts", {"cid"}, []),
        ("groups", {"courseid", "name"}, []),
    ],
)
def test_a_type_asks_for_the_functions_that_its_sql_calls(
    site: Site, tmp_path: Path, file_type: str, columns: set[str], called: list[str]
):
    with MoodleHook().session() as session:
        folder = sql_folder(file_type, RunState(session), Occasion(columns=columns, options=_defaults(file_type)))
        assert folder.calls(["MD5", "SHA1"]) == called


def _defaults(file_type: str) -> dict[str, object]:
    from toolsync.run import load_dag

    return load_dag(f"toolsync_{file_type}").params.dump()


def test_an_unknown_function_is_no_missing_grant(site: Site):
    with (
        pytest.raises(AirflowFailException, match="^The database server lacks a function .*TOOLSYNC_NOT_THERE"),
        MoodleHook().session() as session,
    ):
        session.execute("SELECT TOOLSYNC_NOT_THERE('')")


def test_a_server_that_takes_no_changes_is_no_place_to_write_to(site: Site, pristine: Site):
    with set_to(site, "read_only", "ON", "OFF"):
        ended = site.run("toolsync_cohorts", COHORTS)
        # It may be so only while another server takes over: Airflow tries again.
        with pytest.raises(AirflowException) as told, MoodleHook().session() as session:
            session.execute("DELETE FROM {cohort}")
    assert ended["state"] == "failed" and "Is it a replica?" in " ".join(ended["messages"])
    assert not isinstance(told.value, AirflowFailException)
    assert site.changed(pristine) == []


def test_a_server_that_logs_statements_is_told_what_moodle_needs(site: Site, pristine: Site):
    if not site.value("SELECT @@log_bin"):
        pytest.skip("its format does not matter without a binary log")
    with set_to(site, "binlog_format", "'STATEMENT'", "'ROW'"):
        ended = site.run("toolsync_cohorts", COHORTS)
    assert ended["state"] == "failed" and "Moodle itself needs ROW or MIXED" in " ".join(ended["messages"])
    assert site.changed(pristine) == []


def test_a_row_that_somebody_changes_meanwhile_is_waited_for(site: Site):
    """MariaDB 11.6 and later refuse it by default: error 1020."""
    if not site.rows("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'"):
        pytest.skip("the server does not know innodb_snapshot_isolation")
    with set_to(site, "innodb_snapshot_isolation", "ON", "DEFAULT"), MoodleHook().session() as session:
        assert session.value("SELECT @@SESSION.innodb_snapshot_isolation") == 0


def test_a_server_may_demand_keys_of_all_tables(site: Site, server: PrivateServer):
    mysql_only(site, "sql_require_primary_key is a setting of MySQL")
    accounts = "'toolsync'@'localhost', 'toolsync'@'127.0.0.1'"
    with set_to(site, "sql_require_primary_key", "ON", "OFF"):
        ended = site.run("toolsync_cohorts", COHORTS)
        assert "GRANT SESSION_VARIABLES_ADMIN ON *.*" in " ".join(ended["messages"])
        server.execute(f"GRANT SESSION_VARIABLES_ADMIN ON *.* TO {accounts}")
        try:
            assert site.run("toolsync_cohorts", COHORTS)["state"] == "success"
        finally:
            server.execute(f"REVOKE SESSION_VARIABLES_ADMIN ON *.* FROM {accounts}")


@pytest.mark.parametrize(
    ("setting", "value", "otherwise"),
    [
        ("default_tmp_storage_engine", "MyISAM", "InnoDB"),
        ("max_join_size", "50", "18446744073709551615"),
        ("sort_buffer_size", "32768", "DEFAULT"),
        ("sql_safe_updates", "ON", "OFF"),
        ("sql_generate_invisible_primary_key", "ON", "OFF"),
    ],
)
def test_what_a_server_has_otherwise_does_not_matter(site: Site, setting: str, value: str, otherwise: str):
    if not site.rows(f"SHOW VARIABLES LIKE '{setting}'"):
        pytest.skip("this server has no such setting")
    with set_to(site, setting, value, otherwise):
        for file_type, file in SOME.items():
            ended = site.run(f"toolsync_{file_type}", file)
            assert (ended["state"], ended["counts"]["failed"]) == ("success", 0), ended["messages"]


@contextmanager
def engine_of(site: Site, table: str, engine: str) -> Iterator[None]:
    """A table of the site in another engine, for a while."""
    site.rows(f"ALTER TABLE {{{table}}} ENGINE = {engine}")
    try:
        yield
    finally:
        site.rows(f"ALTER TABLE {{{table}}} ENGINE = InnoDB")


@pytest.mark.parametrize("simulate", [False, True])
def test_what_cannot_be_rolled_back_is_not_written(site: Site, pristine: Site, simulate: bool):
    cabinet = dropped("groups", SOME["groups"])
    with engine_of(site, "groupings", "MyISAM"):
        ended = site.run("toolsync_groups", simulate=simulate)
        assert site.run("toolsync_cohorts", COHORTS, simulate=True)["state"] == "success"
    [said] = {message for message in ended["messages"] if "was not executed" in message}
    assert ended["state"] == "failed" and "mdl_groupings is MyISAM: what is written there can't be rolled back" in said
    assert in_the_inbox(cabinet) and site.changed(pristine) == []
    assert site.run("toolsync_groups")["state"] == "success"


def test_a_log_that_cannot_be_rolled_back_is_not_written(site: Site):
    entries = "SELECT COUNT(*) FROM {logstore_standard_log}"
    with engine_of(site, "logstore_standard_log", "MyISAM"):
        before = site.value(entries)
        ended = site.run("toolsync_groups", SOME["groups"], moodle_log=True)
        assert (ended["state"], site.value(entries)) == ("success", before)
    assert "(Param moodle_log): its table is MyISAM" in ended["notes"][0]


def test_a_server_whose_keys_are_short_is_told_how_to_have_longer_ones(site: Site, pristine: Site):
    with set_to(site, "innodb_default_row_format", "compact", "dynamic"):
        ended = site.run("toolsync_groups", SOME["groups"])
    assert ended["state"] == "failed" and "innodb_default_row_format = dynamic" in " ".join(ended["messages"])
    assert site.changed(pristine) == []


def test_a_server_that_wants_encrypted_connections_says_how(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    mysql_only(site, "MariaDB only says that access is denied")
    with set_to(site, "require_secure_transport", "ON", "OFF"):
        with pytest.raises(AirflowFailException, match='"ssl_mode": "REQUIRED"'), MoodleHook().session():
            pass
        monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", site.connection(ssl_mode="REQUIRED"))
        with MoodleHook().session() as session:
            assert session.rows("SHOW STATUS LIKE 'Ssl_cipher'")[0][1]


def test_words_that_are_too_long_are_told(site: Site):
    """A text that is too long for its column of JSON_TABLE is NULL on MySQL, and cut on MariaDB."""
    word = "x" * 300
    ended = site.run("toolsync_courses_reset", f"shortname,roles\nC103,{word}\n", approve="yes")
    assert f"no role has this shortname: {word[:255]}" in str(ended["messages"]) + _report("courses_reset")
    ended = site.run("toolsync_courses_reset", f"shortname,modules\nC103,{word}\n", approve="yes")
    assert f"this site has no module {word[:100]}" in str(ended["messages"]) + _report("courses_reset")
    site.run("toolsync_courses", f"shortname,fullname,category,tags\nN1,New,Science,{word * 4}\n")
    assert site.value("SELECT COUNT(*) FROM {tag} WHERE rawname = %s", (word[:255],)) == 1


def test_a_path_with_a_long_gap_is_read(site: Site):
    """MySQL gives up a pattern that takes the square of a text's length."""
    gap = " " * 600
    for path in (f"Science{gap}/{gap}", f"{gap}Odd{gap}name"):
        ended = site.run("toolsync_courses", f"shortname,fullname,category_path\nN1,New,Science{path}\n")
        assert "pattern" not in str(ended["messages"]) + _report("courses") and ended["state"] == "success"


def _report(file_type: str) -> str:
    return "".join(path.read_text() for path in Cabinet(file_type).folder("report").glob("*.txt"))
