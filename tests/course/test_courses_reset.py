"""Courses reset and put back: what the scenarios do not cover."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.samples import sample
from tests.support.site import Site
from tests.support.undo import changed
from toolsync.cabinet.folders import Cabinet
from toolsync.course.availability import shift_dates
from toolsync.course.graph_files import course_graph
from toolsync.course.resets import Resets
from toolsync.course.undo_bundles import indexes
from toolsync.reading.suite import load_suite

pytestmark = pytest.mark.usefixtures("airflow")

EVERYTHING = {
    "startdate": "2026-04-01",
    "grades": "all",
    "roles": "student",
    "local_roles": "all",
    "groups": "all",
    "groupings": "all",
    **dict.fromkeys(
        ["events", "notes", "comments", "completion", "blog_associations", "competency_ratings", "assign", "bigbluebuttonbn", "book"], "yes"
    ),
    **dict.fromkeys(["choice", "data", "feedback", "forum", "glossary", "h5pactivity", "lesson", "quiz", "scorm", "wiki", "workshop"], "1"),
}  # fmt: skip
PARTS = [
    EVERYTHING,
    {"modules": "all", "roles": "student"},
    {"completion": "yes", "grades": "grades", "groups": "members", "groupings": "groupings"},
    {"startdate": "2025-09-01", "events": "yes"},
]


def reset(site: Site, rows: list[dict[str, str]], **params: Any) -> dict[str, Any]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows)]
    return site.run("toolsync_courses_reset", "\n".join(lines) + "\n", **{"require_approval": False, **params})


def told(result: dict[str, Any]) -> str:
    return Path(result["lines"]).read_text()


@pytest.mark.parametrize("part", PARTS, ids=["everything", "modules", "grades", "dates"])
@pytest.mark.parametrize("course", sample(["C101", "TPL1"], 2))
def test_a_course_reset_and_put_back_is_what_it_was(site: Site, pristine: Site, course: str, part: dict[str, str]):
    result = reset(site, [{"shortname": course, **part}])
    assert result["counts"]["failed"] == 0, told(result)
    if result["counts"]["updated"]:
        assert changed(site, pristine)
        restored = site.run("toolsync_courses_restore", f"{course}\n")
        assert restored["counts"]["failed"] == 0, told(restored)
    assert changed(site, pristine) == set()


def test_two_lines_about_a_course_are_done_in_their_order(site: Site):
    site.rows("UPDATE {grade_items} SET hidden = 1 WHERE id = 31")
    result = reset(
        site,
        [
            {"shortname": "C101", "startdate": "2026-02-02"},
            {"shortname": "c101", "startdate": "2026-02-03", "quiz_attempts": "1"},
        ],
    )
    assert result["counts"]["updated"] == 2, told(result)
    assert site.value("SELECT FROM_UNIXTIME(startdate, '%%Y-%%m-%%d') FROM {course} WHERE id = 3", ()) == "2026-02-03"
    shift = 22 * 86400
    assert site.value("SELECT timeclose FROM {quiz} WHERE course = 3") == 1796083200 + shift
    assert site.value("SELECT COUNT(*) FROM {quiz_attempts} a JOIN {quiz} q ON q.id = a.quiz WHERE q.course = 3") == 0
    # A quiz whose attempts go tells the gradebook that students may see its grades.
    assert site.value("SELECT hidden FROM {grade_items} WHERE id = 31") == 0


# What activities of C101 know, and the gradebook not or not any more. User 4 has a reopened attempt of the first assignment besides.
GRADES_APART = [
    "UPDATE {grade_grades} SET overridden = 1768480000, finalgrade = 99 WHERE itemid = 22 AND userid = 3",
    "UPDATE {assign_grades} SET grade = -1 WHERE assignment = 4 AND userid = 5",
    "UPDATE {grade_grades} SET rawgrade = NULL, finalgrade = NULL WHERE itemid = 22 AND userid = 5",
    "DELETE FROM {grade_grades} WHERE itemid = 31 AND userid = 3",
    "UPDATE {grade_grades} SET locked = 1768480000 WHERE itemid = 31 AND userid = 4",
    "UPDATE {quiz_grades} SET grade = 9 WHERE quiz = 2 AND userid = 4",
    "UPDATE {grade_items} SET multfactor = 1.5, plusfactor = 2 WHERE id = 31",
    "UPDATE {grade_items} SET locked = 1768480000 WHERE id = 25",
    "UPDATE {glossary} SET assessed = 5 WHERE id = 2",
    "UPDATE {workshop_submissions} SET gradeover = 50, gradeoverby = 2, feedbackauthor = '<p>Half</p>', feedbackauthorformat = 1 WHERE id = 3",
    "UPDATE {forum_grades} SET grade = 61 WHERE id = 1",
    "UPDATE {h5pactivity} SET grademethod = 2 WHERE id = 2",
    "UPDATE {lesson} SET grade = -1, usemaxgrade = 1 WHERE id = 2",
    "UPDATE {grade_items} SET gradetype = 2, scaleid = 1, grademax = 3, grademin = 1 WHERE id = 32",
    "UPDATE {quiz} SET reviewmarks = 16 WHERE id = 2",
    "UPDATE {grade_items} SET hidden = 1796083200 WHERE id = 31",
    # By cron, it would be locked.
    "UPDATE {grade_items} SET locktime = 1768480000 WHERE id = 34",
    # Of old damage, a second item of a grade.
    "INSERT INTO {grade_items} (id, courseid, categoryid, itemname, itemtype, itemmodule, iteminstance, itemnumber, grademax, sortorder)"
    " SELECT 99, courseid, categoryid, itemname, itemtype, itemmodule, iteminstance, itemnumber, grademax, 99 FROM {grade_items} WHERE id = 30",
    "INSERT INTO {grade_grades} (itemid, userid, rawgrade, finalgrade) SELECT 99, userid, rawgrade, finalgrade FROM {grade_grades} WHERE itemid = 30",
]
# What Moodle 5.1 left in the gradebook after a reset of its grades, with a start on 2027-01-03: raw grade, final grade, feedback.
GRADES_BACK = {
    ("assign", 4, 0, 3): (40, 40, "<p>Feedback for u001</p>"),
    ("assign", 4, 0, 5): (None, None, "<p>Feedback for u003</p>"),
    **{("assign", 5, 0, user): (44, 44, "<p>Team feedback</p>") for user in (3, 4, 5)},
    ("assign", 6, 0, 3): (66.66667, 66.66667, None),
    ("forum", 8, 1, 5): (61, 61, None),
    **{("glossary", 2, 0, user): (grade, grade, None) for user, grade in ((3, 5), (4, 6), (5, 7))},
    **{("lesson", 2, 0, user): (1.5, 2, None) for user in (3, 4, 5)},
    ("quiz", 2, 0, 3): (3.5, 7.25, None),
    ("quiz", 2, 0, 4): (9, 10, None),
    ("quiz", 2, 0, 5): (6.25, 10, None),
    **{("scorm", 2, 0, user): (1, 1, None) for user in (3, 4, 5)},
    ("workshop", 2, 0, 3): (45.33334, 45.33334, None),
    ("workshop", 2, 0, 4): (53.33334, 53.33334, None),
    ("workshop", 2, 0, 5): (40, 40, "<p>Half</p>"),
}
# After a reset of its items: none is locked, none is there twice, and none has a factor.
GRADES_BACK_IN_NEW_ITEMS = {
    **GRADES_BACK,
    ("forum", 8, 0, 5): (4, 4, None),
    **{("h5pactivity", 2, 0, user): (62.5, 62.5, None) for user in (3, 4, 5)},
    ("quiz", 2, 0, 3): (3.5, 3.5, None),
    ("quiz", 2, 0, 4): (9, 9, None),
    ("quiz", 2, 0, 5): (6.25, 6.25, None),
    **{("workshop", 2, 1, user): (20, 20, None) for user in (3, 4, 5)},
}


@pytest.mark.parametrize(
    ("word", "expected"), [("grades", GRADES_BACK), ("items", GRADES_BACK_IN_NEW_ITEMS)], ids=["grades", "items"]
)
def test_the_gradebook_takes_what_the_activities_have(site: Site, word: str, expected: dict[Any, Any]):
    for sql in GRADES_APART:
        site.rows(sql)
    tables = ["mdl_grade_grades", "mdl_grade_items", "mdl_course_modules_completion"]
    before = site.checksums(tables)
    result = reset(site, [{"shortname": "C101", "startdate": "2027-01-03", "grades": word}])
    assert result["counts"]["updated"] == 1, told(result)
    found = site.rows(
        "SELECT i.itemmodule, i.iteminstance, i.itemnumber, g.userid, g.rawgrade, g.finalgrade, g.feedback"
        " FROM {grade_items} i JOIN {grade_grades} g ON g.itemid = i.id"
        " WHERE i.courseid = 3 AND g.userid IN (3, 4, 5) AND i.itemmodule <> 'data' AND (g.rawgrade IS NOT NULL OR g.feedback IS NOT NULL)"
    )
    assert {
        row[:4]: (*(grade if grade is None else float(grade) for grade in row[4:6]), row[6]) for row in found
    } == expected
    # The highest number of a scale stays; marks are shown once the quiz has closed, on its new date.
    item = "SELECT grademin, grademax, hidden FROM {grade_items} WHERE courseid = 3 AND itemmodule = "
    assert site.rows(item + "'lesson'") == [(1, 3, 0)]
    assert site.rows(item + "'quiz'") == [(0, 10, 1826841600)]
    assert site.run("toolsync_courses_restore", "C101\n")["counts"]["failed"] == 0
    assert site.checksums(tables) == before


def test_without_its_scale_a_lesson_sends_percentages(site: Site):
    site.rows(
        "INSERT INTO {scale} (id, courseid, userid, name, scale, description, timemodified) VALUES (77, 3, 2, 'Own', 'a,b,c,d', '', 1)"
    )
    site.rows("UPDATE {lesson} SET grade = -77 WHERE id = 2")
    site.rows("UPDATE {grade_items} SET gradetype = 2, scaleid = 77, grademax = 4, grademin = 1 WHERE id = 32")
    result = reset(site, [{"shortname": "C101", "grades": "items"}])
    assert result["counts"]["updated"] == 1, told(result)
    assert site.rows(
        "SELECT DISTINCT i.grademin, i.grademax, g.rawgrade, g.finalgrade FROM {grade_items} i JOIN {grade_grades} g ON g.itemid = i.id"
        " WHERE i.courseid = 3 AND i.itemmodule = 'lesson' AND g.rawgrade IS NOT NULL"
    ) == [(0, 100, 50, 50)]


@pytest.mark.parametrize(("word", "states"), [("grades", [(2, 6), (3, 2)]), ("items", [(2, 8)])])
def test_who_leaves_keeps_what_the_grades_that_stay_completed(site: Site, word: str, states: list[tuple[int, int]]):
    result = reset(site, [{"shortname": "C101", "roles": "student", "grades": word}])
    assert result["counts"]["updated"] == 1, told(result)
    of_quiz = "SELECT completionstate, COUNT(*) FROM {course_modules_completion} WHERE coursemoduleid = 56 GROUP BY 1 ORDER BY 1"
    assert site.rows(of_quiz) == states  # Moodle's


def test_what_a_teacher_graded_since_is_not_written_over(site: Site):
    site.rows(
        "INSERT INTO {grade_items} (id, courseid, categoryid, itemtype, itemname, timecreated, timemodified)"
        " SELECT 900, courseid, id, 'manual', 'Oral', 1, 1 FROM {grade_categories} WHERE courseid = 4 AND depth = 1"
    )
    site.rows("INSERT INTO {grade_grades} (itemid, userid, finalgrade) VALUES (900, 28, 30)")
    assert reset(site, [{"shortname": "C102", "grades": "grades"}])["counts"]["updated"] == 1
    # As Moodle's gradebook writes it, with a total: in neither is a raw grade, or that it was overridden.
    site.rows(
        "INSERT INTO {grade_grades} (itemid, userid, finalgrade, timemodified) SELECT id, 28, 88, UNIX_TIMESTAMP()"
        " FROM {grade_items} WHERE courseid = 4 AND (id = 900 OR itemtype = 'course')"
    )
    for given in ("finalgrade = 88", "finalgrade = NULL, excluded = 1", "excluded = 0, hidden = 1"):
        site.rows(f"UPDATE {{grade_grades}} SET {given} WHERE itemid = 900")
        result = site.run("toolsync_courses_restore", "C102\n")
        assert result["counts"]["failed"] == 1, given
        assert "1 rows of table grade_grades that were created since stand in the place" in told(result)
    site.rows("UPDATE {grade_grades} SET hidden = 0 WHERE itemid = 900")  # nobody's any more
    assert site.run("toolsync_courses_restore", "C102\n")["counts"]["updated"] == 1
    assert site.rows("SELECT userid, finalgrade FROM {grade_grades} WHERE itemid = 900") == [(28, 30)]


def test_the_second_time_nothing_is_left(site: Site):
    part = {name: value for name, value in EVERYTHING.items() if name not in ("startdate", "grades")}
    assert reset(site, [{"shortname": "C101", **part}])["counts"]["updated"] == 1
    assert reset(site, [{"shortname": "C101", **part}])["counts"]["unchanged"] == 1


def test_a_simulation_changes_nothing_and_writes_no_bundle(site: Site, pristine: Site):
    result = reset(site, [{"shortname": "C101", **EVERYTHING}], simulate=True)
    assert result["counts"]["updated"] == 1
    assert site.changed(pristine) == []
    assert list(indexes(Cabinet("courses_reset"))) == []


def test_a_line_that_fails_changes_nothing(site: Site, pristine: Site):
    site.rows("INSERT INTO {modules} (name, cron, lastcron, search, visible) VALUES ('holograms', 0, 0, '', 1)")
    site.rows(
        "INSERT INTO {course_modules} (course, module, instance, section, added) SELECT 4, MAX(id), 1, 0, 0 FROM {modules}"
    )
    before = site.checksums([name for (name,) in site.rows("SHOW TABLES")])
    result = reset(
        site,
        [
            {"shortname": "oracle51", "events": "yes"},
            {"shortname": "NOWHERE", "events": "yes"},
            {"shortname": "C101", "roles": "student nobody", "events": "yes"},
            {"shortname": "C101", "modules": "quiz nothing"},
            {"shortname": "C101", "chat": "1", "modules": "all"},
            {"shortname": "C101", "modules": "chat"},
            {"shortname": "C102", "modules": "all"},
            {"shortname": "C102", "startdate": "2026-12-01"},
            {"shortname": "C101", "modules": "holograms"},
            {"shortname": "C101", "grades": "everything"},
        ],
    )
    assert result["counts"]["failed"] == 10, told(result)
    for reason in (
        "the site's front page",
        "no course has this shortname",
        "no role has this shortname: nobody",
        "this site has no module nothing",
        "this site has no module chat",
        "activity holograms",
        "does not know what the module holograms keeps",
        "items, grades or all",
    ):
        assert reason in told(result)
    assert before == site.checksums([name for (name,) in site.rows("SHOW TABLES")])


def test_a_module_left_out_and_one_with_nothing_to_reset(site: Site):
    site.rows("UPDATE {course} SET cacherev = 1 WHERE id = 3")
    result = reset(site, [{"shortname": "C101", "modules": "-quiz -chat", "logs": "yes"}])
    assert result["counts"]["updated"] == 1
    assert site.value("SELECT COUNT(*) FROM {quiz_attempts} a JOIN {quiz} q ON q.id = a.quiz WHERE q.course = 3") > 0
    assert (
        site.value("SELECT COUNT(*) FROM {lesson_attempts} a JOIN {lesson} l ON l.id = a.lessonid WHERE l.course = 3")
        == 0
    )
    assert site.value("SELECT cacherev FROM {course} WHERE id = 3") > 1
    assert "a reset deletes no logs" in Path(result["report"]).read_text()


def test_a_person_sees_what_would_go(site: Site, pristine: Site):
    result = reset(site, [{"shortname": "C101", "modules": "all", "roles": "student"}], require_approval=True)
    assert result["state"] == "awaiting approval"
    (plan,) = result["planned"] if isinstance(result["planned"], list) else [result["planned"]]
    assert plan
    assert site.changed(pristine) == []


def test_the_columns_are_the_options_of_the_graph():
    resets = Resets(course_graph(), course_graph())
    columns = {spec.name for spec in load_suite("courses_reset").columns}
    assert {name for name, _ in resets.columns()} <= columns
    named = {name for table, of in resets.facts("reset") if isinstance(of, dict) for name in of}
    course = {name for words in resets.course_columns.values() for names in words.values() for name in names}
    assert {part for name in named for part in name.split(" and ")} <= set(resets.options) | course


def test_dates_in_restrictions_move_however_deep_they_lie():
    text = '{"op":"&","c":[{"op":"|","c":[{"type":"date","d":">=","t":100}]},{"type":"profile","v":"a\\/\\u00e9"}],"showc":[true,true]}'
    assert shift_dates([(1, 5, text), (2, 5, '{"op":"&","c":[]}'), (3, 5, "nonsense")]) == [
        (1, text.replace("100", "105"))
    ]
