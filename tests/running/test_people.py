"""Enrolments, groups and cohorts beyond the scenarios: rules of Tool Sync's own rather than Moodle's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.scenarios import SCENARIOS
from tests.support.site import Site
from toolsync.moodle.session import MoodleSession

pytestmark = pytest.mark.usefixtures("airflow")

ROLES = """
SELECT r.shortname FROM {role_assignments} a JOIN {role} r ON r.id = a.roleid JOIN {context} x ON x.id = a.contextid AND x.contextlevel = 50
  JOIN {course} c ON c.id = x.instanceid JOIN {user} u ON u.id = a.userid
 WHERE u.username = %s AND c.shortname = %s ORDER BY r.shortname
"""
ENROLMENT = """
SELECT ue.status, ue.timestart, ue.timeend FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid JOIN {course} c ON c.id = e.courseid
  JOIN {user} u ON u.id = ue.userid WHERE u.username = %s AND c.shortname = %s
"""
ENROLLED_IN_C101 = (
    "SELECT ue.id, ra.id FROM {course} c JOIN {enrol} e ON e.courseid = c.id JOIN {user_enrolments} ue ON ue.enrolid = e.id "
    "JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = c.id LEFT JOIN {role_assignments} ra ON ra.contextid = x.id AND ra.userid = ue.userid "
    "WHERE c.shortname = 'C101' ORDER BY ue.id, ra.id"
)


def roles(site: Site, username: str, course: str) -> list[str]:
    return [name for (name,) in site.rows(ROLES, (username, course))]


def test_the_default_method_may_be_the_role_only(site: Site):
    result = site.run("toolsync_enrolments", "rolename,uid,cid\nteacher,u026,C103\n", default_method="-")
    assert result["counts"]["created"] == 1
    assert roles(site, "u026", "C103") == ["teacher"]
    assert site.rows(ENROLMENT, ("u026", "C103")) == []


def test_only_a_star_removes_all_roles(site: Site):
    site.run("toolsync_enrolments", "rolename,uid,cid,enrol\nteacher,u026,C103,-\nstudent,u026,C103,-\n")
    result = site.run("toolsync_enrolments", "cmd,rolename,uid,cid,enrol\ndel,,u026,C103,-\ndel,nosuch,u026,C103,-\n")
    assert result["counts"]["failed"] == 2
    assert "expected a role, or * for all of them" in Path(result["report"]).read_text()
    assert roles(site, "u026", "C103") == ["student", "teacher"]
    site.run("toolsync_enrolments", "cmd,rolename,uid,cid,enrol\ndel,*,u026,C103,-\n")
    assert roles(site, "u026", "C103") == []


def test_enabling_changes_no_dates_and_says_so(site: Site):
    site.run("toolsync_enrolments", "rolename,uid,cid,starttime,endtime\nstudent,u026,C103,2026-02-01,2026-03-01\n")
    before = site.rows(ENROLMENT, ("u026", "C103"))[0]
    result = site.run("toolsync_enrolments", "cmd,rolename,uid,cid,endtime\ndisable,,u026,C103,2027-01-01\n")
    assert site.rows(ENROLMENT, ("u026", "C103")) == [(1, *before[1:])]
    assert "enable and disable change no dates" in Path(result["report"]).read_text()


@pytest.mark.parametrize(
    ("dag_id", "file"),
    [
        ("toolsync_enrolments", "rolename,uid,cid,enrol\nstudent,u026,C101,guest\n"),
        ("toolsync_users", "username,course1,enrol1\nu026,C101,guest\n"),
    ],
)
def test_nobody_is_enrolled_as_a_guest(dag_id: str, file: str, site: Site):
    site.rows("UPDATE {enrol} SET status = 0 WHERE enrol = 'guest'")
    before = site.rows(ENROLLED_IN_C101)
    result = site.run(dag_id, file)
    assert "guests look into a course and are not enrolled" in Path(result["report"]).read_text()
    assert site.rows(ENROLLED_IN_C101) == before


def test_no_enrolment_ends_before_it_begins(site: Site):
    site.run("toolsync_enrolments", "rolename,uid,cid,starttime,endtime\nstudent,u026,C103,2026-02-01,2026-03-01\n")
    before = site.rows(ENROLMENT, ("u026", "C103"))
    result = site.run(
        "toolsync_enrolments",
        "cmd,rolename,uid,cid,starttime,endtime\nadd,student,u027,C103,2026-03-01,2026-02-01\nadd,student,u026,C103,,2026-01-01\n"
        "shift,teacher,u026,C103,2026-04-01,\nadd,student,u028,C103,2026-03-01,0\nadd,student,u029,C103,,2026-01-01\n",
    )
    assert (result["counts"]["created"], result["counts"]["failed"]) == (2, 3)
    assert Path(result["report"]).read_text().count("the enrolment would end before it begins") == 3
    assert site.rows(ENROLMENT, ("u026", "C103")) == before
    assert site.rows(ENROLMENT, ("u027", "C103")) == []


def test_a_new_cohort_without_a_name_is_named_after_its_key(site: Site):
    result = site.run("toolsync_cohorts", "cid,userid\nINTAKE,u001\nINTAKE,u002\n", auto_create=True)
    assert result["counts"]["failed"] == 0
    assert site.rows("SELECT name, idnumber FROM {cohort} WHERE idnumber = 'INTAKE'") == [("INTAKE", "INTAKE")]
    members = "SELECT COUNT(*) FROM {cohort_members} m JOIN {cohort} c ON c.id = m.cohortid WHERE c.idnumber = 'INTAKE'"
    assert site.value(members) == 2


def test_only_groups_in_courses_of_the_file_are_purged(site: Site):
    site.rows(
        "INSERT INTO {groups} (courseid, name, idnumber, timecreated, timemodified) SELECT id, 'Empty', '', 0, 0 FROM {course} WHERE shortname IN ('C102', 'C103')"
    )
    site.run(
        "toolsync_group_members",
        "courseid,groupid,userid,cmd\nC102,G1,nobody,add\n",
        group_id_field="name",
        purge_empty="groups",
    )
    left = "SELECT c.shortname FROM {groups} g JOIN {course} c ON c.id = g.courseid WHERE g.name = 'Empty' ORDER BY c.shortname"
    assert [name for (name,) in site.rows(left)] == ["C102", "C103"], "a line that failed names no course"
    [(user,)] = site.rows(
        "SELECT u.username FROM {user} u JOIN {user_enrolments} ue ON ue.userid = u.id JOIN {enrol} e ON e.id = ue.enrolid JOIN {course} c ON c.id = e.courseid WHERE c.shortname = 'C102' ORDER BY u.id LIMIT 1"
    )
    [(group,)] = site.rows(
        "SELECT g.name FROM {groups} g JOIN {course} c ON c.id = g.courseid WHERE c.shortname = 'C102' AND g.name <> 'Empty' ORDER BY g.id LIMIT 1"
    )
    result = site.run(
        "toolsync_group_members",
        f"courseid,groupid,userid\nC102,{group},{user}\n",
        group_id_field="name",
        purge_empty="groups",
    )
    assert result["counts"]["failed"] == 0, Path(result["report"]).read_text()
    assert [name for (name,) in site.rows(left)] == ["C103"]


def test_a_file_without_people_may_delete_and_create_a_cohort_repeatedly(site: Site):
    result = site.run("toolsync_cohorts", "cmd,cid\ndel,COH1\nadd,COH1\ndel,COH1\ndel,COH1\n", auto_create=True)
    assert (result["counts"]["deleted"], result["counts"]["created"], result["counts"]["failed"]) == (2, 1, 1)
    assert site.value("SELECT COUNT(*) FROM {cohort} WHERE idnumber = 'COH1'") == 0


def somebody_does(monkeypatch: pytest.MonkeyPatch, before: str, act: Callable[[], object]) -> None:
    """Let somebody on the site do something between our look and our writing.

    :param before: part of the statement before which it happens, once.
    """
    execute, execute_all, done = MoodleSession.execute, MoodleSession.execute_all, list[bool]()

    def is_next(statement: str) -> None:
        if before in statement and not done:
            done.append(True)
            act()

    def execute_late(self: MoodleSession, statement: str, args: Any = None) -> int:
        is_next(statement)
        return execute(self, statement, args)

    def execute_all_late(self: MoodleSession, statements: Sequence[str]) -> list[int]:
        is_next(";".join(statements))
        return execute_all(self, statements)

    monkeypatch.setattr(MoodleSession, "execute", execute_late)
    monkeypatch.setattr(MoodleSession, "execute_all", execute_all_late)
    monkeypatch.setattr("toolsync.running.runner.FEW_LINES", -1)


def test_somebody_whom_others_enrol_meanwhile_only_gets_what_is_missing(site: Site, monkeypatch: pytest.MonkeyPatch):
    def enrol() -> None:
        site.rows(
            "INSERT INTO {user_enrolments} (enrolid, userid, timestart, timeend, modifierid, timecreated, timemodified) "
            "SELECT e.id, u.id, 7, 0, 2, 7, 7 FROM {enrol} e JOIN {course} c ON c.id = e.courseid JOIN {user} u ON u.username = 'u026' "
            "WHERE c.shortname = 'C103' AND e.enrol = 'manual'"
        )

    somebody_does(monkeypatch, "INSERT INTO `mdl_user_enrolments`", enrol)
    result = site.run("toolsync_enrolments", "rolename,uid,cid\nstudent,u026,C103\nstudent,u027,C103\n")
    assert (result["counts"]["updated"], result["counts"]["created"], result["counts"]["failed"]) == (1, 1, 0)
    assert site.rows(ENROLMENT, ("u026", "C103")) == [(0, 7, 0)]
    assert roles(site, "u026", "C103") == roles(site, "u027", "C103") == ["student"]


def test_a_group_that_others_make_meanwhile_is_not_made_again(site: Site, monkeypatch: pytest.MonkeyPatch):
    def make() -> None:
        site.rows(
            "INSERT INTO {groups} (courseid, name, idnumber, timecreated, timemodified) SELECT id, 'New', '', 7, 7 FROM {course} WHERE shortname = 'C103'"
        )

    somebody_does(monkeypatch, "INSERT INTO `mdl_groups`", make)
    result = site.run("toolsync_enrolments", "rolename,uid,cid,gcmd,g1\nstudent,u026,C103,gaddcreate,New\n")
    assert result["counts"]["created"] == 1
    members = "SELECT g.timecreated, u.username FROM {groups} g LEFT JOIN {groups_members} m ON m.groupid = g.id LEFT JOIN {user} u ON u.id = m.userid WHERE g.name = 'New'"
    assert site.rows(members) == [(7, "u026")]


def test_a_cohort_that_others_make_meanwhile_is_not_made_again(site: Site, monkeypatch: pytest.MonkeyPatch):
    def make() -> None:
        site.rows(
            "INSERT INTO {cohort} (contextid, name, idnumber, descriptionformat, component, timecreated, timemodified) VALUES (1, 'New', 'NEW', 1, '', 7, 7)"
        )

    somebody_does(monkeypatch, "INSERT INTO `mdl_cohort` ", make)
    result = site.run("toolsync_cohorts", "cid,cname,userid\nNEW,New,u026\n", auto_create=True)
    assert (result["counts"]["created"], result["counts"]["failed"]) == (1, 0)
    members = "SELECT c.timecreated, u.username FROM {cohort} c LEFT JOIN {cohort_members} m ON m.cohortid = c.id LEFT JOIN {user} u ON u.id = m.userid WHERE c.idnumber = 'NEW'"
    assert site.rows(members) == [(7, "u026")]


def test_a_line_does_nothing_unless_it_can_join_all_its_groups(site: Site):
    site.rows(
        "INSERT INTO {groups} (courseid, name, idnumber, timecreated, timemodified) "
        "SELECT c.id, n.name, '', 0, 0 FROM {course} c JOIN (SELECT 'One' AS name UNION ALL SELECT 'Two' UNION ALL SELECT 'Two') n WHERE c.shortname = 'C103'"
    )
    result = site.run(
        "toolsync_enrolments",
        "rolename,uid,cid,gcmd,g1,g2\n"
        "student,u026,C103,gadd,One,Nowhere\n"
        "student,u027,C103,gadd,One,Two\n"
        f"student,u028,C103,gaddcreate,One,{'x' * 255}\n"
        "student,u029,C103,gaddcreate,one,One\n",  # two groups: letter case is part of a new name
    )
    assert (result["counts"]["created"], result["counts"]["failed"]) == (1, 3)
    report = Path(result["report"]).read_text()
    assert "this course has no such group" in report and "2 groups of this course have this name" in report
    assert [site.rows(ENROLMENT, (f"u{n}", "C103")) for n in ("026", "027", "028")] == [[], [], []]
    members = "SELECT u.username FROM {groups_members} m JOIN {groups} g ON g.id = m.groupid JOIN {user} u ON u.id = m.userid WHERE g.name = 'One'"
    assert site.rows(members) == [("u029",), ("u029",)]  # both, as the database compares


def test_of_two_methods_of_a_kind_a_line_means_the_one_by_which_the_person_is_enrolled(site: Site):
    site.rows(
        "INSERT INTO {enrol} (enrol, status, courseid, sortorder, roleid, timecreated, timemodified) "
        "SELECT 'self', 0, c.id, n.place, 5, 0, 0 FROM {course} c JOIN (SELECT 90 AS place UNION ALL SELECT 91) n WHERE c.shortname = 'C103'"
    )
    site.rows(
        "INSERT INTO {user_enrolments} (enrolid, userid, timestart, timeend, modifierid, timecreated, timemodified) "
        "SELECT e.id, u.id, 0, 0, 2, 7, 7 FROM {enrol} e JOIN {course} c ON c.id = e.courseid JOIN {user} u ON u.username = 'u026' "
        "WHERE c.shortname = 'C103' AND e.sortorder = 91"
    )
    by = "SELECT e.sortorder FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid JOIN {user} u ON u.id = ue.userid WHERE u.username = %s AND e.sortorder >= 90"
    site.run("toolsync_enrolments", "rolename,uid,cid,enrol\nstudent,u026,C103,self\nstudent,u027,C103,self\n")
    assert site.rows(by, ("u026",)) == [(91,)]
    assert site.rows(by, ("u027",)) == [(90,)]
    site.run("toolsync_enrolments", "cmd,rolename,uid,cid,enrol\ndel,,u026,C103,self\n")
    assert site.rows(by, ("u026",)) == []


@pytest.mark.parametrize("setting", ["recovergradesdefault = 0", "disablegradehistory = 1"])
def test_where_the_site_recovers_no_grades_who_comes_back_has_none(setting: str, site: Site):
    scenario = SCENARIOS["enrolments-grades-recovered"]
    scenario.prepare(site)
    name, value = setting.split(" = ")
    site.rows("DELETE FROM {config} WHERE name = %s", (name,))
    site.rows("INSERT INTO {config} (name, value) VALUES (%s, %s)", (name, value))
    tables = ("grade_grades", "grade_grades_history", "grade_items", "course_modules_completion")
    before = [site.rows(f"SELECT * FROM {{{table}}} ORDER BY id") for table in tables]
    assert scenario.run_file(site)["counts"]["created"] == 6
    assert [site.rows(f"SELECT * FROM {{{table}}} ORDER BY id") for table in tables] == before


def test_a_file_done_again_writes_nothing(site: Site):
    lines = "rolename,uid,cid,starttime,gcmd,g1\nstudent,u026,C103,2026-02-01,gaddcreate,New\nstudent,u027,C103,,gaddcreate,New\n"
    assert site.run("toolsync_enrolments", lines)["counts"]["created"] == 2
    assert site.run("toolsync_enrolments", lines)["counts"]["unchanged"] == 2
    site.rows(
        "DELETE m FROM {groups_members} m JOIN {groups} g ON g.id = m.groupid JOIN {user} u ON u.id = m.userid WHERE g.name = 'New' AND u.username = 'u027'"
    )
    counts = site.run("toolsync_enrolments", lines)["counts"]
    assert (counts["unchanged"], counts["updated"]) == (1, 1)
