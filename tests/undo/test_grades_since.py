"""What teachers graded after a reset has sent grades anew is neither lost, nor does a gradebook come back beside another one."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site
from tests.support.undo import changed
from tests.undo.test_conflicts import stays, undo
from toolsync.cabinet.bundles import FOLDER
from toolsync.cabinet.folders import Cabinet

pytestmark = pytest.mark.usefixtures("airflow")

# What Moodle 5.1's `grade_item::update_final_grade(9, 77, 'gradebook', '<p>since</p>', FORMAT_HTML, 2)` writes: u007 has 70 in the assignment.
TYPED = """
UPDATE {grade_grades} g JOIN {grade_items} i ON i.id = g.itemid AND i.itemmodule = 'assign' AND i.iteminstance = 4 AND i.itemnumber = 0
   SET g.finalgrade = 77, g.overridden = 1796071781, g.feedback = '<p>since</p>', g.feedbackformat = 1, g.usermodified = 2, g.timemodified = 1796071781, i.needsupdate = 1
 WHERE g.userid = 9"""
# A look at the gradebook: `grade_regrade_final_grades(3)` works out weights and totals, and writes an empty row where somebody has no grade.
LOOKED = [
    "UPDATE {grade_items} SET needsupdate = 0, timemodified = timemodified + 2, aggregationcoef2 = IF(itemtype = 'course', 0, ROUND(grademax / 794, 5)), "
    "grademax = IF(itemtype = 'course', 794, grademax) WHERE courseid = 3",
    "UPDATE {grade_grades} g JOIN {grade_items} i ON i.id = g.itemid AND i.courseid = 3 SET g.aggregationstatus = 'used', g.aggregationweight = ROUND(i.grademax / 794, 5)",
    "INSERT IGNORE INTO {grade_grades} (itemid, userid, finalgrade, aggregationstatus) SELECT i.id, u.id, IF(i.itemtype = 'course', 259.45834, NULL), 'unknown' "
    "FROM {grade_items} i JOIN {user} u ON u.id IN (3, 9) WHERE i.courseid = 3",
]
GRADES = (
    "SELECT g.finalgrade FROM {grade_grades} g JOIN {grade_items} i ON i.id = g.itemid AND i.itemmodule = %s AND i.iteminstance = %s AND i.itemnumber = 0 "
    "WHERE g.userid = 9"
)
# What Moodle has once, and says "found more than one record" of two.
TWICE = (
    "SELECT itemtype, itemmodule, MAX(iteminstance), itemnumber FROM {grade_items} WHERE courseid = 3 AND itemtype IN ('mod', 'course') "
    "GROUP BY itemtype, itemmodule, IF(itemtype = 'mod', iteminstance, 0), itemnumber HAVING COUNT(*) > 1 "
    "UNION SELECT 'top', NULL, 0, 0 FROM {grade_categories} WHERE courseid = 3 AND depth = 1 HAVING COUNT(*) > 1"
)
LOST = (
    "SELECT 'grade', g.id FROM {grade_grades} g LEFT JOIN {grade_items} i ON i.id = g.itemid WHERE i.id IS NULL "
    "UNION SELECT 'item', i.id FROM {grade_items} i LEFT JOIN {grade_categories} c ON c.id = COALESCE(i.categoryid, i.iteminstance) "
    "WHERE i.courseid = 3 AND c.id IS NULL "
    "UNION SELECT 'category', c.id FROM {grade_categories} c LEFT JOIN {grade_categories} p ON p.id = c.parent WHERE c.courseid = 3 AND c.path <> CONCAT(COALESCE(p.path, '/'), c.id, '/')"
)


def reset(site: Site, grades: str) -> dict[str, Any]:
    return site.run("toolsync_courses_reset", f"shortname,grades\nC101,{grades}\n", require_approval=False)


def look(site: Site) -> None:
    for sql in LOOKED:
        site.rows(sql)


def without_hashes() -> None:
    """The bundle as versions before 0.2 wrote it."""
    cabinet = Cabinet("courses_reset")
    (path,) = Path(cabinet.folder(FOLDER)).glob("*.undo.gz")
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    for line in lines:
        if line.get("change") == "made":
            line.pop("hashed", None)
            line |= {"columns": ["id"], "rows": [row[:1] for row in line["rows"]]}
    path.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))


def test_a_grade_that_was_typed_over_one_that_a_reset_had_sent_stays(site: Site, pristine: Site):
    result = reset(site, "grades")
    site.rows(TYPED)
    refused = site.run("toolsync_courses_restore", "C101\n")
    assert refused["counts"]["failed"] == 1
    assert "1 rows of table grade_grades that the reset had created were changed since" in Path(refused["report"]).read_text()  # fmt: skip
    told = stays(undo(site, result))
    assert [reason.partition(" (id ")[0] for _, _, reason in told] == [
        "somebody made another one since", "somebody changed it since",
    ]  # fmt: skip
    assert [about for _, about, _ in told] == ["u007 · C101"] * 2
    assert site.rows(GRADES, ("assign", 4)) == [(77,)]
    assert site.value("SELECT needsupdate FROM {grade_items} WHERE courseid = 3 AND itemtype = 'course'") == 1
    assert changed(site, pristine) == {"grade_grades", "grade_items"}


def test_a_bundle_without_hashes_is_put_back_as_before(site: Site, pristine: Site):
    reset(site, "grades")
    site.rows(TYPED)
    without_hashes()
    assert site.run("toolsync_courses_restore", "C101\n")["counts"]["updated"] == 1
    assert changed(site, pristine) == set()


@pytest.mark.parametrize("way", ["undo", "restore"])
def test_whoever_looks_at_a_new_gradebook_does_not_keep_it(site: Site, pristine: Site, way: str):
    result = reset(site, "items")
    look(site)
    if way == "undo":
        assert stays(undo(site, result)) == []
    else:
        assert site.run("toolsync_courses_restore", "C101\n")["counts"]["updated"] == 1
    assert changed(site, pristine) == set()


def test_a_new_grade_item_in_which_somebody_was_graded_stands_for_the_old_one(site: Site):
    result = reset(site, "items")
    look(site)
    site.rows(TYPED)
    refused = site.run("toolsync_courses_restore", "C101\n")
    assert refused["counts"]["failed"] == 1, Path(refused["report"]).read_text()
    quiz = site.value("SELECT id FROM {grade_items} WHERE courseid = 3 AND itemmodule = 'quiz'")
    told = stays(undo(site, result))
    assert site.rows(GRADES, ("assign", 4)) == [(77,)]
    assert site.rows(TWICE) == [] and site.rows(LOST) == []
    assert site.value("SELECT id FROM {grade_items} WHERE courseid = 3 AND itemmodule = 'quiz'") == 31 != quiz
    assert site.rows("SELECT i.id FROM {grade_items} i JOIN {grade_categories} c ON c.id = i.categoryid AND c.fullname = 'C101 coursework'") == [(37,)]  # fmt: skip
    assert {name for name, _, _ in told} == {"grade_items", "grade_grades"}
    assert site.value("SELECT needsupdate FROM {grade_items} WHERE courseid = 3 AND itemtype = 'course'") == 1


def test_with_overwrite_changes_the_old_gradebook_replaces_a_new_one_but_not_an_item_of_somebody(
    site: Site, pristine: Site
):
    reset(site, "items")
    look(site)
    site.rows(TYPED)
    site.rows(
        "INSERT INTO {grade_items} (courseid, categoryid, itemtype, itemname, timecreated, timemodified) "
        "SELECT 3, id, 'manual', 'Oral', 1, 1 FROM {grade_categories} WHERE courseid = 3"
    )
    assert site.run("toolsync_courses_restore", "C101\n", overwrite_changes=True)["counts"]["updated"] == 1
    assert site.rows(TWICE) == [] and site.rows(LOST) == []
    assert site.value("SELECT categoryid FROM {grade_items} WHERE itemname = 'Oral'") == 3
    assert changed(site, pristine) == {"grade_items"}
