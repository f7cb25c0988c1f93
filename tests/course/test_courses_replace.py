"""Courses whose content is replaced by a template's, and put back: what the scenarios do not cover."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import killed
from tests.support.samples import sample
from tests.support.scenarios import prepare
from tests.support.site import Site
from tests.support.undo import changed, restore
from toolsync.cabinet.folders import Cabinet
from toolsync.course.undo_bundles import indexes
from toolsync.settings import ROOT

pytestmark = pytest.mark.usefixtures("airflow")

FREEZE = "gradebook_calculations_freeze_"
REPLACE: dict[str, Any] = {"force_update": True, "template_mode": "replace"}
# What copying adds to the template, as Moodle's own backup does: missing contexts, and the folder of course backups.
OF_TEMPLATES = [
    "DELETE f FROM {files} f WHERE f.component = 'backup' AND f.filearea = 'course' AND f.filename = '.' AND f.id > %s",
    "DELETE x FROM {context} x JOIN {course_modules} cm ON x.contextlevel = 70 AND cm.id = x.instanceid JOIN {course} c ON c.id = cm.course "
    "WHERE c.shortname = 'TPL1' AND x.id > %s",
]


@pytest.fixture
def cabinet(site: Site) -> Cabinet:
    return Cabinet("courses")


def replace(site: Site, *lines: str, header: str = "shortname,template", **params: Any) -> dict[str, Any]:
    text = "\n".join([header, *lines]) + "\n"
    return site.run("toolsync_courses", text, **{**REPLACE, "require_approval": False, **params})


def told(result: dict[str, Any]) -> str:
    return Path(result["lines"]).read_text()


def changes(site: Site, pristine: Site) -> set[str]:
    """The tables with rows that differ from the original site, except what copying adds to the template and the task that updates the calendar."""
    for query, table in zip(OF_TEMPLATES, ("files", "context"), strict=True):
        site.rows(query, (pristine.value(f"SELECT MAX(id) FROM {{{table}}}"),))
    return changed(site, pristine) - {"task_adhoc"}


@pytest.mark.parametrize("course", sample(["C101", "C102", "C103", "C108", "C104"], 3))
def test_a_course_replaced_and_put_back_is_what_it_was(site: Site, pristine: Site, course: str):
    result = replace(site, f"{course},TPL1")
    assert result["counts"]["updated"] == 1, told(result)
    assert "quiz" in changed(site, pristine)
    back = restore(site, course)
    assert back["counts"]["updated"] == 1, told(back)
    assert changes(site, pristine) == set()


def test_several_courses_at_once_with_other_columns(site: Site, pristine: Site, cabinet: Cabinet):
    # The gradebooks of C101 and of the template are calculated by the rules of old versions.
    site.rows(
        "INSERT INTO {config} (name, value) VALUES (%s, '20150619'), (%s, '20160518')", (FREEZE + "3", FREEZE + "2")
    )
    frozen = "SELECT name, value FROM {config} WHERE name LIKE 'gradebook_calculations_freeze%%' ORDER BY name"
    old = site.rows(frozen, ())
    result = replace(
        site,
        "C101,TPL1,Another name,Humanities,Algebra|<p>new</p>,alpha beta,yes,2026-05-01",
        "C102,C101,,,,,,",
        "C103,,Renamed only,,,,,",
        "C104,TPL1,,,,,,",
        header="shortname,template,fullname,category,topic9,tags,self,startdate",
        category_id_field="path",
    )
    assert result["counts"]["updated"] == 4, told(result)
    assert sorted(index["course"]["shortname"] for _, index in indexes(cabinet)) == ["C101", "C102", "C104"]
    assert site.rows(frozen, ()) == [(FREEZE + course, "20160518") for course in ("2", "3", "4", "6")]
    assert site.value(
        "SELECT COUNT(*) FROM {quiz} q JOIN {course} c ON c.id = q.course WHERE c.shortname = 'C102' AND q.name LIKE 'TPL1%%'",
        (),
    )
    site.rows("UPDATE {course} SET fullname = %s WHERE shortname = 'C103'", (name_of(pristine, "C103"),))
    back = restore(site, "C104", "C102", "C101")
    assert back["counts"]["updated"] == 3, told(back)
    assert name_of(site, "C101") == name_of(pristine, "C101")
    assert site.rows(frozen, ()) == old
    left = changes(site, pristine) - {"config"}
    # These stay: the place of the course in its category, new tags, and the times of changes.
    assert left <= {"course", "course_categories", "context", "tag"}
    assert paths_are_whole(site)


def name_of(site: Site, shortname: str) -> str:
    return site.value("SELECT fullname FROM {course} WHERE shortname = %s", (shortname,))


def paths_are_whole(site: Site) -> bool:
    query = "SELECT COUNT(*) FROM {context} x JOIN {context} u ON x.path = CONCAT(u.path, '/', x.id) AND x.depth = u.depth + 1"
    return site.value(query) == site.value("SELECT COUNT(*) - 1 FROM {context} WHERE path IS NOT NULL")


def test_people_stay_with_their_roles_and_lose_their_groups(site: Site, pristine: Site):
    queries = {
        "enrolled": "SELECT ue.* FROM {user_enrolments} ue ORDER BY ue.id",
        "roles": "SELECT ra.* FROM {role_assignments} ra JOIN {context} x ON x.id = ra.contextid AND x.contextlevel = 50 ORDER BY ra.id",
        "methods": "SELECT e.* FROM {enrol} e ORDER BY e.id",
    }
    assert replace(site, "C101,TPL1")["counts"]["updated"] == 1
    for query in queries.values():
        assert site.rows(query) == pristine.rows(query)
    of_course = "SELECT COUNT(*) FROM {groups_members} m JOIN {groups} g ON g.id = m.groupid AND g.courseid = 3"
    assert pristine.value(of_course) > 0
    assert site.value(of_course) == 0
    assert {name for (name,) in site.rows("SELECT name FROM {groups} WHERE courseid = 3")} == {"TG1", "TG2"}
    assert site.value("SELECT COUNT(*) FROM {badge} WHERE courseid IS NULL AND status = 4") == 1


# It is shown and approved before


def test_without_an_answer_the_plan_is_all_that_happens(site: Site, pristine: Site, cabinet: Cabinet):
    header = "shortname,fullname,category,template"
    lines = ["C101,,,TPL1", "NEW1,New,Science,TPL1", "C103,Other,,", "C104,,,TPL1", "NOWHERE,,,TPL1"]
    result = replace(site, *lines, header=header, require_approval=True)
    assert result["state"] == "awaiting approval"
    assert site.changed(pristine) == []
    assert list(indexes(cabinet)) == []
    assert [(row["line"], row["shortname"]) for row in result["plan_rows"]] == [(2, "C101"), (5, "C104")]
    row = result["plan_rows"][0]
    assert (
        row["people"] > 20
        and row["activities"] == 32
        and row["files"] > 50
        and row["bytes"] > 0
        and row["rows_gone"] > 2000
    )
    assert (
        site.run("toolsync_courses", "\n".join([header, *lines]) + "\n", approve="no", **REPLACE)["state"]
        == "not approved"
    )
    assert site.changed(pristine) == []
    result = site.run("toolsync_courses", "\n".join([header, *lines]) + "\n", approve="yes", **REPLACE)
    assert result["counts"] | {"created": 1, "updated": 3, "failed": 1} == result["counts"]
    assert "In the plan: 2 courses" in Path(result["report"]).read_text()


def test_a_simulation_shows_what_would_go_and_changes_nothing(site: Site, pristine: Site, cabinet: Cabinet):
    result = replace(site, "C102,TPL1", simulate=True)
    assert result["counts"]["updated"] == 1
    assert "In the plan: 1 course" in Path(result["report"]).read_text()
    assert site.changed(pristine) == []
    assert list(indexes(cabinet)) == []


@pytest.mark.parametrize(
    "params",
    [{}, {"template_mode": "add"}, {"force_update": False}, {"template_mode": "none"}],
    ids=["new", "add", "left alone", "none"],
)
def test_a_file_that_deletes_nothing_needs_no_approval(
    site: Site, monkeypatch: pytest.MonkeyPatch, params: dict[str, Any]
):
    """And no plan is made where Params and columns say that nothing can be deleted."""
    if params:
        monkeypatch.setattr("toolsync.operators.plan.PlanOperator.open_and_run", None)
    text = "shortname,fullname,category,template\n" + ("C108,,,C102\n" if params else "NEW1,New,Science,C102\n")
    result = site.run("toolsync_courses", text, **{**REPLACE, **params})
    assert result["state"] == "success", result
    assert result["counts"]["failed"] == 0, told(result)
    assert ("approval" in result) is not bool(params)


def test_a_no_in_advance_also_stops_files_that_delete_nothing(site: Site, pristine: Site):
    result = site.run("toolsync_courses", "shortname,fullname,category\nNEW1,New,Science\n", approve="no")
    assert result["state"] == "not approved"
    assert site.changed(pristine) == []


def test_a_course_that_somebody_used_since_the_plan_is_left_alone(site: Site, monkeypatch: pytest.MonkeyPatch):
    from toolsync.operators.approve import ApproveOperator

    ask = ApproveOperator.process

    def ask_then_visit(self: ApproveOperator, *args: Any) -> Any:
        answer = ask(self, *args)
        site.rows("UPDATE {user_lastaccess} SET timeaccess = UNIX_TIMESTAMP() WHERE courseid = 4 LIMIT 1")
        return answer

    monkeypatch.setattr(ApproveOperator, "process", ask_then_visit)
    result = replace(site, "C102,TPL1", "C108,TPL1")
    assert result["counts"] | {"updated": 1, "failed": 1} == result["counts"]
    assert "somebody has been in this course since the plan was made" in told(result)
    assert site.value("SELECT COUNT(*) FROM {page} WHERE course = 4 AND name LIKE 'TPL1%%'", ()) == 0


def test_what_must_not_be_deleted_is_refused_by_name(site: Site, cabinet: Cabinet):
    site.rows("INSERT INTO {modules} (name, cron, lastcron, search, visible) VALUES ('holograms', 0, 0, '', 1)")
    site.rows(
        "INSERT INTO {course_modules} (course, module, instance, section, added) SELECT id, (SELECT MAX(id) FROM {modules}), 1, 0, 0 "
        "FROM {course} WHERE shortname = 'C103'"
    )
    site.rows(
        "INSERT INTO {question_references} (usingcontextid, component, questionarea, itemid, questionbankentryid) "
        "SELECT x.id, 'mod_quiz', 'slot', 999, e.id FROM {context} x JOIN {question_bank_entries} e JOIN {question_categories} k ON k.id = e.questioncategoryid "
        "JOIN {context} c ON c.id = k.contextid JOIN {course_modules} cm ON cm.id = c.instanceid AND cm.course = 3 "
        "WHERE x.contextlevel = 70 AND x.instanceid = (SELECT MAX(id) FROM {course_modules} WHERE course = 4) LIMIT 1"
    )
    before = site.value("SELECT COUNT(*) FROM {quiz_attempts}")
    result = replace(site, "C103,TPL1", "C101,TPL1", "TPL1,TPL1", "C108,TPL1", "C107,C103", "oracle51,TPL1")
    assert result["counts"] | {"updated": 1, "failed": 5} == result["counts"], told(result)
    text = told(result)
    assert text.count("activity holograms") == 2
    assert "the course C102 uses questions of this course's question bank" in text
    assert "a course cannot be filled from itself" in text
    assert [index["course"]["shortname"] for _, index in indexes(cabinet)] == ["C108"]
    assert site.value("SELECT COUNT(*) FROM {quiz_attempts}") == before
    assert site.value("SELECT COUNT(*) FROM {course_modules} WHERE course = 3") == 32


# It can be put back


def test_two_lines_about_a_course_are_undone_one_after_the_other(site: Site, pristine: Site, cabinet: Cabinet):
    assert replace(site, "C102,TPL1", "C102,C101")["counts"]["updated"] == 2
    assert len(list(indexes(cabinet))) == 2
    assert site.value("SELECT COUNT(*) FROM {quiz} WHERE course = 4") == 1
    assert restore(site, "C102")["counts"]["updated"] == 1
    assert site.value("SELECT COUNT(*) FROM {course_modules} WHERE course = 4") == 32
    assert restore(site, "C102", undo_of="replace")["counts"]["updated"] == 1
    assert changes(site, pristine) == set()
    assert "already put back" in told(restore(site, "C102"))


USES = {
    "an activity": "INSERT INTO {page} (course, name, contentformat, timemodified) VALUES (3, 'Mine', 1, UNIX_TIMESTAMP())",
    "a text": "UPDATE {page} SET content = 'Mine', timemodified = UNIX_TIMESTAMP() + 5 WHERE course = 3",
    "an attempt": "INSERT INTO {quiz_attempts} (quiz, userid, attempt, uniqueid, layout) SELECT id, 7, 1, 99999, '' FROM {quiz} WHERE course = 3",
    "a post": "INSERT INTO {forum_discussions} (course, forum, name) SELECT 3, MAX(id), 'Mine' FROM {forum} WHERE course = 3",
    "a member": "INSERT INTO {groups_members} (groupid, userid, timeadded) SELECT MAX(id), 7, 1 FROM {groups} WHERE courseid = 3",
    "a grade": "INSERT INTO {grade_grades} (itemid, userid, rawgrade) SELECT MAX(id), 7, 5 FROM {grade_items} WHERE courseid = 3",
    "a badge": "INSERT INTO {badge_issued} (badgeid, userid, uniquehash) SELECT MAX(id), 7, 'x' FROM {badge} WHERE courseid = 3",
}


def test_what_people_made_in_the_new_content_is_not_deleted_silently(site: Site, pristine: Site):
    assert replace(site, "C101,TPL1")["counts"]["updated"] == 1
    for what, query in USES.items():
        connection = site.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(query.replace("{", "`mdl_").replace("}", "`"))
                assert cursor.rowcount > 0, what
            connection.commit()
        finally:
            connection.close()
    result = restore(site, "C101")
    assert result["counts"]["failed"] == 1
    assert "since" in told(result) and "Param overwrite_changes" in told(result)
    assert site.value("SELECT COUNT(*) FROM {page} WHERE course = 3 AND name = 'Mine'") == 1
    result = restore(site, "C101", overwrite_changes=True)
    assert result["counts"]["updated"] == 1, told(result)
    assert changes(site, pristine) == set()


def test_each_of_these_alone_is_reason_enough(site: Site):
    assert replace(site, "C101,TPL1")["counts"]["updated"] == 1
    for what, query in sample([*USES.items()], 2):
        [table] = re.findall(r"^(?:INSERT INTO|UPDATE) {(\w+)}", query)
        site.rows(f"CREATE TABLE as_before SELECT * FROM {{{table}}}")
        site.rows(query)
        assert restore(site, "C101", simulate=True)["counts"]["failed"] == 1, what
        site.rows(f"DELETE FROM {{{table}}}")
        site.rows(f"INSERT INTO {{{table}}} SELECT * FROM as_before")
        site.rows("DROP TABLE as_before")


def test_merely_looking_at_the_new_content_is_no_reason_to_leave_it(site: Site, pristine: Site):
    assert replace(site, "C101,TPL1")["counts"]["updated"] == 1
    person = pristine.value("SELECT userid FROM {user_lastaccess} WHERE courseid = 3 LIMIT 1")
    site.rows("INSERT INTO {user_lastaccess} (userid, courseid, timeaccess) VALUES (%s, 3, 2000000000)", (person,))
    site.rows(
        "INSERT INTO {course_modules_viewed} (coursemoduleid, userid, timecreated) SELECT MAX(id), 7, 1 FROM {course_modules} WHERE course = 3"
    )
    site.rows("INSERT INTO {grade_grades} (itemid, userid) SELECT MAX(id), 7 FROM {grade_items} WHERE courseid = 3")
    result = restore(site, "C101")
    assert result["counts"]["updated"] == 1, told(result)
    assert changes(site, pristine) == {"user_lastaccess"}
    assert (
        site.value("SELECT timeaccess FROM {user_lastaccess} WHERE courseid = 3 AND userid = %s", (person,))
        == 2000000000
    )


def test_questions_that_another_course_uses_by_now_stay(site: Site):
    assert replace(site, "C108,TPL1")["counts"]["updated"] == 1
    site.rows(
        "INSERT INTO {question_references} (usingcontextid, component, questionarea, itemid, questionbankentryid) "
        "SELECT x.id, 'mod_quiz', 'slot', 999, MAX(e.id) FROM {context} x JOIN {question_bank_entries} e "
        "WHERE x.contextlevel = 70 AND x.instanceid = (SELECT MAX(id) FROM {course_modules} WHERE course = 4) GROUP BY x.id"
    )
    result = restore(site, "C108", overwrite_changes=True)
    assert result["counts"]["failed"] == 1
    assert "the course C102 uses questions of this course's question bank" in told(result)


def test_a_course_that_moved_since_comes_back_where_it_is(site: Site):
    assert replace(site, "C101,TPL1")["counts"]["updated"] == 1
    assert (
        site.run("toolsync_courses", "shortname,category\nC101,Humanities\n", force_update=True)["counts"]["updated"]
        == 1
    )
    assert paths_are_whole(site)
    result = restore(site, "C101")
    assert result["counts"]["updated"] == 1, told(result)
    assert paths_are_whole(site)
    assert site.value("SELECT COUNT(*) FROM {quiz_attempts}") > 0


@pytest.mark.parametrize("when", sample(["after", "before"], 2))
def test_killed_at_the_commit_the_content_is_the_old_or_the_new(
    site: Site, pristine: Site, cabinet: Cabinet, tmp_path: Path, when: str
):
    file = tmp_path / "new.csv"
    file.write_text("shortname,template\nC102,TPL1\nC108,TPL1\n")
    killed(
        "toolsync.moodle.session:MoodleSession.commit",
        when,
        "toolsync_courses",
        file,
        "--params",
        '{"require_approval": false, "force_update": true, "template_mode": "replace"}',
    )
    done = when == "after"
    assert site.value("SELECT COUNT(*) FROM {course_modules} WHERE course = 4") == (32 if done else 4)
    assert (changes(site, pristine) == set()) is not done
    result = site.run("toolsync_courses", require_approval=False, **REPLACE)
    assert result["counts"]["updated"] == 2, told(result)
    assert len(list(indexes(cabinet))) == 2
    assert restore(site, "C102", "C108")["counts"]["updated"] == 2
    assert changes(site, pristine) == set()


def test_merged_rows_come_back_too(site: Site, pristine: Site):
    prepare(site, ROOT / "tests/conformance/courses-template-replace-matching/before.sql")
    tables = [
        name
        for (name,) in site.rows("SHOW TABLES")
        if name not in ("mdl_cache_flags", "mdl_task_adhoc", "mdl_course", "mdl_files", "mdl_context")
    ]
    before = site.checksums(tables)
    assert replace(site, "C102,TPL1")["counts"]["updated"] == 1
    assert restore(site, "C102")["counts"]["updated"] == 1
    assert site.checksums(tables) == before
