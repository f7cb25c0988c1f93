"""Sites that the course graph does not fit: a newer Moodle, tables of a plugin. What walks the graph does nothing there, and names them; all else works."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.inbox import dropped
from tests.support.site import Site

pytestmark = pytest.mark.usefixtures("airflow")
OLD = "This site runs Moodle 5.2 (Build: 20260420); Tool Sync was tested with 4.1 to 5.1."
# What Moodle's upgrade to 5.2 does to tables with rows of a course, as it was read.
UPGRADE = """
ALTER TABLE {assign} ADD markercount TINYINT NOT NULL DEFAULT 1, ADD multimarkmethod VARCHAR(10), ADD multimarkrounding TINYINT;
CREATE TABLE {assign_mark} (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, assignment BIGINT NOT NULL DEFAULT 0, gradeid BIGINT NOT NULL DEFAULT 0,
    timecreated BIGINT NOT NULL DEFAULT 0, timemodified BIGINT NOT NULL DEFAULT 0, marker BIGINT NOT NULL DEFAULT 0, mark DECIMAL(10,5),
    workflowstate VARCHAR(20), KEY (assignment), KEY (gradeid), KEY (marker));
CREATE TABLE {assign_allocated_marker} (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, student BIGINT NOT NULL DEFAULT 0,
    assignment BIGINT NOT NULL DEFAULT 0, marker BIGINT NOT NULL DEFAULT 0, KEY (student), KEY (assignment), KEY (marker));
ALTER TABLE {assign_user_flags} DROP allocatedmarker;
ALTER TABLE {assign_overrides} ADD reason LONGTEXT, ADD reasonformat TINYINT NOT NULL DEFAULT 0;
ALTER TABLE {quiz_overrides} ADD reason LONGTEXT, ADD reasonformat TINYINT NOT NULL DEFAULT 0;
ALTER TABLE {lesson_overrides} ADD reason LONGTEXT, ADD reasonformat TINYINT NOT NULL DEFAULT 0;
ALTER TABLE {assignfeedback_file} ADD mark BIGINT;
ALTER TABLE {assignfeedback_editpdf_annot} ADD markid BIGINT;
ALTER TABLE {assignfeedback_editpdf_cmnt} ADD markid BIGINT;
ALTER TABLE {assignfeedback_editpdf_rot} ADD markid BIGINT;
DROP TABLE {moodlenet_share_progress};
ALTER TABLE {user} DROP moodlenetprofile;
UPDATE {config} SET value = '2026042000.00' WHERE name = 'version';
UPDATE {config} SET value = '5.2 (Build: 20260420)' WHERE name = 'release';
UPDATE {config} SET value = '502' WHERE name = 'branch';
INSERT INTO {assign_mark} (assignment, gradeid, marker, mark) SELECT g.assignment, g.id, 2, 7 FROM {assign_grades} g;
INSERT INTO {assign_allocated_marker} (assignment, student, marker) SELECT s.assignment, s.userid, 2 FROM {assign_submission} s WHERE s.userid > 0
"""
# And the one to 5.3.
FURTHER = """
ALTER TABLE {assign} ADD optionalmarkercount TINYINT NOT NULL DEFAULT 0;
ALTER TABLE {assign_allocated_marker} ADD optional TINYINT NOT NULL DEFAULT 0, ADD enabled TINYINT;
ALTER TABLE {course} ADD deletioninprogress TINYINT NOT NULL DEFAULT 0;
ALTER TABLE {quiz} ADD duedate BIGINT NOT NULL DEFAULT 0;
ALTER TABLE {quiz_overrides} ADD duedate BIGINT;
ALTER TABLE {quizaccess_seb_quizsettings} ADD overrideid BIGINT NOT NULL DEFAULT 0, ADD overrideenabled TINYINT NOT NULL DEFAULT 0;
ALTER TABLE {ai_action_register} ADD courseid BIGINT;
CREATE TABLE {grade_outcomes_modules} (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, outcomecourseid BIGINT NOT NULL, cmid BIGINT NOT NULL,
    usercreated BIGINT, timecreated BIGINT, KEY (outcomecourseid), KEY (cmid));
