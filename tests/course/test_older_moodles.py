"""What older Moodles do otherwise and no chain of `tests/conformance/versions` shows, as their code was read."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import ParisSite
from tests.support.scenarios import CHAINS, prepare
from tests.support.site import Site
from toolsync.course.dates import midnights, week_ends
from toolsync.moodle.releases import is_since

SitesOf = Callable[[str], tuple[Site, Site]]
MONDAY = 1773010800  # 2026-03-09 00:00 in Paris; the clocks change within the next four weeks


@pytest.mark.parametrize(
    ("version", "releases", "answer"),
    [
        (2022112806.05, ["4.1.7", "4.2.4", "4.3.1"], False),
        (2022112807.00, ["4.1.7", "4.2.4", "4.3.1"], True),
        (2023042403.00, ["4.1.7", "4.2.4", "4.3.1"], False),
        (2023100901.00, ["4.1.7", "4.2.4", "4.3.1"], True),
        (2024042200.00, ["4.1.7", "4.2.4", "4.3.1"], True),
        (2022112822.00, ["4.4.7", "4.5.3", "5.0"], False),
        (2025041400.00, ["4.4.7", "4.5.3", "5.0"], True),
        (2026041300.00, ["5.0.6", "5.1"], True),
    ],
)
def test_a_change_came_with_releases_of_several_branches(version: float, releases: list[str], answer: bool):
    assert is_since(version, *releases) is answer


@pytest.mark.parametrize(
    ("version", "last", "end"),
    [
        (2022112801.00, 4, MONDAY + 28 * 86400 + 7200),  # 4.1.1
        (2022112801.00, 0, MONDAY + 7200),
        (2023100900.00, 4, MONDAY + 28 * 86400),  # 4.3
        (2022112807.00, 4, MONDAY + 28 * 86400 - 3600),  # 4.1.7
    ],
)
def test_weeks_end_as_the_release_counts_them(version: float, last: int, end: int):
    site = ParisSite()
    site.version = version
    assert week_ends([(7, MONDAY, last, "")], site) == [(7, end)]


def test_a_day_begins_at_midnight_of_its_timezone():
    times = [(1, MONDAY + 8 * 3600, ""), (2, MONDAY, ""), (3, MONDAY, "Asia/Tokyo"), (4, 10**17, "")]
    assert midnights(times, ParisSite()) == [(1, MONDAY), (2, MONDAY), (3, MONDAY - 8 * 3600), (4, 10**17)]


FIELDS = """
INSERT INTO {customfield_category} (id, name, sortorder, timecreated, timemodified, component, area, itemid, contextid)
VALUES (900, 'Courses', 9, 1, 1, 'core_course', 'course', 0, 1);
INSERT INTO {customfield_field} (id, shortname, name, type, sortorder, categoryid, configdata, timecreated, timemodified)
VALUES (901, 'centre', 'Centre', 'text', 1, 900, '{"maxlength":"20"}', 1, 1), (902, 'about', 'About', 'textarea', 2, 900, '{}', 1, 1);
INSERT INTO {customfield_data} (fieldid, instanceid, charvalue, value, valueformat, timecreated, timemodified, contextid)
SELECT 901, c.id, 'Old', 'Old', 0, 1, 1, x.id FROM {course} c JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = c.id WHERE c.shortname = 'TPL1'
"""


@pytest.mark.parametrize(("version", "name_length"), [("41", 254), ("45", 254), ("50", 1333)])
def test_courses(version: str, name_length: int, site_of: SitesOf, airflow: None):
    site, _ = site_of(version)
    for statement in FIELDS.split(";"):
        site.rows(statement)
    # Activities that can't be graded before 5.0 have no scale either.
    site.rows(
        "INSERT INTO {scale} (courseid, userid, name, scale, description, timemodified) SELECT id, 2, 'Own', 'bad,good', '', 1 FROM {course} WHERE shortname = 'TPL1'"
    )
    site.rows("UPDATE {enrol} SET status = 1, timemodified = 5 WHERE enrol = 'self'")
    (course,) = site.rows(
        "SELECT c.id FROM {course} c JOIN {enrol} e ON e.courseid = c.id AND e.enrol = 'self' WHERE c.shortname <> 'TPL1' ORDER BY c.id LIMIT 1"
    )[0]
    shortname = site.value("SELECT shortname FROM {course} WHERE id = %s", (course,))
    columns = ["shortname", "fullname", "category_idnumber", "format", "template", "self", "customfield_centre", "customfield_about", "topic1"]  # fmt: skip
    template = "TPL1" if version == "45" else ""  # one copy is enough: the chains make one of each version
    lines = [
        ["ONE", "One activity", "SCI", "singleactivity", "", "", "Here", "Text", ""],
        ["COPY", "Copy", "SCI", "", template, "", "New", "", ""],
        [shortname, "", "", "", "", "1", "", "", ""],
        ["LONG", "x" * name_length, "SCI", "", "", "", "", "", "y" * 255],
        ["LONGER", "x" * (name_length + 1), "SCI", "", "", "", "", "", ""],
        ["SECTION", "Section", "SCI", "", "", "", "", "", "y" * 256],
        ["SOCIAL", "Social", "SCI", "social", "", "", "", "", ""],
    ]  # fmt: skip
    result = site.run("toolsync_courses", as_csv([columns, *lines]), force_update=True)
    assert outcomes(result) == ["created", "created", "updated", "created", "failed", "failed", "created"], result
    forums = "SELECT f.type FROM {forum} f JOIN {course} c ON c.id = f.course WHERE c.shortname = 'SOCIAL'"
    assert site.rows(forums) == ([] if version == "41" else [("social",)])
    data = "SELECT c.shortname, d.fieldid, d.value, d.timecreated = 1 FROM {customfield_data} d JOIN {course} c ON c.id = d.instanceid WHERE d.fieldid > 900 ORDER BY 1, 2"
    assert site.rows(data) == [
        ("COPY", 901, "New", 0),
        ("ONE", 901, "Here", 0),
        ("ONE", 902, "Text", 0),
        ("TPL1", 901, "Old", 1),
    ]
    # The block of other activities came with 5.1, and so does the note of the time at which a method is enabled.
    of_course = "SELECT COUNT(*) FROM {block_instances} b JOIN {context} x ON x.id = b.parentcontextid AND x.contextlevel = 50 JOIN {course} c ON c.id = x.instanceid WHERE c.shortname = 'ONE'"
    assert site.value(of_course) == 0
    assert site.rows("SELECT status, timemodified FROM {enrol} WHERE courseid = %s AND enrol = 'self'", (course,)) == [
        (0, 5)
    ]
    # Moodle's own upload notes the time even where only the status changes.
    upload = as_csv([["shortname", "enrolment_1", "enrolment_1_disable"], [shortname, "self", "1"]])
    assert site.run("toolsync_courses", upload, force_update=True)["counts"]["updated"] == 1
    assert site.rows(
        "SELECT status, timemodified > 5 FROM {enrol} WHERE courseid = %s AND enrol = 'self'", (course,)
    ) == [(1, 1)]


@pytest.mark.parametrize("version", ["41", "45", "50"])
def test_dates_of_a_course_that_starts_during_the_day(version: str, site_of: SitesOf, airflow: None):
    """Before 4.4.7 and 4.5.3 they shift from the midnight before it; some of them since later releases only."""
    site, _ = site_of(version)
    day, hours, week = 86400, 8 * 3600, 7 * 86400
    monday = 1767571200  # 2026-01-05 00:00 UTC
    course = site.value("SELECT id FROM {course} WHERE shortname = 'C101'")
    site.rows("UPDATE {config} SET value = 'UTC' WHERE name = 'timezone'")
    site.rows("UPDATE {course} SET startdate = %s WHERE id = %s", (monday + hours, course))
    dates = {
        "assign": ["duedate", "gradingduedate"],
        "forum": ["duedate", "cutoffdate"],
        "bigbluebuttonbn": ["openingtime"],
        "quiz": ["timeopen"],
    }
    for table, columns in dates.items():
        site.rows(
            f"UPDATE {{{table}}} SET {', '.join(f'{column} = {monday + day}' for column in columns)} WHERE course = %s",
            (course,),
        )
    file = "shortname,startdate,completion\nC101,2026-01-12 08:00,1\n"
    viewed = "SELECT COUNT(*) FROM {course_modules_viewed}"
    site.rows("DELETE FROM {course_modules_viewed}")
    site.rows(
        "INSERT INTO {course_modules_viewed} (coursemoduleid, userid, timecreated) SELECT MIN(id), 3, 1 FROM {course_modules} WHERE course = %s",
        (course,),
    )
    assert site.run("toolsync_courses_reset", file, approve="yes")["counts"]["updated"] == 1
    shift = week if version == "50" else week + hours
    assert site.value("SELECT startdate FROM {course} WHERE id = %s", (course,)) == monday + hours + week
    moved = {
        f"{table}.{column}": {
            value - monday - day
            for (value,) in site.rows(f"SELECT {column} FROM {{{table}}} WHERE course = %s", (course,))
        }
        for table, columns in dates.items()
        for column in columns
    }
    assert moved == {
        "assign.duedate": {shift}, "assign.gradingduedate": {0}, "forum.duedate": {0}, "forum.cutoffdate": {0}, "bigbluebuttonbn.openingtime": {0},
        "quiz.timeopen": {shift},
    }  # fmt: skip
    assert site.value(viewed) == (1 if version == "41" else 0)  # with 4.1.4, what people saw
    again = site.run("toolsync_courses_reset", "shortname,startdate\nC101,2026-01-12 08:00\n", approve="yes")
    assert again["counts"]["unchanged"] == 1


def as_csv(rows: list[list[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in rows)


def outcomes(result: dict[str, Any]) -> list[str]:
    """What became of each line."""
    with open(result["lines"], newline="", encoding="utf-8") as stream:
        return [line["outcome"] for line in csv.DictReader(stream)]


def test_a_bank_of_an_unknown_question_type_is_used_from_where_it_is(site_of: SitesOf, airflow: None):
    """Unlike a category's bank, which comes along, as the chain `45/question-banks` shows."""
    site, _ = site_of("45")
    prepare(site, CHAINS["45/question-banks"].folder / "lend.sql")
    site.rows(
        "UPDATE {question} q JOIN {question_versions} v ON v.questionid = q.id SET q.qtype = 'foo' WHERE v.questionbankentryid = 31"
    )
    result = site.run("toolsync_courses", "shortname,fullname,category,template\nNEW1,New one,Science,C107\n")
    assert outcomes(result) == ["created"], result
    assert "does not know the question types foo" in Path(result["report"]).read_text(encoding="utf-8")
    entries = """
        SELECT s.slot, r.questionbankentryid, x.contextlevel, x.instanceid = z.course
          FROM {quiz} z
          JOIN {course} c ON c.id = z.course AND c.shortname = 'NEW1'
          JOIN {quiz_slots} s ON s.quizid = z.id
          JOIN {question_references} r ON r.itemid = s.id
          JOIN {question_bank_entries} e ON e.id = r.questionbankentryid
          JOIN {question_categories} k ON k.id = e.questioncategoryid
          JOIN {context} x ON x.id = k.contextid
         ORDER BY s.slot
    """
    assert [(slot, entry == 32, level, own) for slot, entry, level, own in site.rows(entries)] == [
        (1, False, 50, 1),
        (2, False, 50, 1),
        (3, True, 50, 0),
    ]
