"""What people did between a run and its undo must not end up without what it needs; and what can't be read is not undone in part."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.repairs import to_repair
from tests.support.scenarios import SCENARIOS
from tests.support.site import Site
from tests.support.undo import changed, differing, state_of
from tests.undo.test_conflicts import stays, undo
from toolsync.cabinet.bundles import Bundle, part_name
from toolsync.cabinet.folders import Cabinet
from toolsync.operators import execute

pytestmark = pytest.mark.usefixtures("airflow")

COURSE_CONTEXT = (
    "SELECT x.id FROM {context} x JOIN {course} c ON c.id = x.instanceid WHERE x.contextlevel = 50 AND c.shortname = %s"
)
IN_COURSE = "SELECT COUNT(*) FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid JOIN {course} c ON c.id = e.courseid AND c.shortname = 'C102' JOIN {user} u ON u.id = ue.userid AND u.username = 'u041'"


def home(site: Site, course: str) -> str:
    """The name of a course's category; an error if there is none."""
    name: str = site.rows(
        "SELECT k.name FROM {course} c JOIN {course_categories} k ON k.id = c.category WHERE c.shortname = %s",
        (course,),
    )[0][0]
    return name


def test_of_a_part_that_ends_too_soon_nothing_is_undone(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("toolsync.course.staged_rows.STAGED_ROWS", 1)
    result = site.run("toolsync_enrolments", "rolename,uid,cid\nstudent,u041,C102\n")
    path = Path(Bundle(Cabinet("enrolments"), result["claim"]).folder / part_name(0))
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(lines[:-1])))
    before = state_of(site)
    undone = undo(site, result)
    assert undone["counts"]["failed"] == 1
    assert "is incomplete: its end is missing" in Path(undone["report"]).read_text()
    assert differing(site, before) == set()


def test_who_came_while_the_run_still_worked_keeps_the_enrolment(site: Site):
    result = site.run("toolsync_enrolments", "rolename,uid,cid\nstudent,u041,C102\n")
    bundle = Bundle(Cabinet("enrolments"), result["claim"])
    index: dict[str, Any] = bundle.index() or {}
    bundle.save_index({**index, "made": "2037-01-01T00:00:00+00:00"})  # as if it had gone on for long
    site.rows(
        "INSERT INTO {user_lastaccess} (userid, courseid, timeaccess) SELECT u.id, c.id, UNIX_TIMESTAMP() + 60 FROM {user} u JOIN {course} c ON c.shortname = 'C102' "
        "WHERE u.username = 'u041'"
    )
    told = stays(undo(site, result))
    assert ("user_enrolments", "u041 · C102", "the person has been in the course since") in told
    assert site.value(IN_COURSE) == 1


def test_who_was_graded_in_a_manual_item_keeps_the_enrolment(site: Site):
    result = site.run("toolsync_enrolments", "rolename,uid,cid\nstudent,u041,C102\nstudent,u042,C102\n")
    site.rows(
        "INSERT INTO {grade_items} (id, courseid, categoryid, itemtype, itemname, timecreated, timemodified)"
        " SELECT 900, courseid, id, 'manual', 'Oral', 1, 1 FROM {grade_categories} WHERE courseid = 4 AND depth = 1"
    )
    # As Moodle's gradebook writes a grade, without a raw one, and the empty one of somebody else.
    site.rows(
        "INSERT INTO {grade_grades} (itemid, userid, finalgrade, timemodified) SELECT 900, id, IF(username = 'u041', 77, NULL), UNIX_TIMESTAMP() + 60"
        " FROM {user} WHERE username IN ('u041', 'u042')"
    )
    told = stays(undo(site, result))
    assert ("user_enrolments", "u041 · C102", "the person has grades in the course") in told
    assert [thing for name, thing, _ in told if name == "user_enrolments"] == ["u041 · C102"]
    assert site.value(IN_COURSE) == 1


def came_back(site: Site) -> tuple[dict[str, Any], Any]:
    """People whose grades the site recovers come back; then Moodle's gradebook is visited.

    :return: the result of the run, and the state of the site before it.
    """
    scenario = SCENARIOS["enrolments-grades-recovered"]
    scenario.prepare(site)
    before = state_of(site)
    result = scenario.run_file(site)
    site.rows("UPDATE {grade_items} SET needsupdate = 0")
    site.rows(
        "UPDATE {grade_grades} g JOIN {user} u ON u.id = g.userid SET g.aggregationstatus = 'used', g.aggregationweight = 0.5 WHERE u.username = 'u001'"
    )
    site.rows("UPDATE {grade_grades} SET finalgrade = finalgrade + 1 WHERE userid = 3 AND itemid = 21")
    return result, before


