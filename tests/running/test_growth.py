"""Four times as many lines, about as many other things, make the server read about four times as many rows, and no line makes it read all that the site has."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.people import fill, numbers
from tests.running.test_statistics import rows_read
from tests.support.site import Site
from toolsync.settings import settings

pytestmark = pytest.mark.usefixtures("airflow")
PEOPLE, METHODS, FEW, MANY = 2_000, 4_000, 100, 400
TIMES = 5.5  # rows that MANY lines read for each that FEW read: what a file reads once, however long, makes it less than four; sorting makes it more
THINGS = (
    f"""INSERT INTO {{tag}} (userid, tagcollid, name, rawname, isstandard, timemodified)
        SELECT 2, 1, CONCAT('tag', n), CONCAT('Tag', n), 0, 0 FROM {numbers(PEOPLE)}""",
    f"""INSERT INTO {{cohort}} (contextid, name, idnumber, descriptionformat, timecreated, timemodified)
        SELECT 1, CONCAT('Cohort ', n), CONCAT('KOH', n), 1, 1, 1 FROM {numbers(PEOPLE)}""",
    # Methods of courses and cohorts that no file is about.
    f"""INSERT INTO {{course}} (category, fullname, shortname, idnumber, format)
        SELECT 1, CONCAT('Far ', n), CONCAT('FAR', n), CONCAT('FAR', n), 'topics' FROM {numbers(100)}""",
    "INSERT INTO {context} (contextlevel, instanceid, path, depth) SELECT 50, id, '/1/0', 2 FROM {course} WHERE shortname LIKE 'FAR%%'",
    f"""INSERT INTO {{enrol}} (enrol, courseid, sortorder, roleid, customint1, customint2)
        SELECT 'meta', c.id, 1, 0, m.id, 0 FROM {numbers(METHODS)}
          JOIN {{course}} c ON c.shortname = CONCAT('FAR', n MOD 50 + 1) JOIN {{course}} m ON m.shortname = CONCAT('FAR', n MOD 49 + 51)""",
    f"""INSERT INTO {{enrol}} (enrol, courseid, sortorder, roleid, customint1, customint2)
        SELECT 'cohort', c.id, 1, 5, h.id, 0 FROM {numbers(METHODS)}
          JOIN {{course}} c ON c.shortname = CONCAT('FAR', n MOD 100 + 1) JOIN {{cohort}} h ON h.idnumber = CONCAT('KOH', n MOD 400 + 1600)""",
)
# In their order: a file of few lines, and one of many that begins after it.
FILES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "accounts": ("users", "username,firstname,lastname,email,idnumber,interests", 'new{n},A,B,new{n}@example.net,N{n},"tag{n},fresh{n}"', {}),
    "accounts in cohorts": ("users", "username,cohort1,cohort2", "bench{n},KOH{n},MADE{n}", {}),
    "accounts in courses": ("users", "username,course1,role1,group1", "bench{n},BENCH{c},student,Group {n}", {}),
    "enrolments": ("enrolments", "cmd,rolename,uid,cid,enrol,gcmd,g1", "add,student,bench{m},BENCH{c},manual,gaddcreate,Other {n}", {}),
    "cohort members": ("cohorts", "cmd,cid,userid", "add,KOH{m},bench{n}", {}),
    "cohorts": ("cohorts", "cid,cname,ccatcontextidnumber", "COH{n},Made {n},", {"auto_create": True}),
    "categories": ("courses", "shortname,fullname,category_path,idnumber,tags", 'NEW{n},New {n},Top {n} / Deep {n},NEW{n},"tag{n},other{n}"', {}),
    "moved courses": ("courses", "shortname,fullname,category_path", "NEW{n},New {n},Top {n} / Low {n}", {"force_update": True}),
    "renamed courses": ("courses", "shortname,fullname,rename", "NEW{n},New {n},OLD{n}", {"force_update": True}),
    "meta links": ("course_meta_links", "master,meta,cmd", "BENCH{c},OLD{n},add", {}),
    "bindings": ("cohort_bindings", "cmd,cohort,course,role", "add,KOH{n},OLD{n},student", {}),
    "groups": ("groups", "cmd,courseid,type,name,idnumber,groupingname", "add,OLD{n},group,Group {n},G{n},Grouping {n}", {}),
    "groups of a course": ("groups", "cmd,courseid,type,name,idnumber", "add,BENCH1,group,Many {n},M{n}", {}),
    "accounts in groups of a course": ("users", "username,course1,role1,group1", "bench{n},BENCH1,teacher,Much {n}", {}),
    "enrolments in groups of a course": ("enrolments", "cmd,rolename,uid,cid,enrol,gcmd,g1", "add,student,bench{m},BENCH1,manual,gaddcreate,More {n}", {}),
    "members of groups of a course": ("group_members", "cmd,courseid,groupid,userid", "add,BENCH1,Many {n},bench{m}", {"group_id_field": "name"}),
    "copies": ("courses", "shortname,fullname,category,template", "COPY{n},Copy {n},1,OLD1", {"category_id_field": "id"}),
    "methods": ("courses", "shortname,enrolment_1,enrolment_1_name,teacher1_account,teacher1_role,role_student,topic1", "OLD{n},self,Self {n},bench{n},editingteacher,Learner {n},Week {n}", {"force_update": True}),
    "group members": ("group_members", "cmd,courseid,groupid,userid", "shift,BENCH{c},Group {n},bench{m}", {"group_id_field": "name"}),
    "cohorts left": ("cohorts", "cmd,cid,userid", "del,KOH{m},bench{n}", {}),
    "bindings gone": ("cohort_bindings", "cmd,cohort,course,role", "fulldel,KOH{n},OLD{n},student", {"approve": "yes"}),
    "meta links gone": ("course_meta_links", "master,meta,cmd", "BENCH{c},OLD{n},fulldel", {"approve": "yes"}),
    "enrolments gone": ("enrolments", "cmd,rolename,uid,cid,enrol", "del,student,bench{m},BENCH{c},manual", {}),
    "logged": ("enrolments", "cmd,rolename,uid,cid,enrol", "add,student,bench{m},BENCH{c},manual", {"moodle_log": True}),
    "courses reset": ("courses_reset", "shortname,startdate,roles,groups", "OLD{n},2027-09-07,student,all", {"approve": "yes"}),
    "courses gone": ("courses_delete", "shortname", "OLD{n}", {"approve": "yes"}),
    "accounts gone": ("users", "username,deleted", "bench{n},1", {}),
}  # fmt: skip


def rows_of_lines(site: Site, kind: str, header: str, line: str, first: int, lines: int, **params: Any) -> int:
    about = ({"n": n, "m": n + 1000, "c": n % 500 + 1} for n in range(first, first + lines))
    rows, counts = rows_read(site, kind, "\n".join([header, *(line.format(**each) for each in about), ""]), **params)
    assert counts["unchanged"] == 0, counts
    return rows


def test_rows_read_grow_with_the_lines(site: Site, monkeypatch: pytest.MonkeyPatch):
    # So that the number of batches does not depend on the machine's speed.
    monkeypatch.setitem(settings(), "batch_seconds", None)
    fill(site, PEOPLE)
    for statement in THINGS:
        site.rows(statement)
    site.rows("ANALYZE TABLE {user}, {tag}, {cohort}, {course}, {context}, {enrol}")
    read = {}
    for name, (kind, header, line, params) in FILES.items():
        few = rows_of_lines(site, kind, header, line, 1, FEW, **params)
        read[name] = few, rows_of_lines(site, kind, header, line, 1 + FEW, MANY, **params)
    assert {name: rows for name, rows in read.items() if rows[1] > TIMES * rows[0]} == {}
    # What the site has besides may be read for a batch, not for each of its lines.
    assert {name: rows for name, rows in read.items() if rows[0] > METHODS * FEW * 0.9} == {}


def test_a_binding_that_makes_a_group_reads_those_of_its_course_a_few_times(site: Site):
    groups = 3_000
    site.rows(
        f"INSERT INTO {{groups}} (courseid, name) SELECT c.id, CONCAT('Group ', n) FROM {numbers(groups)} JOIN {{course}} c ON c.shortname = 'C103'"
    )
    file = "cmd,cohort,course,role,makegroup\nadd,COH2,C103,student,yes\n"
    rows, _ = rows_read(site, "cohort_bindings", file)
    assert rows < 20 * groups
