"""Courses of sites whose rows, settings or tables are not as Moodle makes them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.running.test_broken_sites import altered, looked_again_at_once, said, set_to, without_context
from tests.support.site import Site
from tests.support.undo import delete, differing, restore, state_of

pytestmark = pytest.mark.usefixtures("airflow", looked_again_at_once.__name__)

AT_ONCE: dict[str, Any] = {"force_update": True, "require_approval": False}
NOWHERE = "UPDATE {course} SET category = 999999 WHERE id = 3"  # C101


def reset(site: Site, columns: str, values: str) -> dict[str, Any]:
    return site.run("toolsync_courses_reset", f"shortname,{columns}\nC101,{values}\n", require_approval=False)


def brought_back(site: Site, deleted: dict[str, Any], by: str) -> dict[str, Any]:
    return (
        restore(site, "C101") if by == "restore" else site.run("toolsync_undo", approve="yes", runs=[deleted["claim"]])
    )


# -- categories --


@pytest.mark.parametrize("path", ["/5", "", "/2"])
def test_what_lies_below_a_category_is_not_read_from_its_path(site: Site, path: str):
    site.rows("UPDATE {course_categories} SET path = %s WHERE id = 5", (path,))
    scope: dict[str, Any] = {"scope": "category", "scope_category": "HUM", "category_id_field": "idnumber"}
    lines = "rolename,cid,uid\nstudent,C104,u001\n"
    result = site.run("toolsync_enrolments", lines, mode="full", simulate=True, **scope)
    assert ",C102" not in Path(result["lines"]).read_text() and result["counts"]["deleted"] < 20


@pytest.mark.parametrize(
    ("kind", "lines"), [("courses_delete", "C102\nC104\n"), ("courses_reset", "shortname,modules\nC102,all\n")]
)
def test_a_category_that_is_its_own_parent_holds_nothing_up(site: Site, kind: str, lines: str):
    site.rows("UPDATE {course_categories} SET parent = id WHERE id = 3")
    assert site.run(f"toolsync_{kind}", lines, require_approval=False)["state"] == "success"


def test_a_course_whose_category_is_gone_is_moved(site: Site):
    site.rows(NOWHERE)
    moves: dict[str, Any] = {"category_id_field": "path", "protect_category": False, **AT_ONCE}
    result = site.run("toolsync_courses", "shortname,category\nC101,Science\n", **moves)
    assert result["counts"]["updated"] == 1 and site.value("SELECT category FROM {course} WHERE id = 3") == 2


def test_a_course_whose_category_is_gone_gets_no_place_there(site: Site):
    site.rows(NOWHERE)
    result = site.run("toolsync_courses", "shortname,sortorder\nC101,3\nC102,4\n", **AT_ONCE)
    assert "the category of this course is gone" in said(result) and result["counts"]["failed"] == 1


def test_a_course_whose_category_is_gone_is_not_deleted(site: Site, pristine: Site):
    site.rows(NOWHERE)
    assert "its category (id 999999) is gone, so it could not be put back" in said(delete(site, "C101"))
    assert set(site.changed(pristine)) == {"mdl_course"}


@pytest.mark.parametrize("category", ["Science / New", "Category 1 / New"])
def test_no_category_is_made_where_one_has_no_context(site: Site, pristine: Site, category: str):
    site.rows("DELETE FROM {context} WHERE contextlevel = 40 AND instanceid = 2")
    lines = f"shortname,fullname,category\nX1,X,{category}\n"
    assert "category Science. Moodle's own task creates what is missing" in said(
        site.run("toolsync_courses", lines, category_id_field="path")
    )
    assert set(site.changed(pristine)) == {"mdl_context"}


def test_a_course_without_context_gets_no_content(site: Site):
    without_context(site, "C101")
    result = site.run("toolsync_courses", "shortname,template\nC101,TPL1\n", template_mode="replace", **AT_ONCE)
    assert "who has which role there: C101. Moodle's own task creates what is missing" in said(result)


# -- what a deletion or reset takes, and puts back --


def test_completion_of_another_course_is_left_alone(site: Site):
    site.rows("UPDATE {course_modules} SET course = 4, section = 14 WHERE id = 47")  # C102 shows a feedback of C101
    of_module = "SELECT * FROM {course_modules_completion} WHERE coursemoduleid = 47 ORDER BY id"
    before = site.rows(of_module)
    assert reset(site, "feedback", "yes")["counts"]["updated"] == 1
    assert site.rows(of_module) == before != []


@pytest.mark.parametrize("master", ["999999", "0", "NULL"])
@pytest.mark.parametrize("by", ["restore", "undo"])
def test_a_meta_link_that_led_nowhere_comes_back(site: Site, master: str, by: str):
    site.rows(
        f"INSERT INTO {{enrol}} (enrol, courseid, status, sortorder, customint1) VALUES ('meta', 3, 0, 9, {master})"
    )
    before = state_of(site)
    result = brought_back(site, delete(site, "C101"), by)
    assert differing(site, before) == set(), said(result)


@pytest.mark.parametrize(("table", "column", "by"), [("course", "fullname", "restore"), ("quiz", "name", "undo")])
def test_a_course_with_a_column_that_the_server_works_out_comes_back(site: Site, table: str, column: str, by: str):
    add = f"ALTER TABLE {{{table}}} ADD COLUMN zz VARCHAR(20) AS (LEFT({column}, 20)) STORED"
    with altered(site, add, f"ALTER TABLE {{{table}}} DROP COLUMN zz"):
        before = state_of(site)
        result = brought_back(site, delete(site, "C101"), by)
        assert differing(site, before) == set(), said(result)


def test_an_activity_that_is_there_twice_gets_one_grade_item(site: Site):
    site.rows("INSERT INTO {course_modules} (course, module, instance, section) VALUES (3, 1, 4, 9)")
    assert reset(site, "grades", "items")["counts"]["updated"] == 1


# -- copies --


def test_a_template_with_two_gradebooks(site: Site):
    site.rows(
        "INSERT INTO {grade_categories} (courseid, depth, fullname, timecreated, timemodified) VALUES (3, 1, 'second', 0, 0)"
    )
    result = site.run("toolsync_courses", "shortname,template\nC103,C101\n", template_mode="add", **AT_ONCE)
    assert result["counts"]["updated"] == 1, said(result)


def test_restrictions_that_nobody_can_read_are_copied_as_they_are(site: Site):
    deep = """UPDATE {course_modules} SET availability = CONCAT(REPEAT('{"op":"&","c":[', 1500), REPEAT(']}', 1500)) WHERE id = 46"""
    site.rows(deep)
    lines = "shortname,fullname,category,template\nX1,x,4,C101\n"
    assert site.run("toolsync_courses", lines, category_id_field="id")["counts"]["created"] == 1


def test_rows_that_are_not_as_moodle_makes_them_have_words(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("toolsync.running.batches.random.uniform", lambda low, high: 0)
    site.rows("UPDATE {quiz} SET course = 4 WHERE course = 3")
    lines = "shortname,fullname,category,template\nX1,x,4,C101\n"
    result = site.run("toolsync_courses", lines, category_id_field="id")
    assert "they are not as Moodle makes them" in said(result)


# -- values --


@pytest.mark.parametrize("seconds", [1768464406000, 9 * 10**18])
def test_a_start_date_that_is_no_date(site: Site, seconds: int):
    site.rows("UPDATE {course} SET startdate = %s WHERE id = 3", (seconds,))
    weekly = "shortname,automaticenddate,format\nC101,yes,weeks\nC104,yes,weeks\n"
    assert site.run("toolsync_courses", weekly, **AT_ONCE)["state"] == "success"
    assert reset(site, "startdate,modules", "2027-01-01,all")["state"] == "success"


def test_a_date_that_can_not_move_fails_its_line(site: Site):
    site.rows("UPDATE {quiz} SET timeopen = 9223372036854775807 WHERE course = 3")
    result = reset(site, "startdate", "2027-01-01")
    assert (result["state"], result["counts"]["failed"]) == ("success", 1)


def test_without_administrators(site: Site):
    set_to(site, "siteadmins", None)
    lines = "shortname,fullname,category\nX1,x,4\n"
    assert site.run("toolsync_courses", lines, category_id_field="id")["counts"]["created"] == 1


# -- activities that are not installed --


def test_grades_are_reset_where_a_kind_of_activity_was_uninstalled(site: Site):
    tables = [name.removeprefix("mdl_") for (name,) in site.rows("SHOW TABLES LIKE 'mdl\\_lesson%%'", ())]
    for sql in (
        "DELETE c FROM {context} c JOIN {course_modules} cm ON cm.id = c.instanceid AND c.contextlevel = 70 JOIN {modules} m ON m.id = cm.module AND m.name = 'lesson'",
        "DELETE cm FROM {course_modules} cm JOIN {modules} m ON m.id = cm.module AND m.name = 'lesson'",
        "DELETE FROM {grade_items} WHERE itemmodule = 'lesson'",
        "DELETE FROM {event} WHERE modulename = 'lesson'",
        "DELETE FROM {modules} WHERE name = 'lesson'",
        "DELETE FROM {config_plugins} WHERE plugin = 'mod_lesson'",
    ):
        site.rows(sql)
    with ExitStack() as gone:
        for name in tables:
            gone.enter_context(
                altered(site, f"RENAME TABLE {{{name}}} TO zz_{name}", f"RENAME TABLE zz_{name} TO {{{name}}}")
            )
        assert reset(site, "grades,completion", "grades,yes")["counts"]["updated"] == 1