def test_grades_that_came_back_go_again_with_their_totals(site: Site):
    result, before = came_back(site)
    undone = undo(site, result)
    assert "answer" not in undone["attachments"], undone
    assert differing(site, before) == set()


def test_who_stays_in_a_course_keeps_the_grades_that_came_back(site: Site):
    result, _ = came_back(site)
    site.rows("INSERT INTO {user_lastaccess} (userid, courseid, timeaccess) VALUES (3, 3, UNIX_TIMESTAMP() + 60)")
    grades, completed = (
        "SELECT COUNT(*) FROM {grade_grades} g JOIN {grade_items} i ON i.id = g.itemid WHERE i.courseid = 3 AND g.userid = 3",
        "SELECT COUNT(*) FROM {course_modules_completion} WHERE userid = 3 AND completionstate > 0",
    )
    there = [site.value(grades), site.value(completed)]
    told = stays(undo(site, result))
    assert ("user_enrolments", "u001 · C101", "the person has been in the course since") in told
    assert [site.value(grades), site.value(completed)] == there
    assert (
        site.value(
            "SELECT COUNT(*) FROM {grade_grades} g JOIN {grade_items} i ON i.id = g.itemid WHERE i.courseid = 3 AND g.userid = 4"
        )
        == 0
    )


def test_a_category_and_a_course_stay_with_what_somebody_put_into_their_contexts(site: Site):
    result = site.run(
        "toolsync_courses", "shortname,fullname,category\nNEW1,New 1,Fresh\nNEW2,New 2,Fresh / Deep\nNEW3,New 3,Lone\n"
    )
    assert result["counts"]["created"] == 3, result
    deep = site.value("SELECT id FROM {course_categories} WHERE name = 'Deep'")
    site.rows(
        "INSERT INTO {cohort} (contextid, name, idnumber, description, descriptionformat, timecreated, timemodified) "
        "SELECT x.id, 'Theirs', 'THEIRS', '', 1, 1, 1 FROM {context} x WHERE x.contextlevel = 40 AND x.instanceid = %s",
        (deep,),
    )
    site.rows(
        f"INSERT INTO {{block_instances}} (blockname, parentcontextid, showinsubcontexts, requiredbytheme, pagetypepattern, defaultregion, defaultweight, timecreated, timemodified) "
        f"VALUES ('html', ({COURSE_CONTEXT}), 0, 0, 'course-view-*', 'side-pre', 9, 1, 1)",
        ("NEW1",),
    )
    told = stays(undo(site, result))
    assert {name for name, _, reason in told if reason.endswith("is in its context")} == {
        "course",
        "course_categories",
    }, told
    assert home(site, "NEW1") == "Fresh"
    assert site.value("SELECT COUNT(*) FROM {course} WHERE shortname = 'NEW3'") == 0
    assert site.value("SELECT COUNT(*) FROM {course_categories} WHERE name = 'Lone'") == 0
    assert (
        site.value("SELECT COUNT(*) FROM {cohort} h JOIN {context} x ON x.id = h.contextid WHERE h.idnumber = 'THEIRS'")
        == 1
    )


def test_a_cohort_stays_that_somebody_enrols_people_by(site: Site):
    result = site.run("toolsync_cohorts", "cmd,cidnumber,userid\nadd,MADE,u006\nadd,UNUSED,u006\n", auto_create=True)
    site.rows(
        "INSERT INTO {enrol} (enrol, status, courseid, sortorder, roleid, customint1, timecreated, timemodified) "
        "SELECT 'cohort', 0, c.id, 9, 5, h.id, 1, 1 FROM {course} c JOIN {cohort} h ON h.idnumber = 'MADE' WHERE c.shortname = 'C102'"
    )
    told = stays(undo(site, result))
    [why] = [reason for name, _, reason in told if name == "cohort"]
    assert re.fullmatch(r'in use: the enrolment method cohort of "C102" \(enrol \d+\) takes people by it', why)
    assert site.rows("SELECT idnumber FROM {cohort} WHERE idnumber IN ('MADE', 'UNUSED')") == [("MADE",)]


