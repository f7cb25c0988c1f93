"""Courses deleted and put back: what the scenarios do not cover."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.command import killed
from tests.support.samples import sample
from tests.support.scenarios import prepare
from tests.support.site import Site
from tests.support.undo import changed, delete, restore
from toolsync import __version__
from toolsync.cabinet.folders import Cabinet
from toolsync.course.graph_files import course_graph
from toolsync.course.order import Deletion, put_back
from toolsync.course.undo_bundles import indexes
from toolsync.course.undo_expiry import expire
from toolsync.moodle.hook import MoodleHook
from toolsync.running.state import RunState
from toolsync.settings import ROOT, settings

pytestmark = pytest.mark.usefixtures("airflow")

COURSES = ["TPL1", "C101", "C102", "C103", "C104", "C105", "C106", "C107", "C108"]


@pytest.fixture
def cabinet(site: Site) -> Cabinet:
    return Cabinet("courses_delete")


def messages(result: dict[str, Any]) -> str:
    return Path(result["lines"]).read_text()


@pytest.mark.parametrize("course", sample(COURSES, 4))
def test_a_course_deleted_and_put_back_is_what_it_was(site: Site, pristine: Site, course: str):
    assert delete(site, course)["counts"]["deleted"] == 1
    assert site.value("SELECT COUNT(*) FROM {course} WHERE shortname = %s", (course,)) == 0
    assert restore(site, course)["counts"]["created"] == 1
    assert changed(site, pristine) == set()


def test_all_courses_at_once(site: Site, pristine: Site):
    assert delete(site, *COURSES)["counts"]["deleted"] == len(COURSES)
    assert site.rows("SELECT shortname FROM {course}") == [("oracle51",)]
    assert restore(site, *COURSES)["counts"]["created"] == len(COURSES)
    assert changed(site, pristine) == set()


@pytest.mark.parametrize("seed", sample(range(4), 4))
def test_any_sequence_of_deleting_and_putting_back_returns_to_the_start(site: Site, pristine: Site, seed: int):
    chance = random.Random(seed)
    gone: list[str] = []
    for _ in range(6):
        if gone and chance.random() < 0.4:
            course = chance.choice(gone)
            if restore(site, course)["counts"]["created"]:
                gone.remove(course)
        else:
            course = chance.choice([name for name in COURSES if name not in gone])
            assert delete(site, course)["counts"]["deleted"] == 1
            gone.append(course)
    while gone:
        done = [course for course in gone if restore(site, course)["counts"]["created"]]
        assert done, gone
        gone = [course for course in gone if course not in done]
    assert changed(site, pristine) == set()


def test_the_categories_of_deleted_courses_are_in_order(site: Site, pristine: Site):
    # Somebody has sorted the courses of History by name, and the count is wrong.
    site.rows("UPDATE {course} SET sortorder = 60000 + id - 5 WHERE category = 6")
    site.rows("UPDATE {course_categories} SET coursecount = 7 WHERE id = 6")
    order = "SELECT shortname, sortorder FROM {course} WHERE category = 6 ORDER BY sortorder"
    before = [name for name, _ in site.rows(order)]
    assert before == ["C104", "C105", "C106", "C107"]
    delete(site, "C105", "C106", "C108")
    assert site.rows(order) == [("C104", 60001), ("C107", 60002)]
    assert site.rows("SELECT id, coursecount FROM {course_categories} WHERE id IN (5, 6)") == [(5, 0), (6, 2)]
    restore(site, "C106", "C105", "C108")
    assert [name for name, _ in site.rows(order)] == before
    assert [place for _, place in site.rows(order)] == [60001, 60002, 60003, 60004]
    assert changed(site, pristine) == {"course"}  # which is sorted


ORDER = "SELECT shortname FROM {course} WHERE category = 6 ORDER BY sortorder"


def sort_by_hand(site: Site) -> list[tuple[str]]:
    """Sort the courses of History by name, with one from another category at the end."""
    site.rows("UPDATE {course} SET category = 6, sortorder = 60009 WHERE shortname = 'C102'")
    site.rows("UPDATE {course} SET sortorder = 60000 + id - 5 WHERE category = 6 AND shortname <> 'C102'")
    order = site.rows(ORDER)
    assert order == [("C104",), ("C105",), ("C106",), ("C107",), ("C102",)]
    return order


def test_courses_deleted_one_after_the_other_come_back_in_their_order(site: Site, monkeypatch: pytest.MonkeyPatch):
    before = sort_by_hand(site)
    delete(site, "C105")
    delete(site, "C106")
    restore(site, "C105", "C106")
    assert site.rows(ORDER) == before
    monkeypatch.setitem(settings()["batch_lines_of"], "courses_delete", 1)
    delete(site, "C104", "C105", "C106")
    assert site.rows(ORDER) == [("C107",), ("C102",)]
    monkeypatch.setitem(settings()["batch_lines_of"], "courses_restore", 2)
    restore(site, "C104", "C105", "C106")
    assert site.rows(ORDER) == before
    numbers = site.rows("SELECT sortorder FROM {course} WHERE category = 6 ORDER BY sortorder")
    assert numbers == [(60001,), (60002,), (60003,), (60004,), (60005,)]


@given(st.permutations(range(6)), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=6, max_size=6))
def test_each_finds_its_place_whatever_is_put_back_first(former: list[int], steps: list[tuple[int, int]]):
    order, deletions = list(former), list[Deletion]()
    for time in range(1, 4):  # a course with 0 stays
        gone = [course for course in order if steps[course][0] == time]
        byhand = order != sorted(order, reverse=True)
        deletions += [Deletion(course, order.index(course) + 1, byhand, time, None) for course in gone]
        order = [course for course in order if course not in gone]
    for time in range(4, 8):
        back = {course for course in former if course not in order and steps[course][1] == time - 4}
        order = put_back(order, back, deletions)
        deletions = [each._replace(back=time) if each.course in back else each for each in deletions]
        assert order == [course for course in former if course in order]
        assert back <= set(order)
    assert order == former


def test_neither_plan_nor_simulation_waits_for_courses_that_stay(site: Site):
    before = sort_by_hand(site)
    site.rows("UPDATE {course} SET sortorder = 60008 WHERE shortname = 'C107'")  # it would get another number
    other = site.connect()
    try:
        other.begin()
        other.cursor().execute("SELECT id FROM mdl_course WHERE shortname IN ('C104', 'C107') FOR UPDATE")
        other.cursor().execute("SELECT id FROM mdl_course_categories WHERE id = 6 FOR UPDATE")
        assert delete(site, "C106", simulate=True)["counts"]["deleted"] == 1
        assert site.run("toolsync_courses_delete", "C106\n", approve="no")["state"] == "not approved"
    finally:
        other.close()
    assert site.rows(ORDER) == before


def orphans(site: Site) -> Iterator[tuple[str, str, int]]:
    """Columns that name a parent which does not exist: table, column, number of rows."""
    tables = {name for (name,) in site.rows("SHOW TABLES")}
    columns = {
        (table, column)
        for table, column in site.rows(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()"
        )
    }
    for table in course_graph().tables.values():
        for link in table.parents:
            if {f"mdl_{table.name}", f"mdl_{link.table}"} <= tables and (f"mdl_{table.name}", link.column) in columns:
                query = (
                    f"SELECT COUNT(*) FROM {{{table.name}}} t LEFT JOIN {{{link.table}}} p ON p.{link.key} = t.{link.column} "
                    f"WHERE t.{link.column} > 0 AND p.{link.key} IS NULL{link.condition.replace('%', '%%')}"
                )
                if table.stays:
                    query += f" AND NOT ({table.stays})"
                if count := site.value(query):
                    yield table.name, link.column, count


def test_no_row_hangs_on_what_is_gone(site: Site):
    before = set(orphans(site))
    tags_of_courses = "SELECT COUNT(*) FROM {tag_instance} WHERE itemtype = 'course'"
    site.rows("UPDATE {tag_instance} SET contextid = NULL WHERE itemtype = 'course'")  # as old ones are
    assert site.value(tags_of_courses) > 0
    assert delete(site, *COURSES)["counts"]["deleted"] == len(COURSES)
    assert set(orphans(site)) - before == set()
    assert site.value(tags_of_courses) == 0


def test_a_simulation_deletes_nothing_and_writes_no_bundle(site: Site, pristine: Site, cabinet: Cabinet):
    result = delete(site, "C101", simulate=True)
    assert result["counts"]["deleted"] == 1
    assert site.changed(pristine) == []
    assert list(indexes(cabinet)) == []


def test_what_must_not_be_deleted_is_refused_by_name(site: Site, pristine: Site, cabinet: Cabinet):
    site.rows("INSERT INTO {modules} (name, cron, lastcron, search, visible) VALUES ('holograms', 0, 0, '', 1)")
    site.rows(
        "INSERT INTO {course_modules} (course, module, instance, section, added) SELECT id, (SELECT MAX(id) FROM {modules}), 1, 0, 0 "
        "FROM {course} WHERE shortname = 'C103'"
    )
    entry, context = site.rows(
        "SELECT e.id, x.id FROM {question_bank_entries} e JOIN {question_categories} k ON k.id = e.questioncategoryid "
        "JOIN {context} c ON c.id = k.contextid JOIN {course_modules} cm ON cm.id = c.instanceid AND cm.course = 3, {context} x "
        "WHERE x.contextlevel = 70 AND x.instanceid = (SELECT MAX(id) FROM {course_modules} WHERE course = 4) LIMIT 1"
    )[0]
    site.rows(
        "INSERT INTO {question_references} (usingcontextid, component, questionarea, itemid, questionbankentryid) VALUES (%s, 'mod_quiz', 'slot', 999, %s)",
        (context, entry),
    )
    result = delete(site, "C103", "C101", "oracle51", "C108", "C108")
    assert result["counts"] | {"deleted": 1, "failed": 4} == result["counts"]
    told = messages(result)
    assert "activity holograms" in told
    assert "the course C102 uses questions of this course's question bank" in told
    assert "the site's front page, which is never touched" in told
    assert "no course has this shortname" in told
    assert [index["course"]["shortname"] for _, index in indexes(cabinet)] == ["C108"]
    assert {name.removeprefix("mdl_") for name in site.changed(pristine)} > {"course"}
    assert site.value("SELECT COUNT(*) FROM {assign} WHERE course = 3") == 3


def test_a_course_does_not_come_back_over_what_was_made_since(site: Site, pristine: Site):
    delete(site, "C102", "C103", "C106")
    site.rows("UPDATE {course} SET shortname = 'C102' WHERE shortname = 'C107'")
    site.rows("DELETE FROM {course_categories} WHERE id = 2")  # of C103
    section = pristine.value(
        "SELECT MIN(id) FROM {course_sections} WHERE course = (SELECT id FROM {course} WHERE shortname = 'C106')"
    )
    site.rows("INSERT INTO {course_sections} (id, course, section) VALUES (%s, 3, 99)", (section,))
    result = restore(site, "C102", "C103", "C106", "C107", "NEVER")
    told = messages(result)
    assert "has the short name C102 now" in told
    assert "its category (id 2) is gone" in told
    assert "there is no undo bundle of a course with this shortname" in told
    assert f"1 ids of table course_sections are taken, the first is {section}" in told
    assert result["counts"]["failed"] == 5


def test_accounts_deleted_since_stay_out(site: Site):
    delete(site, "C102")
    person = site.value(
        "SELECT ue.userid FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid WHERE e.courseid = 3 LIMIT 1"
    )
    delete(site, "C101")
    site.rows("UPDATE {user} SET deleted = 1 WHERE id = %s", (person,))
    result = restore(site, "C101")
    assert result["counts"]["created"] == 1
    assert "the accounts were deleted since" in messages(result)
    assert (
        site.value(
            "SELECT COUNT(*) FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid WHERE e.courseid = 3 AND ue.userid = %s",
            (person,),
        )
        == 0
    )


def test_contents_of_files_stay_as_long_as_a_bundle_refers_to_them(site: Site, cabinet: Cabinet, tmp_path: Path):
    pool = tmp_path / "moodledata" / "filedir"
    only_here = site.value(
        "SELECT f.contenthash FROM {files} f JOIN {context} x ON x.id = f.contextid AND x.path LIKE '%%/87/%%' WHERE f.filesize > 0 AND NOT EXISTS "
        "(SELECT 1 FROM {files} o JOIN {context} y ON y.id = o.contextid WHERE o.contenthash = f.contenthash AND y.path NOT LIKE '%%/87%%') LIMIT 1",
        (),
    )
    content = pool / only_here[:2] / only_here[2:4] / only_here
    content.parent.mkdir(parents=True)
    content.write_bytes(b"x")
    delete(site, "C101")
    assert site.value("SELECT COUNT(*) FROM {files} WHERE contenthash = %s", (only_here,)) == 0
    assert content.exists()
    with MoodleHook("moodle_db").session(lock_seconds=10) as session:
        assert expire(cabinet, RunState(session), days=1) == 0
        assert content.exists()
        assert expire(cabinet, RunState(session), days=-1) == 1
    assert not content.exists()
    assert list(cabinet.folder("undo").iterdir()) == []


def test_an_expired_bundle_leaves_its_contents_to_moodle_where_the_data_folder_is_out_of_reach(
    site: Site, cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", site.connection())
    delete(site, "C101")
    [(_, index)] = indexes(cabinet)
    with MoodleHook("moodle_db").session(lock_seconds=10) as session:
        assert expire(cabinet, RunState(session), days=-1) == 1
    drafts = {
        row[0]
        for row in site.rows(
            "SELECT contenthash FROM {files} WHERE component = 'user' AND filearea = 'draft' AND userid = 2 AND timemodified < UNIX_TIMESTAMP() - 400000"
        )
    }
    others = {
        row[0]
        for row in site.rows("SELECT contenthash FROM {files} WHERE NOT (component = 'user' AND filearea = 'draft')")
    }
    assert set(index["contents"]) - others <= drafts


def test_a_bundle_of_an_older_version_is_put_back(site: Site, pristine: Site, cabinet: Cabinet):
    delete(site, "C102")
    [path] = cabinet.folder("undo").glob("*.json")
    index = json.loads(path.read_text())
    assert index.pop("toolsync") == __version__
    del index["written"], index["course"]["category"], index["course"]["place"], index["course"]["byhand"]
    path.write_text(json.dumps(index))
    assert restore(site, "C102")["counts"]["created"] == 1
    assert changed(site, pristine) == set()


def test_a_bundle_cut_short_is_refused(site: Site, cabinet: Cabinet):
    delete(site, "C102")
    [path] = cabinet.folder("undo").glob("*.gz")
    path.write_bytes(path.read_bytes()[:-40])
    result = restore(site, "C102")
    assert result["counts"]["failed"] == 1
    assert "the bundle can't be read" in messages(result)
    assert json.loads(next(cabinet.folder("undo").glob("*.json")).read_text())["restored"] is None


@pytest.mark.parametrize(
    ("where", "when"),
    [
        ("toolsync.course.undo_bundles:UndoWriter.write", "after"),
        ("toolsync.moodle.session:MoodleSession.commit", "before"),
        ("toolsync.moodle.session:MoodleSession.commit", "after"),
    ],
)
def test_killed_at_any_moment_a_course_is_whole_or_gone(
    site: Site, pristine: Site, cabinet: Cabinet, tmp_path: Path, where: str, when: str
):
    file = tmp_path / "gone.csv"
    file.write_text("C102\nC108\n")
    killed(where, when, "toolsync_courses_delete", file, "--params", '{"require_approval": false}')
    assert site.value("SELECT COUNT(*) FROM {course} WHERE shortname IN ('C102', 'C108')") == (
        0 if when == "after" and "commit" in where else 2
    )
    result = site.run("toolsync_courses_delete")
    assert result["counts"]["deleted"] == 2
    assert len(list(indexes(cabinet))) == 2
    assert restore(site, "C102", "C108")["counts"]["created"] == 2
    assert changed(site, pristine) == set()


def test_an_alias_to_its_files_is_one_again_when_the_course_is_back(site: Site, pristine: Site):
    prepare(site, ROOT / "tests/conformance/courses-delete-aliases/before.sql")
    before = site.rows("SELECT * FROM {files} ORDER BY id"), site.rows("SELECT * FROM {files_reference}")
    delete(site, "C101")
    assert site.value("SELECT referencefileid FROM {files} WHERE id = 9001") is None
    restore(site, "C101")
    assert (site.rows("SELECT * FROM {files} ORDER BY id"), site.rows("SELECT * FROM {files_reference}")) == before


def test_what_nobody_downloaded_from_a_repository_that_goes_is_named(site: Site):
    """There Moodle asks the repository once more, and stops in the middle if it does not answer."""
    prepare(site, ROOT / "tests/conformance/courses-delete-repository/before.sql")
    site.rows("UPDATE {files} SET filesize = 0 WHERE id = 9007")
    said = "the file ofcourse.txt (id 9007) came from a repository of the {} and was never downloaded: it is empty now"
    assert said.format("course") in messages(delete(site, "C108"))
    restore(site, "C108")
    site.rows(
        "UPDATE {repository_instances} ri, {user} u, {context} x SET ri.contextid = x.id"
        " WHERE ri.id = 9002 AND u.username = 'u005' AND x.contextlevel = 30 AND x.instanceid = u.id"
    )
    result = site.run("toolsync_users", "username,deleted\nu005,1\n")
    assert said.format("account") in Path(result["report"]).read_text()
    assert site.value("SELECT referencefileid FROM {files} WHERE id = 9007") is None
