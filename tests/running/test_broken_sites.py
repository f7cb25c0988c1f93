"""Sites whose rows, settings or tables are not as Moodle makes them: restored in part, changed by hand, upgraded for years."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site
from tests.torture.attacked import of_batches
from toolsync.cabinet.bundles import bundles
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle import contexts
from toolsync.running.ledger import Ledger

pytestmark = pytest.mark.usefixtures("airflow")

NEW = "username,firstname,lastname,email\nzz1,a,b,zz1@x.org\nzz2,a,b,zz2@x.org\nzz3,a,b,zz3@x.org\n"
LEAVES = "cmd,rolename,uid,cid\ndel,,u026,C102\n"
ENROLMENT = "enrolid = 7 AND userid = 28"  # of u026 in C102
TWIN = (
    "INSERT INTO {cohort} (contextid, name, idnumber, descriptionformat, visible, component, timecreated, timemodified) "
    "VALUES (1, 'Twin', 'COH1', 1, 1, '', 1, 1)"
)


@pytest.fixture(autouse=True)
def looked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "AGAIN_AFTER", 0)


def undone(site: Site, kind: str) -> dict[str, Any]:
    return site.run("toolsync_undo", approve="yes", runs=[bundles(Cabinet(kind))[-1].claim_id])


def said(result: dict[str, Any]) -> str:
    report = Path(result["report"]).read_text() if "report" in result else ""
    return " ".join([*(result.get("messages") or ()), report])


def set_to(site: Site, name: str, value: str | None, table: str = "config") -> None:
    """Give a setting of the site a value; None: there is none."""
    site.rows(f"DELETE FROM {{{table}}} WHERE name = %s", (name,))
    if value is not None:
        site.rows(f"INSERT INTO {{{table}}} (name, value) VALUES (%s, %s)", (name, value))


def without_context(site: Site, name: str) -> None:
    of_course = "(SELECT id FROM {course} WHERE shortname = %s)"
    site.rows(f"DELETE FROM {{context}} WHERE contextlevel = 50 AND instanceid = {of_course}", (name,))


@contextmanager
def altered(site: Site, do: str, back: str) -> Iterator[None]:
    site.rows(do)
    try:
        yield
    finally:
        site.rows(back)


# -- settings --


@pytest.mark.parametrize("value", [None, "", "abc", "99999", "1abc", " 1"])
@pytest.mark.parametrize("name", ["siteguest", "mnet_localhost_id"])
def test_without_the_settings_that_tell_accounts_apart_nothing_is_done(
    site: Site, pristine: Site, name: str, value: str | None
):
    set_to(site, name, value)
    result = site.run("toolsync_users", "username,deleted\nguest,1\nu005,1\n", approve="yes")
    assert result["state"] == "failed" and "don't lead to the guest account" in said(result)
    assert set(site.changed(pristine)) == {"mdl_config"}


@pytest.mark.parametrize("value", [None, "", "2025100600.99abc"])
def test_a_version_that_is_no_number_has_words(site: Site, value: str | None):
    set_to(site, "version", value)
    assert "not the number of a version of Moodle" in said(site.run("toolsync_enrolments", LEAVES))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("siteadmins", None),
        ("sessiontimeout", "99999999999999999999"),
        ("sessiontimeout", "-5"),
        ("sessiontimeout", ""),
    ],
)
def test_settings_that_are_missing_or_too_large(site: Site, name: str, value: str | None):
    set_to(site, name, value)
    assert site.run("toolsync_enrolments", "rolename,uid,cid\nstudent,u050,C103\n")["counts"]["created"] == 1
    assert (
        site.value("SELECT MIN(expiry - timemodified) FROM {cache_flags} WHERE flagtype LIKE 'accesslib/%%'") >= 28800
    )


def test_roles_that_meta_links_skip_may_be_listed_with_spaces(site: Site):
    site.rows("DELETE FROM {config_plugins} WHERE plugin = 'enrol_meta' AND name = 'nosyncroleids'")
    site.rows("INSERT INTO {config_plugins} (plugin, name, value) VALUES ('enrol_meta', 'nosyncroleids', '3, 5')")
    site.run("toolsync_enrolments", "rolename,uid,cid\nstudent,u050,C101\n")
    assert site.value("SELECT COUNT(*) FROM {role_assignments} WHERE userid = 52 AND component = 'enrol_meta'") == 0


# -- contexts --


@pytest.mark.parametrize(
    ("kind", "course", "lines"),
    [
        ("enrolments", "C102", LEAVES),
        ("users", "C102", "username,deleted\nu026,1\n"),
        ("cohorts", "C105", "cmd,cid\ndel,COH1\n"),
        ("cohort_bindings", "C103", "cohort,course\nCOH1,C103\n"),
        ("cohort_bindings", "C105", "cmd,cohort,course,role\nfulldel,COH1,C105,*\n"),
        ("course_meta_links", "C104", "cmd,master,meta\nfulldel,C101,C104\n"),
    ],
)
def test_who_is_in_a_course_without_context_is_left_alone(
    site: Site, pristine: Site, kind: str, course: str, lines: str
):
    without_context(site, course)
    result = site.run(f"toolsync_{kind}", lines, approve="yes" if "del" in lines else None)
    assert f"which holds who has which role there: {course}. Moodle's own task creates what is missing" in said(result)
    assert set(site.changed(pristine)) == {"mdl_context"}


def test_a_course_that_somebody_is_just_making_holds_nothing_up(site: Site, monkeypatch: pytest.MonkeyPatch):
    def makes_it(_seconds: float) -> None:
        site.rows(
            "INSERT INTO {context} (contextlevel, instanceid, path, depth) SELECT 50, id, '/1/0', 2 FROM {course} WHERE shortname = 'JUST'"
        )
        site.rows("INSERT INTO {course} (category, fullname, shortname) VALUES (2, 'Next', 'NEXT')")

    site.rows("INSERT INTO {course} (category, fullname, shortname) VALUES (2, 'Just', 'JUST')")
    monkeypatch.setattr("toolsync.moodle.contexts.time.sleep", makes_it)
    assert site.run("toolsync_enrolments", LEAVES)["counts"]["deleted"] == 1


@pytest.mark.parametrize("path", ["1/3/5", "/1/3/", "//", "/abc", "/1/1/1"])
def test_a_broken_path_of_a_forum_keeps_nobody_out_of_the_course(site: Site, path: str):
    site.rows("UPDATE {forum} SET forcesubscribe = 2 WHERE course = 3")
    site.rows(
        "UPDATE {context} x JOIN {course_modules} cm ON cm.id = x.instanceid AND x.contextlevel = 70 SET x.path = %s WHERE cm.course = 3",
        (path,),
    )
    lines = "rolename,uid,cid\nstudent,u050,C101\nstudent,u051,C103\n"
    assert site.run("toolsync_enrolments", lines)["counts"]["created"] == 2


def test_a_second_context_of_the_whole_site(site: Site):
    site.rows("INSERT INTO {context} (contextlevel, instanceid, depth, path) VALUES (10, 1, 1, '/999')")
    assert site.run("toolsync_users", "username,city\nu001,Rome\n")["counts"]["updated"] == 1


# -- rows --


def test_a_deleted_account_keeps_no_enrolment_whose_method_is_gone(site: Site):
    site.rows(
        "INSERT INTO {user_enrolments} (enrolid, userid, timestart, timeend, modifierid, timecreated, timemodified) VALUES (99999, 28, 0, 0, 0, 1, 1)"
    )
    before = site.rows("SELECT * FROM {user_enrolments} WHERE userid = 28 ORDER BY id")
    site.run("toolsync_users", "username,deleted\nu026,1\n", approve="yes")
    assert site.rows("SELECT * FROM {user_enrolments} WHERE userid = 28") == []
    undone(site, "users")
    there = "SELECT * FROM {user_enrolments} WHERE userid = 28 AND enrolid <> 99999 ORDER BY id"  # of a method that is gone, nothing comes back
    assert site.rows(there) == [row for row in before if 99999 not in row]


@pytest.mark.parametrize(
    ("twin", "kind", "lines", "kept"),
    [
        (TWIN, "cohorts", "cmd,cid\ndel,1\n", "SELECT id, name, idnumber FROM {cohort} ORDER BY id"),
        (TWIN, "cohorts", "cmd,cid,cidnumber\nadd,1,NEW\n", "SELECT id, name, idnumber FROM {cohort} ORDER BY id"),
    ],
)
def test_what_two_had_before_two_have_again(site: Site, twin: str, kind: str, lines: str, kept: str):
    site.rows(twin)
    before = site.rows(kept)
    site.run(f"toolsync_{kind}", lines, approve="yes" if "del" in lines else None, cohort_id_field="id")
    assert site.rows(kept) != before
    result = undone(site, kind)
    assert site.rows(kept) == before, said(result)


def test_what_another_was_given_since_is_not_given_twice(site: Site):
    site.run("toolsync_cohorts", "cmd,cid\ndel,1\n", approve="yes", cohort_id_field="id")
    site.rows(TWIN.replace("1, 1)", "UNIX_TIMESTAMP(), UNIX_TIMESTAMP())"))
    assert "somebody made another one since" in said(undone(site, "cohorts"))


def test_two_profile_fields_of_one_short_name_are_no_scope(site: Site):
    site.rows(
        "INSERT INTO {user_info_field} (shortname, name, datatype, categoryid, sortorder, required, locked, visible, forceunique, signup, descriptionformat, "
        "defaultdataformat) VALUES ('department_code', 'x', 'text', 1, 9, 0, 0, 2, 0, 0, 0, 0)"
    )
    scope = {"scope_profile_field": "department_code=HIS-1", "scope_auth": "manual", "missing": "suspend"}
    result = site.run("toolsync_users", "username,city\nu001,X\n", mode="full", approve="yes", **scope)
    assert "2 profile fields have this short name" in said(result)


@pytest.mark.parametrize("seconds", [1768467600000, 2**63 - 1])
def test_a_last_access_that_is_no_moment_is_shown_as_it_is(site: Site, seconds: int):
    site.rows("UPDATE {user} SET lastaccess = %s WHERE username = 'u010'", (seconds,))
    whole = {"mode": "full", "missing": "suspend", "scope_auth": "manual"}
    result = site.run("toolsync_users", "username,city\nu001,X\n", approve="yes", **whole)
    assert "no words for" not in said(result)


def test_a_period_that_no_number_holds_fails_its_line(site: Site):
    site.rows("UPDATE {enrol} SET enrolperiod = 9223372036854775807 WHERE courseid = 5 AND enrol = 'manual'")
    counts = site.run("toolsync_users", "username,course1\nu050,C103\nu051,C101\n")["counts"]
    assert (counts["updated"], counts["failed"]) == (1, 1)


# -- tables --


def test_a_trigger_that_refuses_a_row_fails_its_line(site: Site):
    refuses = "IF NEW.username = 'zz2' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF"
    trigger = f"CREATE TRIGGER zz BEFORE INSERT ON {{user}} FOR EACH ROW BEGIN {refuses}; END"
    with altered(site, trigger, "DROP TRIGGER zz"):
        result = site.run("toolsync_users", NEW)
    assert (result["counts"]["created"], result["counts"]["failed"]) == (2, 1)
    assert "line 3" in said(result) and "not this one" in said(result)


def test_a_trigger_that_renames_a_group_puts_nobody_into_group_0(site: Site):
    trigger = "CREATE TRIGGER zz BEFORE INSERT ON {groups} FOR EACH ROW SET NEW.name = CONCAT('2026 ', NEW.name)"
    with altered(site, trigger, "DROP TRIGGER zz"):
        site.run("toolsync_enrolments", "cmd,rolename,uid,cid,gcmd,g1\nadd,student,u050,C101,gaddcreate,NG2\n")
    assert site.value("SELECT COUNT(*) FROM {groups_members} WHERE groupid = 0") == 0


def test_a_column_of_others_without_a_default_has_words(site: Site):
    with altered(site, "ALTER TABLE {user} ADD COLUMN zz VARCHAR(10) NOT NULL", "ALTER TABLE {user} DROP COLUMN zz"):
        assert "Give it a default" in said(site.run("toolsync_users", NEW))


def test_a_row_that_others_refer_to_fails_its_line(site: Site):
    table = "CREATE TABLE {zz} (id BIGINT PRIMARY KEY AUTO_INCREMENT, ueid BIGINT NOT NULL, FOREIGN KEY (ueid) REFERENCES {user_enrolments} (id))"
    with altered(site, table, "DROP TABLE {zz}"):
        site.rows(f"INSERT INTO {{zz}} (ueid) SELECT id FROM {{user_enrolments}} WHERE {ENROLMENT}")
        counts = site.run("toolsync_enrolments", LEAVES + "add,student,u031,C103\n")["counts"]
    assert (counts["created"], counts["failed"]) == (1, 1)


def test_a_column_that_the_server_works_out_is_not_put_back(site: Site, pristine: Site):
    add = "ALTER TABLE {user_enrolments} ADD COLUMN zz BIGINT AS (enrolid + userid) VIRTUAL"
    with altered(site, add, "ALTER TABLE {user_enrolments} DROP COLUMN zz"):
        site.run("toolsync_enrolments", LEAVES)
        undone(site, "enrolments")
    of_table = "SELECT * FROM {user_enrolments} ORDER BY id"
    assert site.rows(of_table) == pristine.rows(of_table)


def test_a_copy_with_a_name_that_moodle_does_not_give_hinders_no_undo(site: Site):
    table = "CREATE TABLE `mdl_user_enrolments-2019` (id BIGINT PRIMARY KEY, userid BIGINT, KEY (userid))"
    with altered(site, table, "DROP TABLE `mdl_user_enrolments-2019`"):
        site.run("toolsync_users", NEW)
        undone(site, "users")
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'zz_'") == 0


def test_members_who_are_in_a_cohort_twice_come_back(site: Site):
    unique = "UNIQUE KEY mdl_cohomemb_cohuse_uix (cohortid, userid)"
    drop = "ALTER TABLE {cohort_members} DROP INDEX mdl_cohomemb_cohuse_uix"
    try:
        site.rows(drop)
        last = site.value("SELECT MAX(id) FROM {cohort_members}")
        site.rows(
            "INSERT INTO {cohort_members} (cohortid, userid, timeadded) SELECT cohortid, userid, timeadded FROM {cohort_members}"
        )
        site.run("toolsync_users", "username,deleted\nu001,1\n", approve="yes")
        undone(site, "users")
        assert site.value("SELECT deleted FROM {user} WHERE id = 3") == 0
    finally:
        site.rows("DELETE FROM {cohort_members} WHERE id > %s", (last,))
        site.rows(f"ALTER TABLE {{cohort_members}} ADD {unique}")


def test_nothing_is_written_while_somebody_upgrades_the_site(
    site: Site, pristine: Site, monkeypatch: pytest.MonkeyPatch
):
    """Its tables change then, and rows that come behind a step which converts them would stay as they were."""
    soon = str(int(time.time()) + 600)
    set_to(site, "upgraderunning", soon)
    assert "The site is being upgraded (its setting upgraderunning holds until" in said(site.run("toolsync_users", NEW))
    assert site.changed(pristine) == ["mdl_config"]
    set_to(site, "upgraderunning", "1")  # one that broke off long ago
    of_batches(monkeypatch, 1)
    confirm = Ledger.confirm

    def then_upgrade(self: Ledger, *args: Any) -> None:
        confirm(self, *args)
        set_to(site, "upgraderunning", soon)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "confirm", then_upgrade)
        assert "The site is being upgraded" in said(site.run("toolsync_users"))
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'zz_'") == 1
    set_to(site, "upgraderunning", None)
    assert site.run("toolsync_users")["counts"]["created"] == 3
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'zz_'") == 3