def test_a_group_stays_that_a_submission_or_discussion_is_of(site: Site):
    result = site.run(
        "toolsync_groups", "cmd,courseid,type,name,idnumber\nadd,C102,group,Made,MADE1\nadd,C102,group,Unused,MADE2\n"
    )
    site.rows(
        "INSERT INTO {assign_submission} (assignment, userid, timecreated, timemodified, status, groupid, attemptnumber, latest) "
        "SELECT MIN(a.id), 0, 1, 1, 'submitted', MIN(g.id), 0, 1 FROM {assign} a JOIN {groups} g ON g.courseid = a.course AND g.idnumber = 'MADE1'"
    )
    told = stays(undo(site, result))
    assert [name for name, _, _ in told] == ["groups"], told
    assert site.rows("SELECT idnumber FROM {groups} WHERE idnumber LIKE 'MADE%%'") == [("MADE1",)]


def test_a_category_stays_into_which_somebody_moved_a_course_that_the_run_had_moved(site: Site):
    result = site.run(
        "toolsync_courses", "shortname,fullname,category\nC101,,Elsewhere\nNEW1,New 1,Fresh\n", force_update=True
    )
    assert home(site, "C101") == "Elsewhere", Path(result["report"]).read_text()
    site.rows(
        "UPDATE {course} SET category = (SELECT id FROM {course_categories} WHERE name = 'Fresh') WHERE shortname = 'C101'"
    )
    undo(site, result)
    assert home(site, "C101") == "Fresh"


def test_a_course_does_not_return_to_a_category_that_can_not_come_back(site: Site):
    top = home(site, "C101")
    first = site.run("toolsync_courses", "shortname,fullname,category\nNEW1,New 1,Fresh\n")
    second = site.run("toolsync_courses", "shortname,category\nC101,Fresh / Deep\n", force_update=True)
    undone = undo(site, second)
    undo(site, first)
    assert home(site, "C101") == top
    told = stays(undo(site, undone))  # C101 would belong to Deep again, whose parent is gone
    assert home(site, "C101") == top, told
    assert {name for name, _, reason in told if "back" in reason or "gone" in reason} >= {
        "course",
        "course_categories",
    }, told
    assert to_repair(site) == {}


def test_a_tryback_is_undone_by_its_own_report(site: Site):
    first = site.run("toolsync_users", "username,city\nu001,Ulm\nnobody.here,Ulm\n")
    assert first["tryback"], first
    Path(first["tryback"]).write_text("username,city\nu002,Jena\n")
    second = site.run("toolsync_users", Path(first["tryback"]))
    assert first["claim"] in Path(second["report"]).name
    site.run("toolsync_undo", approve="yes", runs=[Path(second["report"]).name])
    cities = "SELECT username, city FROM {user} WHERE city IN ('Ulm', 'Jena') AND username IN ('u001', 'u002')"
    assert site.rows(cities) == [("u001", "Ulm")]


def test_a_run_that_waited_while_it_was_undone_does_not_go_on(site: Site, monkeypatch: pytest.MonkeyPatch):
    asked: list[int] = []

    def check(*_: Any) -> None:
        asked.append(len(asked))
        if len(asked) == 2:  # with the site at last to itself
            raise execute.AirflowFailException("undone")

    monkeypatch.setattr(execute, "check_not_undone", check)
    told = site.run("toolsync_users", "username,city\nu001,Ulm\n")
    assert told["state"] == "failed"
    assert site.value("SELECT city FROM {user} WHERE username = 'u001'") != "Ulm"


def test_who_stays_in_a_course_keeps_role_and_groups(site: Site):
    lines = "rolename,uid,cid,enrol,gcmd,g1\nstudent,u041,C102,manual,gaddcreate,Theirs\nstudent,u042,C102,manual,gaddcreate,Theirs\n"
    result = site.run("toolsync_enrolments", lines)
    site.rows(
        "INSERT INTO {user_lastaccess} (userid, courseid, timeaccess) SELECT u.id, c.id, UNIX_TIMESTAMP() + 60 FROM {user} u JOIN {course} c ON c.shortname = 'C102' "
        "WHERE u.username = 'u041'"
    )
    told = {name for name, _, _ in stays(undo(site, result))}
    assert told == {"user_enrolments", "role_assignments", "groups_members", "groups"}
    of_context = f"SELECT u.username FROM {{role_assignments}} a JOIN {{user}} u ON u.id = a.userid WHERE a.contextid = ({COURSE_CONTEXT}) AND u.username IN ('u041', 'u042')"
    assert site.rows(of_context, ("C102",)) == [("u041",)]
    of_group = "SELECT u.username FROM {groups_members} m JOIN {groups} g ON g.id = m.groupid AND g.name = 'Theirs' JOIN {user} u ON u.id = m.userid"
    assert site.rows(of_group) == [("u041",)]
    assert to_repair(site) == {}


