"""Courses reset and put back: what the scenarios do not cover."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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
    {"grades": "grades", "groups": "members", "groupings": "groupings"},
    {"startdate": "2025-09-01", "events": "yes"},
]


def reset(site: Site, rows: list[dict[str, str]], **params: Any) -> dict[str, Any]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows)]
    return site.run("toolsync_courses_reset", "\n".join(lines) + "\n", **{"require_approval": False, **params})


def told(result: dict[str, Any]) -> str:
    return Path(result["lines"]).read_text()


@pytest.mark.parametrize("part", PARTS, ids=["everything", "modules", "grades", "dates"])
@pytest.mark.parametrize("course", ["C101", "TPL1"])
def test_a_course_reset_and_put_back_is_what_it_was(site: Site, pristine: Site, course: str, part: dict[str, str]):
    result = reset(site, [{"shortname": course, **part}])
    assert result["counts"]["failed"] == 0, told(result)
    if result["counts"]["updated"]:
        assert changed(site, pristine)
        restored = site.run("toolsync_courses_restore", f"{course}\n")
        assert restored["counts"]["failed"] == 0, told(restored)
    assert changed(site, pristine) == set()


def test_two_lines_about_a_course_are_done_in_their_order(site: Site):
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