UPDATE {config} SET value = '2026100500.00' WHERE name = 'version';
UPDATE {config} SET value = '5.3 (Build: 20261005)' WHERE name = 'release';
UPDATE {config} SET value = '503' WHERE name = 'branch';
INSERT INTO {grade_outcomes_modules} (outcomecourseid, cmid, usercreated, timecreated) SELECT 999, cm.id, 2, 1 FROM {course_modules} cm WHERE cm.course = 3 LIMIT 3
"""
PLUGIN = """
CREATE TABLE {local_foo_items} (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, courseid BIGINT NOT NULL);
CREATE TABLE {local_foo_marks} (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, itemid BIGINT NOT NULL, userid BIGINT NOT NULL);
CREATE TABLE {block_level} (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, userid BIGINT NOT NULL);
INSERT INTO {config_plugins} (plugin, name, value) VALUES ('local_foo', 'version', '1'), ('block_level', 'version', '1')
"""
# What is no table of a plugin: those of a second Moodle in the database, views, our own, and what core plugins left that Moodle no longer has.
HARMLESS = """
CREATE TABLE {two_config_plugins} (id BIGINT); CREATE TABLE {two_context} (id BIGINT); CREATE TABLE {two_course_modules} (id BIGINT, course BIGINT);
CREATE TABLE {two_local_bar} (id BIGINT, courseid BIGINT);
CREATE TABLE other_local_bar (id BIGINT, courseid BIGINT);
CREATE VIEW {local_view} AS SELECT c.id, c.id AS courseid FROM {course} c;
CREATE TABLE {toolsync_kept} (id BIGINT, courseid BIGINT);
CREATE TABLE {chat} (id BIGINT, course BIGINT); CREATE TABLE {chat_users} (id BIGINT, chatid BIGINT, userid BIGINT, groupid BIGINT, course BIGINT);
CREATE TABLE {survey} (id BIGINT, course BIGINT); CREATE TABLE {survey_answers} (id BIGINT, userid BIGINT, survey BIGINT, question BIGINT);
CREATE TABLE {assignment} (id BIGINT, course BIGINT); CREATE TABLE {assignment_submissions} (id BIGINT, assignment BIGINT, userid BIGINT);
CREATE TABLE {editor_atto_autosave} (id BIGINT, contextid BIGINT, userid BIGINT, draftid BIGINT);
CREATE TABLE {mnetservice_enrol_enrolments} (id BIGINT, hostid BIGINT, userid BIGINT, remotecourseid BIGINT)
"""
DELETE: dict[str, Any] = {"file": "C101\n", "require_approval": False}
RESET: dict[str, Any] = {"file": "shortname,notes\nC101,yes\n", "require_approval": False}
COPY: dict[str, Any] = {"file": "shortname,fullname,category_idnumber,template\nN1,New,SCI,C101\n"}


@pytest.fixture
def other(site: Site, pristine: Site) -> Iterator[Site]:
    """A site whose tables a test changes; they are made anew afterwards."""
    yield site
    for name, kind in site.rows(
        "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE()"
    ):
        there = pristine.value(
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = %s AND table_name = %s",
            (pristine.database, name),
        )
        if not there:
            site.rows(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} `{name}`")
    for (name,) in pristine.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"):
        if site.rows("SHOW TABLES LIKE %s", (name,)) == [] or shape(site, name) != shape(pristine, name):
            site.rows(f"DROP TABLE IF EXISTS `{name}`")
            site.rows(f"CREATE TABLE `{name}` LIKE `{pristine.database}`.`{name}`")


def shape(site: Site, table: str) -> str:
    return site.rows(f"SHOW CREATE TABLE `{table}`")[0][1].partition(") ENGINE")[0]


def do(site: Site, statements: str) -> None:
    for statement in filter(str.strip, statements.split(";")):
        site.rows(statement)


def refused(site: Site, dag: str, file: str, **params: Any) -> str:
    """Why a file of the inbox was refused, which is there again."""
    dropped_file = dropped(dag, file).folder("inbox") / "file.csv"
    before = site.value("SELECT MAX(id) FROM {course}"), site.value("SELECT COUNT(*) FROM {course_modules}")
    result = site.run(f"toolsync_{dag}", **params)
    assert result["state"] == "failed" and not result["counts"]["deleted"]
    assert dropped_file.read_text(encoding="utf-8") == file
    dropped_file.unlink()
    assert (site.value("SELECT MAX(id) FROM {course}"), site.value("SELECT COUNT(*) FROM {course_modules}")) == before
    report = Path(result["report"]).read_text(encoding="utf-8")
    assert "NOT EXECUTED: nothing was done. The site is unchanged." in report
    assert result["unfit"] in " ".join(result["messages"])
    return result["unfit"]


def test_a_newer_moodle(other: Site):
    do(other, UPGRADE)
    marks = other.value("SELECT COUNT(*) FROM {assign_mark} m JOIN {assign} a ON a.id = m.assignment AND a.course = 3")
    assert marks
    # What walks the graph does nothing.
    for dag, params in {
        "courses_delete": DELETE,
        "courses_reset": RESET,
        "courses": COPY,
        "courses_restore": {"file": "C101\n"},
    }.items():
        why = refused(other, dag, **params)
        assert why.startswith(OLD) and "accept_newer" in why
    # All else is done, and says so once.
    for dag, file in {
        "courses": "shortname,fullname,category_idnumber,template\nN2,New,SCI,\n",
        "groups": "courseid,name\nC101,G9\n",
    }.items():
        done = other.run(f"toolsync_{dag}", file)
        assert done["counts"]["created"] == 1
        assert Path(done["report"]).read_text(encoding="utf-8").count(OLD) == 1
        assert len(done["notes"]) == 1 and done["notes"][0].startswith(OLD)
    # Accepted, it takes all rows of the tables that were read, and puts them back.
    do(other, FURTHER)
    done = other.run(
        "toolsync_courses_reset",
        "shortname,grades,assign_submissions\nC101,all,yes\n",
        accept_newer=True,
        require_approval=False,
    )
    assert done["counts"]["updated"] == 1 and orphans(other) == [], done
    assert not other.value(
        "SELECT COUNT(*) FROM {assign_mark} m JOIN {assign} a ON a.id = m.assignment AND a.course = 3"
    )
    assert other.run("toolsync_courses_restore", "C101\n", accept_newer=True)["counts"]["updated"] == 1
    kept = rows_read(other)
    done = other.run("toolsync_courses_delete", accept_newer=True, **DELETE)
    assert done["counts"]["deleted"] == 1
    assert orphans(other) == [] and len(rows_read(other)) < len(kept) - marks
    assert other.run("toolsync_courses_restore", "C101\n", accept_newer=True)["counts"]["created"] == 1
    assert rows_read(other) == kept
    done = other.run("toolsync_courses", accept_newer=True, **COPY)
    assert done["counts"]["created"] == 1 and rows_read(other) == kept


def rows_read(site: Site) -> list[tuple[Any, ...]]:
    return site.rows(
        "SELECT 'mark', id, assignment, gradeid, marker FROM {assign_mark} "
        "UNION SELECT 'marker', id, assignment, student, marker FROM {assign_allocated_marker} "
        "UNION SELECT 'outcome', id, outcomecourseid, cmid, usercreated FROM {grade_outcomes_modules} ORDER BY 1, 2"
    )


def orphans(site: Site) -> list[tuple[Any, ...]]:
    return site.rows(
        "SELECT 'mark', m.id FROM {assign_mark} m LEFT JOIN {assign} a ON a.id = m.assignment LEFT JOIN {assign_grades} g ON g.id = m.gradeid "
        "WHERE a.id IS NULL OR g.id IS NULL "
        "UNION SELECT 'marker', m.id FROM {assign_allocated_marker} m LEFT JOIN {assign} a ON a.id = m.assignment WHERE a.id IS NULL "
        "UNION SELECT 'outcome', m.id FROM {grade_outcomes_modules} m LEFT JOIN {course_modules} c ON c.id = m.cmid WHERE c.id IS NULL"
    )


def test_tables_of_a_plugin(other: Site):
    do(other, PLUGIN)
    do(other, HARMLESS)
    for dag, params in {"courses_delete": DELETE, "courses": COPY}.items():
        why = refused(other, dag, accept_newer=True, **params)
        assert ": plugin local_foo: local_foo_items (courseid), local_foo_marks (itemid, userid). " in why
        assert (
            "  local_foo_items: {of: {courseid: course}, copy: false}\n  local_foo_marks: {of: {COLUMN: TABLE}, people: true}\n"
            in why
        )
    assert other.run("toolsync_groups", "courseid,name\nC101,G9\n")["counts"]["created"] == 1


def test_tables_that_are_none_of_a_course(other: Site, caplog: pytest.LogCaptureFixture):
    do(other, PLUGIN)
    do(other, HARMLESS)
    do(other, "DROP TABLE {local_foo_items}; DROP TABLE {local_foo_marks}")
    with caplog.at_level("INFO"):
        done = other.run("toolsync_courses_reset", **RESET)
    assert done["counts"]["failed"] == 0, done
    assert (
        "Outside the course graph, as no column of theirs leads to a course: plugin block_level: block_level (userid)."
        in caplog.messages
    )


# Files with a line about a course that Moodle is about to delete.
GOING: dict[str, tuple[str, str]] = {
    "enrolments": ("uid,cid,rolename\nu010,C102,student\n", "cid"),
    "group_members": ("courseid,groupid,userid\nC102,G1,u010\n", "courseid"),
    "groups": ("courseid,name\nC102,G9\n", "courseid"),
    "course_meta_links": ("master,meta\nC101,C102\n", "meta"),
    "users": ("username,course1\nu010,C102\n", "course1"),
    "courses_check": ("shortname\nC102\n", "shortname"),
    "courses_delete": ("C102\n", "shortname"),
    "courses_reset": ("shortname,notes\nC102,yes\n", "shortname"),
}


def test_a_course_that_moodle_is_about_to_delete(other: Site):
    do(other, "ALTER TABLE {course} ADD deletioninprogress TINYINT NOT NULL DEFAULT 0")
    do(other, "UPDATE {course} SET deletioninprogress = 1, visible = 0, idnumber = 'GOING' WHERE shortname = 'C102'")
    for dag, (file, column) in GOING.items():
        approval: dict[str, Any] = {"require_approval": False} if dag in ("courses_delete", "courses_reset") else {}
        assert told(other.run(f"toolsync_{dag}", file, **approval)) == [(column, "this course is being deleted")], dag
    file = (
        "shortname,fullname,category_idnumber,idnumber,template\nC102,New,SCI,,\nN1,New,SCI,GOING,\nN2,New,SCI,,C102\n"
    )
    assert told(other.run("toolsync_courses", file, force_update=True)) == [
        ("shortname", "this course is being deleted"),
        ("idnumber", "a course that is being deleted has it: C102"),
        ("template", "this course is being deleted"),
    ]
    made = other.run("toolsync_make_command_file", shortname="C10*")
    names = [line.partition(",")[0] for line in Path(made["path"]).read_text(encoding="utf-8").splitlines()]
    assert "C101" in names and "C102" not in names


def told(result: dict[str, Any]) -> list[tuple[str, str]]:
    """The columns and messages of lines that failed."""
    with open(result["lines"], encoding="utf-8", newline="") as table:
        return [(row["column"], row["message"]) for row in csv.DictReader(table) if row["message"]]