# What Moodle 5.1's own functions wrote when u001 worked once more in C101, which had been reset.
WORK_SINCE = [
    "INSERT INTO {choice_answers} (choiceid, userid, optionid, timemodified) VALUES (2, 3, 5, 1796062228)",
    "INSERT INTO {scorm_attempt} (userid, scormid, attempt) VALUES (3, 2, 1)",
    "INSERT INTO {scorm_scoes_value} (scoid, attemptid, elementid, value, timemodified) SELECT 15, MAX(id), 6, 'abc', 1796062228 FROM {scorm_attempt}",
    "INSERT INTO {feedback_completed} (feedback, userid, timemodified, random_response, anonymous_response, courseid) VALUES (2, 3, 1796062228, 0, 2, 0)",
    "INSERT INTO {workshop_submissions} (workshopid, example, authorid, timecreated, timemodified, title, content, contentformat, feedbackauthorformat, late) "
    "VALUES (2, 0, 3, 1796062228, 1796062228, 'New work', 'x', 1, 0, 1)",
    "INSERT INTO {quiz_overrides} (quiz, userid, timeclose) VALUES (2, 7, 1800000000)",
    "INSERT INTO {event} (name, description, format, courseid, groupid, userid, modulename, instance, eventtype, type, timestart, timeduration, timesort, visible, timemodified) "
    "VALUES ('C101 Quiz closes', '', 1, 0, 0, 7, 'quiz', 2, 'close', 1, 1800000000, 0, 1800000000, 1, 1796062228)",
]
# Of these, Moodle reads one row a person, and says "found more than one record" of two.
WORK = {
    "choice_answers": "SELECT optionid FROM {choice_answers} WHERE choiceid = 2 AND userid = 3",
    "scorm_attempt": "SELECT v.value FROM {scorm_attempt} a JOIN {scorm_scoes_value} v ON v.attemptid = a.id WHERE a.scormid = 2 AND a.userid = 3",
    "feedback_completed": "SELECT timemodified FROM {feedback_completed} WHERE feedback = 2 AND userid = 3",
    "workshop_submissions": "SELECT title FROM {workshop_submissions} WHERE workshopid = 2 AND authorid = 3 AND example = 0",
    "quiz_overrides": "SELECT timeclose FROM {quiz_overrides} WHERE quiz = 2 AND userid = 7",
    "event": "SELECT timestart FROM {event} WHERE modulename = 'quiz' AND instance = 2 AND eventtype = 'close' AND courseid = 0 AND userid = 7",
}
# What belongs to what does not come back.
WITH_WORK = {"scorm_scoes_value", "feedback_value", "workshop_assessments", "workshop_grades", "files"}


def test_who_has_worked_in_a_course_since_its_reset_keeps_that_alone(site: Site, pristine: Site):
    lines = "shortname,choice,workshop,scorm,feedback,quiz_user_overrides\nC101,yes,yes,yes,yes,yes\n"
    result = site.run("toolsync_courses_reset", lines, require_approval=False)
    for sql in WORK_SINCE:
        site.rows(sql)
    new = {"choice_answers": 5, "scorm_attempt": "abc", "feedback_completed": 1796062228, "workshop_submissions": "New work"}  # fmt: skip
    new |= {"quiz_overrides": 1800000000, "event": 1800000000}
    refused = site.run("toolsync_courses_restore", "C101\n")
    assert "created since stand in the place of rows to put back" in Path(refused["report"]).read_text()
    told = stays(undo(site, result))
    assert {name: site.rows(sql) for name, sql in WORK.items()} == {name: [(value,)] for name, value in new.items()}
    assert {name for name, _, _ in told} == WORK.keys() | WITH_WORK, told
    assert changed(site, pristine) == WORK.keys() | WITH_WORK


def test_a_group_that_has_the_idnumber_of_one_that_is_gone_stays(site: Site):
    site.run("toolsync_courses_reset", "shortname,groups\nC101,groups\n", require_approval=False)
    site.rows("INSERT INTO {groups} (courseid, name, idnumber) VALUES (3, 'Anew', 'C101G1')")
    for overwrite in (False, True):
        refused = site.run("toolsync_courses_restore", "C101\n", overwrite_changes=overwrite)
        assert "another group of the course (Anew, id " in Path(refused["report"]).read_text()
    assert site.rows("SELECT name FROM {groups} WHERE idnumber = 'C101G1'") == [("Anew",)]


