"""An activity in which somebody worked since the run that made it stays as a whole when that is undone, a course likewise. What Moodle works out is no work."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.support.repairs import to_repair
from tests.support.site import Site
from tests.support.undo import changed
from tests.undo.test_conflicts import stays, undo
from toolsync.course.kin import kin_of
from toolsync.course.undo_parts import UndoneTables
from toolsync.moodle.session import MoodleSession
from toolsync.running.state import RunState

pytestmark = pytest.mark.usefixtures("airflow")

ADDED: dict[str, Any] = {"force_update": True, "template_mode": "add"}
REPLACE: dict[str, Any] = {"force_update": True, "template_mode": "replace", "require_approval": False}
# What Moodle 5.1's own functions wrote, where the template's content stood twice in C102.
OVERRIDE = [
    "INSERT INTO {assign_overrides} (assignid, userid, sortorder, duedate) SELECT MAX(id), 28, 1, 2000000000 FROM {assign} WHERE course = 4",
    "INSERT INTO {event} (name, description, format, courseid, groupid, userid, modulename, instance, eventtype, type, timestart, timeduration, timesort, visible, timemodified, priority) "
    "SELECT 'TPL1 Rubric assign - Override (Due date)', '', 1, 0, 0, 28, 'assign', MAX(id), 'due', 1, 2000000000, 0, 2000000000, 1, 1796072107, 0 FROM {assign} WHERE course = 4",
]
QUIZ_OVERRIDE = [
    "INSERT INTO {quiz_overrides} (quiz, userid, timeclose) SELECT MAX(id), 28, 2000000000 FROM {quiz} WHERE course = 4"
]
CHAPTER = [
    "INSERT INTO {book_chapters} (bookid, pagenum, subchapter, title, content, contentformat, hidden, timecreated, timemodified) "
    "SELECT MAX(id), 4, 0, 'Theirs', 'x', 1, 0, 1, 1 FROM {book} WHERE course = 4"
]
POST = [
    "INSERT INTO {forum_discussions} (course, forum, name, firstpost, userid, groupid, timemodified) SELECT f.course, MAX(f.id), 'Theirs', 9999, 2, -1, 1796072107 "
    "FROM {forum} f JOIN {course} c ON c.id = f.course AND c.shortname = 'NEW1' GROUP BY f.course",
]
# Each look at the gradebook writes these: weights, a new total, and an empty grade for each person.
VISIT = [
    "UPDATE {grade_items} SET needsupdate = 0, aggregationcoef2 = 0.06079 WHERE courseid = 4 AND itemtype <> 'course' AND weightoverride = 0",
    "UPDATE {grade_items} SET needsupdate = 0, grademax = 997, timemodified = 1796071580 WHERE courseid = 4 AND itemtype = 'course'",
    "INSERT INTO {grade_grades} (itemid, userid) SELECT i.id, u.id FROM {grade_items} i JOIN {user} u ON u.id BETWEEN 28 AND 38 "
    "LEFT JOIN {grade_grades} g ON g.itemid = i.id AND g.userid = u.id WHERE i.courseid = 4 AND g.id IS NULL",
]
QUESTIONS = """
SELECT COUNT(DISTINCT s.id), COUNT(DISTINCT q.id), COUNT(DISTINCT a.id)
  FROM {course} c JOIN {quiz} z ON z.course = c.id JOIN {quiz_slots} s ON s.quizid = z.id
  JOIN {question_references} r ON r.component = 'mod_quiz' AND r.itemid = s.id
  JOIN {question_versions} v ON v.questionbankentryid = r.questionbankentryid
  JOIN {question} q ON q.id = v.questionid LEFT JOIN {question_answers} a ON a.question = q.id
 WHERE c.shortname = %s AND z.id = (SELECT MAX(o.id) FROM {quiz} o WHERE o.course = c.id)