GRADES = "SELECT COALESCE(gi.itemname, gi.itemtype), gi.needsupdate, g.finalgrade FROM {grade_grades} g JOIN {grade_items} gi ON gi.id = g.itemid WHERE gi.courseid = 4 AND g.userid = 28"


def test_a_person_graded_since_gets_the_other_grades_back_and_totals_of_both(site: Site):
    """Moodle's rows of u026 in C102: with three grades, and when the person was enrolled and graded in one of them anew. Its next look makes the total 178."""
    site.rows("INSERT INTO {grade_categories} (courseid, parent, depth, fullname, timecreated, timemodified) VALUES (4, 6, 2, 'Sub', 1, 1)")  # fmt: skip
    sub = site.value("SELECT MAX(id) FROM {grade_categories}")
    item = "INSERT INTO {grade_items} (courseid, categoryid, itemname, itemtype, iteminstance) VALUES (4, %s, %s, %s, %s)"  # fmt: skip
    for row in [(6, "Oral", "manual", None), (6, "Written", "manual", None), (None, None, "category", sub), (sub, "P", "manual", None)]:  # fmt: skip
        site.rows(item, row)
    grade = "INSERT INTO {grade_grades} (userid, itemid, finalgrade) SELECT 28, id, %s FROM {grade_items} WHERE courseid = 4 AND COALESCE(itemname, itemtype) = %s"  # fmt: skip
    site.rows("DELETE FROM {grade_grades} WHERE userid = 28 AND itemid = 42")
    for graded in [(120, "course"), (30, "Oral"), (50, "Written"), (40, "category"), (40, "P")]:
        site.rows(grade, graded)
    result = site.run("toolsync_enrolments", "cmd,rolename,uid,cid\ndel,,u026,C102\n")
    assert site.rows(GRADES) == []
    site.rows("INSERT INTO {user_enrolments} (enrolid, userid) SELECT id, 28 FROM {enrol} WHERE courseid = 4 AND enrol = 'manual'")  # fmt: skip
    for since in [(88, "course"), (None, "C102 assign"), (88, "Oral"), (None, "Written"), (None, "category")]:
        site.rows(grade, since)
    undo(site, result)
    found = {name: (again, value and int(value)) for name, again, value in site.rows(GRADES)}
    assert found == {
        "course": (1, 88), "C102 assign": (0, None), "Oral": (0, 88), "Written": (0, 50), "category": (1, 40), "P": (0, 40),
    }  # fmt: skip


SUBMISSIONS = "SELECT attemptnumber, status, latest FROM {assign_submission} WHERE assignment = 4 AND userid = 4"
HANDED_IN = [
    "INSERT INTO {assign_submission} (assignment, userid, timecreated, timemodified, status, groupid, attemptnumber, latest) "
    "VALUES (4, 4, 1796073611, 1796073611, 'submitted', 0, 0, 1)",
    "INSERT INTO {assignsubmission_onlinetext} (assignment, submission, onlinetext, onlineformat) "
    "SELECT 4, id, 'since', 1 FROM {assign_submission} WHERE timecreated = 1796073611",
]


@pytest.mark.parametrize("way", ["undo", "restore"])
def test_whoever_hands_in_after_a_reset_has_no_old_attempt_beside_that(site: Site, pristine: Site, way: str):
    """Of u002's two attempts, the second was reopened; Moodle 5.1 writes the new submission as the first attempt, and the last one."""
    result = site.run("toolsync_courses_reset", "shortname,assign\nC101,yes\n", require_approval=False)
    for sql in HANDED_IN:
        site.rows(sql)
    refused = site.run("toolsync_courses_restore", "C101\n")
    assert "rows of table assign_submission that were created since" in Path(refused["report"]).read_text()
    if way == "undo":
        told = stays(undo(site, result))
        assert site.rows(SUBMISSIONS) == [(0, "submitted", 1)]
        assert [about for name, about, _ in told if name == "assign_submission"] == ["u002", "u002"]
    else:
        assert site.run("toolsync_courses_restore", "C101\n", overwrite_changes=True)["counts"]["updated"] == 1
        assert changed(site, pristine) == set()