"""

# A group with a conversation, a forum that subscribes everybody, and a course that follows.
FOLLOWED = [
    "INSERT INTO {groups} (id, courseid, name) VALUES (900, 4, 'Talk')",
    "INSERT INTO {message_conversations} (type, name, enabled, component, itemtype, itemid, contextid, timecreated) "
    "SELECT 2, 'Talk', 1, 'core_group', 'groups', 900, id, 1 FROM {context} WHERE contextlevel = 50 AND instanceid = 4",
    "UPDATE {forum} SET forcesubscribe = 2 WHERE course = 4",
    "INSERT INTO {enrol} (enrol, status, courseid, sortorder, roleid, customint1, timecreated, timemodified) "
    "SELECT 'meta', 0, id, 9, 0, 4, 1, 1 FROM {course} WHERE shortname = 'C103'",
]
CAME_WITH_IT = {"forum_subscriptions": 1, "groups_members": 1, "message_conversation_members": 1, "role_assignments": 2, "user_enrolments": 2}  # fmt: skip


def work(site: Site, statements: list[str]) -> None:
    for sql in statements:
        site.rows(sql)


def told(undone: dict[str, Any]) -> Counter[str]:
    return Counter(name for name, _, _ in stays(undone))


def test_an_activity_in_which_somebody_worked_stays_with_its_place_in_the_course(site: Site):
    made = site.run("toolsync_courses", "shortname,template\nC102,TPL1\n", **ADDED)
    work(site, OVERRIDE + CHAPTER)
    assert told(undo(site, made)) == {
        "assign": 1, "assign_plugin_config": 10, "book": 1, "book_chapters": 3, "context": 2, "course_modules": 2, "grade_items": 1,
        "grading_areas": 1, "grading_definitions": 1, "gradingform_rubric_criteria": 2, "gradingform_rubric_levels": 5, "tag_instance": 1,
    }  # fmt: skip
    assert to_repair(site) == {}


def test_a_quiz_in_use_keeps_its_questions(site: Site):
    made = site.run("toolsync_courses", "shortname,template\nC102,TPL1\n", **ADDED)
    before = site.rows(QUESTIONS, ("C102",))
    work(site, QUIZ_OVERRIDE)
    found = told(undo(site, made))
    assert found["quiz"] == found["qbank"] == 1 and found["question_versions"] == found["question"] == 24, found
    assert site.rows(QUESTIONS, ("C102",)) == before
    assert to_repair(site) == {}


def test_a_look_at_the_gradebook_keeps_nothing(site: Site, pristine: Site):
    made = site.run("toolsync_courses", "shortname,template\nC102,TPL1\n", **ADDED)
    work(site, VISIT)
    assert stays(undo(site, made)) == [("grade_items", "C102", "somebody changed since: grademax")]
    assert changed(site, pristine) == {"grade_items", "grade_grades"}
    # Moodle works the total out anew, without what is gone.
    assert site.rows("SELECT itemtype, needsupdate FROM {grade_items} WHERE courseid = 4") == [
        ("course", 1),
        ("mod", 0),
    ]
    assert to_repair(site) == {}


def test_a_course_in_which_somebody_worked_stays_as_a_whole(site: Site, pristine: Site):
    made = site.run("toolsync_courses", "shortname,fullname,category,template\nNEW1,New,Science,TPL1\n")
    parts = ("question", "question_answers", "book_chapters", "groupings_groups", "course_modules", "grade_items")
    counted = {name: site.value(f"SELECT COUNT(*) FROM {{{name}}}") for name in parts}
    work(site, POST)
    undo(site, made)
    assert {name: site.value(f"SELECT COUNT(*) FROM {{{name}}}") for name in parts} == counted
    assert site.rows(QUESTIONS, ("NEW1",)) == site.rows(QUESTIONS, ("TPL1",))
    assert to_repair(site) == {}


def test_who_stays_in_a_course_keeps_what_came_with_the_enrolment(site: Site):
    work(site, FOLLOWED)
    lines = "rolename,uid,cid,enrol,gcmd,g1\nstudent,u041,C102,manual,gadd,Talk\nstudent,u042,C102,manual,gadd,Talk\n"

    def rows(userid: int, name: str) -> int:
        number: int = site.value(f"SELECT COUNT(*) FROM {{{name}}} WHERE userid = %s", (userid,))
        return number

    before = {name: (rows(43, name), rows(44, name)) for name in CAME_WITH_IT}
    made = site.run("toolsync_enrolments", lines)
    site.rows("INSERT INTO {user_lastaccess} (userid, courseid, timeaccess) VALUES (43, 4, UNIX_TIMESTAMP() + 60)")
    assert told(undo(site, made)) == CAME_WITH_IT
    now = {name: (rows(43, name), rows(44, name)) for name in CAME_WITH_IT}
    assert now == {name: (was[0] + CAME_WITH_IT[name], was[1]) for name, was in before.items()}


def test_what_stays_of_new_content_moves_into_the_sections_and_grades_that_come_back(site: Site, pristine: Site):
    made = site.run("toolsync_courses", "shortname,template\nC102,TPL1\n", **REPLACE)
    work(site, QUIZ_OVERRIDE)
    assert {reason for _, _, reason in stays(undo(site, made))} == {
        "it belongs to what stays",
        f"in use: row {site.value('SELECT MAX(id) FROM {quiz_overrides}')} of quiz_overrides refers to it",
    }
    modules = "SELECT s.id, s.section, cm.id, m.name FROM {course_sections} s LEFT JOIN {course_modules} cm ON cm.section = s.id LEFT JOIN {modules} m ON m.id = cm.module WHERE s.course = 4"
    assert sorted({row[3] for row in {*site.rows(modules)} - {*pristine.rows(modules)}}) == ["qbank", "quiz"]
    assert {*pristine.rows(modules)} - {*site.rows(modules)} <= {row for row in pristine.rows(modules) if not row[2]}
    items = "SELECT itemtype, itemmodule, categoryid, needsupdate FROM {grade_items} WHERE courseid = 4 ORDER BY id"
    assert site.rows(items) == [("course", None, None, 1), ("mod", "assign", 6, 0), ("mod", "quiz", 6, 1)]
    tops = "SELECT id, parent, depth FROM {grade_categories} WHERE courseid = 4"
    assert site.rows(tops) == pristine.rows(tops) == [(6, None, 1)]
    assert site.rows(QUESTIONS, ("C102",)) == site.rows(QUESTIONS, ("TPL1",))
    assert to_repair(site) == {}


def test_what_somebody_added_to_a_course_replaced_by_an_empty_one_is_in_a_section(site: Site):
    bare = site.value(
        "SELECT c.shortname FROM {course} c JOIN {course_sections} s ON s.course = c.id LEFT JOIN {course_modules} m ON m.course = c.id "
        "WHERE c.id > 1 AND m.id IS NULL ORDER BY c.id LIMIT 1"
    )
    made = site.run("toolsync_courses", f"shortname,template\nC102,{bare}\n", **REPLACE)
    section = site.value("SELECT MAX(id) FROM {course_sections} WHERE course = 4")
    work(
        site,
        [
            "INSERT INTO {label} (id, course, name, intro, introformat, timemodified) VALUES (9000, 4, 'Theirs', 'x', 1, 1)",
            f"INSERT INTO {{course_modules}} (id, course, module, instance, section, added) SELECT 9000, 4, id, 9000, {section}, 1 FROM {{modules}} WHERE name = 'label'",
            "INSERT INTO {context} (id, contextlevel, instanceid, depth, path) SELECT 90000, 70, 9000, depth + 1, CONCAT(path, '/90000') "
            "FROM {context} WHERE contextlevel = 50 AND instanceid = 4",
            f"UPDATE {{course_sections}} SET sequence = '9000' WHERE id = {section}",
        ],
    )
    undo(site, made)
    assert to_repair(site) == {}


def test_totals_are_worked_out_again_with_an_item_that_a_teacher_made(site: Site):
    work(site, ["UPDATE {grade_items} SET needsupdate = 0 WHERE courseid = 4"])
    made = site.run("toolsync_courses", "shortname,template\nC102,TPL1\n", **REPLACE)
    work(
        site,
        [
            "INSERT INTO {grade_items} (id, courseid, categoryid, itemtype, itemname, timecreated, timemodified) "
            "SELECT 9000, courseid, id, 'manual', 'Oral', UNIX_TIMESTAMP() + 60, UNIX_TIMESTAMP() + 60 FROM {grade_categories} WHERE courseid = 4 AND depth = 1",
            "INSERT INTO {grade_grades} (itemid, userid, finalgrade, timemodified) VALUES (9000, 28, 50, UNIX_TIMESTAMP() + 60)",
            "UPDATE {grade_items} SET needsupdate = 0 WHERE courseid = 4",
        ],
    )
    undo(site, made)
    assert site.rows("SELECT needsupdate FROM {grade_items} WHERE courseid = 4 AND itemtype = 'course'") == [(1,)]


def test_a_badge_that_asks_for_a_field_of_the_profile(site: Site):
    columns = (
        "id, name, courseid, type, status, usercreated, usermodified, issuername, issuerurl, message, messagesubject"
    )
    work(
        site,
        [
            "DELETE FROM {config} WHERE name IN ('enablebadges', 'badges_allowcoursebadges')",
            "INSERT INTO {config} (name, value) VALUES ('enablebadges', '1'), ('badges_allowcoursebadges', '1')",
            f"INSERT INTO {{badge}} ({columns}) SELECT 9000, 'B', id, 2, 1, 2, 2, 'x', 'x', 'x', 'x' FROM {{course}} WHERE shortname = 'TPL1'",
            "INSERT INTO {badge_criteria} (id, badgeid, criteriatype, method, descriptionformat) VALUES (9000, 9000, 6, 1, 1)",
            "INSERT INTO {badge_criteria_param} (id, critid, name, value) VALUES (9000, 9000, 'field_country', 'country')",
        ],
    )
    made = site.run("toolsync_courses", "shortname,fullname,category,template\nNEW1,New,Science,TPL1\n")
    work(site, POST)
    assert undo(site, made)["counts"]["failed"] == 0


def test_who_stays_in_a_course_by_a_cohort_stays_in_that(site: Site):
    site.rows(
        "INSERT INTO {cohort} (id, contextid, name, idnumber, descriptionformat, timecreated, timemodified, component) VALUES (9000, 1, 'X', 'X9', 1, 1, 1, '')"
    )
    site.rows(
        "INSERT INTO {enrol} (id, enrol, status, courseid, sortorder, roleid, customint1, timecreated, timemodified) VALUES (9000, 'cohort', 0, 4, 9, 5, 9000, 1, 1)"
    )
    made = site.run("toolsync_cohorts", "cmd,cidnumber,userid\nadd,X9,u041\n")
    site.rows("INSERT INTO {user_lastaccess} (userid, courseid, timeaccess) VALUES (43, 4, UNIX_TIMESTAMP() + 60)")
    undo(site, made)
    assert site.value("SELECT COUNT(*) FROM {user_enrolments} WHERE enrolid = 9000") == 1
    assert site.value("SELECT COUNT(*) FROM {cohort_members} WHERE cohortid = 9000") == 1


def test_who_stays_in_a_course_that_follows_another_stays_in_that(site: Site):
    follower = site.value("SELECT id FROM {course} WHERE shortname = 'C103'")
    site.rows(
        "INSERT INTO {enrol} (id, enrol, status, courseid, sortorder, roleid, customint1, timecreated, timemodified) VALUES (9000, 'meta', 0, %s, 9, 0, 4, 1, 1)",
        (follower,),
    )
    made = site.run("toolsync_enrolments", "rolename,uid,cid\nstudent,u041,C102\n")
    site.rows(
        "INSERT INTO {user_lastaccess} (userid, courseid, timeaccess) VALUES (43, %s, UNIX_TIMESTAMP() + 60)",
        (follower,),
    )
    undo(site, made)
    kept = site.rows(
        "SELECT e.courseid FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid WHERE ue.userid = 43 AND e.courseid IN (4, %s) ORDER BY e.courseid",
        (follower,),
    )
    assert kept == [(4,), (follower,)]


def test_the_columns_and_indexes_of_all_tables_are_read_at_once(pristine: Site, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    read = MoodleSession.rows

    def rows(session: MoodleSession, sql: str, args: Any = None) -> list[tuple[Any, ...]]:
        asked.append(sql)
        return read(session, sql, args)

    monkeypatch.setattr(MoodleSession, "rows", rows)
    session = MoodleSession(pristine.connect(), "mdl_", {})
    for table in UndoneTables(RunState(session), None):
        kin_of(session, table)
    session.conn.close()
    for name in ("columns", "statistics"):
        assert (
            len([sql for sql in asked if f"FROM information_schema.{name} WHERE table_schema = DATABASE()" in sql]) == 1
        )
    assert not [sql for sql in asked if "SHOW INDEX" in sql]
