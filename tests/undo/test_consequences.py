"""What an undo has to draw from what others did since the run, as Moodle 5.1's own functions said: after each of these, `enrol_meta_sync`, `enrol_cohort_sync`,
`fix_course_sortorder`, `build_all_paths` and `course_integrity_check` found nothing to do."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.repairs import to_repair
from tests.support.site import Site
from tests.support.undo import changed
from toolsync.cabinet.bundles import bundles
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.caches import BROKEN

pytestmark = pytest.mark.usefixtures("airflow")

PEOPLE = """
SELECT u.username, e.enrol, ue.status, COALESCE((
    SELECT GROUP_CONCAT(CONCAT(r.shortname, IF(a.component = '', '', CONCAT(' by ', a.component))) ORDER BY r.shortname, a.component)
      FROM {role_assignments} a JOIN {role} r ON r.id = a.roleid JOIN {context} x ON x.id = a.contextid
     WHERE x.contextlevel = 50 AND x.instanceid = c.id AND a.userid = u.id), '')
  FROM {course} c JOIN {enrol} e ON e.courseid = c.id JOIN {user_enrolments} ue ON ue.enrolid = e.id JOIN {user} u ON u.id = ue.userid
 WHERE c.shortname = %s ORDER BY u.username, e.enrol
"""
MEMBERS = """
SELECT u.username FROM {groups_members} m JOIN {groups} g ON g.id = m.groupid JOIN {course} c ON c.id = g.courseid JOIN {user} u ON u.id = m.userid
 WHERE c.shortname = %s ORDER BY u.username
"""


def people(site: Site, course: str) -> dict[str, tuple[str, int, str]]:
    return {name: (method, status, roles) for name, method, status, roles in site.rows(PEOPLE, (course,))}


def members(site: Site, course: str) -> list[str]:
    return [name for (name,) in site.rows(MEMBERS, (course,))]


def done(site: Site, kind: str, lines: str, **params: Any) -> None:
    result = site.run(f"toolsync_{kind}", lines, approve="yes", **params)
    assert not result["counts"].get("failed"), Path(result["report"]).read_text()


def undone(site: Site, kind: str, *, before_last: int = 0) -> dict[str, Any]:
    """Undo a run of a type; nothing is left to repair.

    :param before_last: how many runs before the last one.
    """
    bundle = bundles(Cabinet(kind))[-1 - before_last]
    index = bundle.index()
    assert index
    made = datetime.fromisoformat(index["made"]) - timedelta(
        seconds=2
    )  # what others did since was within the same second
    bundle.save_index({**index, "made": made.isoformat(timespec="seconds")})
    result = site.run("toolsync_undo", approve="yes", runs=[bundle.claim_id])
    assert result["state"] == "success"
    assert to_repair(site) == {}
    return result


def told(site: Site) -> list[str]:
    """Whose rights sessions load again."""
    return [
        name
        for (name,) in site.rows(
            "SELECT u.username FROM {cache_flags} f JOIN {user} u ON u.id = f.name WHERE f.flagtype = 'accesslib/dirtyusers' ORDER BY u.username"
        )
    ]


ACCOUNT = "(SELECT id FROM {user} WHERE username = '%s')"
CONTEXT = "(SELECT x.id FROM {context} x JOIN {course} c ON c.id = x.instanceid WHERE x.contextlevel = 50 AND c.shortname = '%s')"
NOW = "UNIX_TIMESTAMP()"


def test_what_others_enrolled_since_follows(site: Site, pristine: Site):
    done(
        site,
        "enrolments",
        "cmd,rolename,uid,cid\ndel,*,u001,C101\nadd,student,u047,C101\ndel,*,u026,C102\nadd,student,u041,C108\nadd,student,u042,C108\n",
    )
    # Somebody lets C103 follow C101, gives group G1 of C102 a conversation, and u041 a group, a second role and a grade in C108.
    done(site, "course_meta_links", "master,meta\nC101,C103\n")
    assert {name for name in ("u001", "u002", "u047") if name in people(site, "C103")} == {"u002", "u047"}
    for statement in (
        f"INSERT INTO {{message_conversations}} (type, name, component, itemtype, itemid, contextid, enabled, timecreated) SELECT 2, 'G1', 'core_group', 'groups', 7, {CONTEXT % 'C102'}, 1, {NOW}",
        f"INSERT INTO {{message_conversation_members}} (conversationid, userid, timecreated) SELECT c.id, m.userid, {NOW} FROM {{message_conversations}} c JOIN {{groups_members}} m ON m.groupid = c.itemid WHERE c.component = 'core_group' AND c.itemid = 7",
        f"INSERT INTO {{groups}} (courseid, name, idnumber, timecreated, timemodified) SELECT id, 'New', '', {NOW}, {NOW} FROM {{course}} WHERE shortname = 'C108'",
        f"INSERT INTO {{groups_members}} (groupid, userid, timeadded) SELECT id, {ACCOUNT % 'u041'}, {NOW} FROM {{groups}} WHERE name = 'New'",
        f"INSERT INTO {{role_assignments}} (roleid, contextid, userid, timemodified) SELECT id, {CONTEXT % 'C108'}, {ACCOUNT % 'u041'}, {NOW} FROM {{role}} WHERE shortname = 'teacher'",
        f"INSERT INTO {{grade_categories}} (courseid, depth, path, fullname, timecreated, timemodified) SELECT id, 1, '/1/', 'Talks', {NOW}, {NOW} FROM {{course}} WHERE shortname = 'C108'",
        f"INSERT INTO {{grade_items}} (courseid, categoryid, itemtype, itemname, timecreated, timemodified) SELECT courseid, id, 'manual', 'Talk', {NOW}, {NOW} FROM {{grade_categories}} WHERE fullname = 'Talks'",
        f"INSERT INTO {{grade_grades}} (itemid, userid, finalgrade) SELECT id, {ACCOUNT % 'u041'}, 5 FROM {{grade_items}} WHERE itemname = 'Talk'",
    ):
        site.rows(statement)
    site.rows("DELETE FROM {cache_flags}")
    result = undone(site, "enrolments")
    for course in ("C101", "C102", "C104"):
        assert people(site, course) == people(pristine, course), course
    followers = people(site, "C103")
    assert followers["u001"] == people(pristine, "C104")["u001"], "back, so he follows"
    assert followers["u047"] == ("meta", 1, ""), (
        "no longer in the master course: suspended, as the setting unenrolaction says"
    )
    assert len(followers) == len(people(site, "C104")) + 1
    talk = "SELECT u.username FROM {message_conversation_members} m JOIN {message_conversations} c ON c.id = m.conversationid JOIN {user} u ON u.id = m.userid WHERE c.itemid = 7 AND c.component = 'core_group' ORDER BY u.username"
    assert [name for (name,) in site.rows(talk)] == members(site, "C102") == ["u026", "u027", "u028"]
    assert people(site, "C108") == people(pristine, "C108")
    assert members(site, "C108") == []
    assert site.value(
        "SELECT COUNT(*) FROM {role_assignments} WHERE contextid = %s" % (CONTEXT % "C108")
    ) == pristine.value("SELECT COUNT(*) FROM {role_assignments} WHERE contextid = %s" % (CONTEXT % "C108"))
    assert (
        site.value(
            "SELECT COUNT(*) FROM {grade_grades} g JOIN {grade_items} i ON i.id = g.itemid WHERE i.itemname = 'Talk'"
        )
        == 1
    )
    assert (
        "course C108: the grades of 1 people who are no longer enrolled there stay"
        in Path(result["report"]).read_text()
    )
    assert {"u001", "u026", "u047", "u041", "u042"} <= set(told(site)) and "u002" not in told(site)
    assert "group_members" in result["stale"]


def test_the_people_of_a_cohort_follow_to_what_was_bound_to_it_since(site: Site, pristine: Site):
    done(site, "cohorts", "cmd,cidnumber,userid\ndel,COH1,u001\nadd,COH1,u006\n")
    done(site, "cohort_bindings", "cmd,cohort,course,role,makegroup\nadd,COH1,C103,student,yes\ndel,COH1,C105,,\n")
    assert ("u001" in people(site, "C103"), "u006" in people(site, "C103")) == (False, True)
    undone(site, "cohorts")
    cohort = sorted(people(pristine, "C105"))
    assert people(site, "C103") == dict.fromkeys(cohort, ("cohort", 0, "student by enrol_cohort"))
    assert members(site, "C103") == cohort
    assert people(site, "C105")["u001"] == ("cohort", 0, ""), "a method that was disabled since gives no role"
    undone(site, "cohort_bindings")
    assert people(site, "C105") == people(pristine, "C105"), "the method is back, so it gives u001 the role"
    assert people(site, "C103") == dict.fromkeys(cohort, ("cohort", 0, "student by enrol_cohort")), (
        "u001 came since, so the binding stays, with all"
    )


def test_what_was_not_as_the_settings_say_stays_so(site: Site):
    site.rows("UPDATE {config_plugins} SET value = '5' WHERE plugin = 'enrol_meta' AND name = 'nosyncroleids'")
    site.rows("UPDATE {enrol} SET status = 1 WHERE id = 28")  # the link of C104, which a disabled link takes nobody by
    site.rows(f"DELETE FROM {{user_enrolments}} WHERE enrolid = 28 AND userid = {ACCOUNT % 'u004'}")
    site.rows(
        f"DELETE FROM {{role_assignments}} WHERE itemid = 28 AND component = 'enrol_meta' AND userid = {ACCOUNT % 'u004'}"
    )
    before = people(site, "C104")
    assert before["u003"] == ("meta", 0, "student by enrol_meta")
    done(site, "enrolments", "cmd,rolename,uid,cid\ndisable,,u003,C101\ndel,*,u004,C101\n")
    assert people(site, "C104")["u003"] == ("meta", 1, "")
    undone(site, "enrolments")
    assert people(site, "C104") == before


def tree(site: Site) -> dict[int, tuple[str, int, int]]:
    """Path, depth and number of each category, as Moodle's `fix_course_sortorder` would have them."""
    children: dict[int, list[int]] = {}
    for category, parent in site.rows("SELECT id, parent FROM {course_categories} ORDER BY sortorder, id"):
        children.setdefault(parent, []).append(category)
    result: dict[int, tuple[str, int, int]] = {}

    def walk(parent: int, path: str, depth: int) -> None:
        for category in children.get(parent, []):
            result[category] = (f"{path}/{category}", depth, 10_000 * (len(result) + 1))
            walk(category, f"{path}/{category}", depth + 1)

    walk(0, "", 1)
    return result


def stored(site: Site) -> dict[int, tuple[str, int, int]]:
    rows = site.rows("SELECT id, path, depth, sortorder FROM {course_categories}")
    return {category: (path, depth, number) for category, path, depth, number in rows}


def places(site: Site, category: int) -> list[tuple[str, int]]:
    """The courses of a category, each with its place there."""
    query = "SELECT c.shortname, c.sortorder - k.sortorder FROM {course} c JOIN {course_categories} k ON k.id = c.category WHERE k.id = %s ORDER BY c.sortorder"
    return site.rows(query, (category,))


def move_category(site: Site, category: int, parent: int) -> None:
    """Move a category to the end of another, as `core_course_category::change_parent` does."""
    former = site.value("SELECT path FROM {context} WHERE contextlevel = 40 AND instanceid = %s", (category,))
    site.rows(
        "UPDATE {course_categories} SET parent = %s, sortorder = 99990000 WHERE id = %s",
        (parent, category),
    )
    for id_, (path, depth, number) in tree(site).items():
        site.rows(
            "UPDATE {course} c JOIN {course_categories} k ON k.id = c.category SET c.sortorder = c.sortorder %% 10000 + %s WHERE k.id = %s",
            (number, id_),
        )
        site.rows(
            "UPDATE {course_categories} SET path = %s, depth = %s, sortorder = %s WHERE id = %s",
            (path, depth, number, id_),
        )
    site.rows(
        "UPDATE {context} x JOIN {context} p ON p.contextlevel = 40 AND p.instanceid = %s SET x.depth = x.depth + p.depth - 1, x.path = CONCAT(p.path, SUBSTRING(x.path, 3)) "
        "WHERE x.path = %s OR x.path LIKE %s",
        (parent, former, f"{former}/%"),
    )


def test_courses_come_back_to_where_their_categories_are_now(site: Site, pristine: Site):
    done(
        site,
        "courses",
        "shortname,fullname,category\nN1,New one,Humanities / New branch\nC103,Third course,Humanities / History\n",
        force_update=True,
    )
    new_branch = site.value("SELECT id FROM {course_categories} WHERE name = 'New branch'")
    assert stored(site) == tree(site) and new_branch
    # Somebody moves Science below Templates, makes a category, a course in Science, and a module and a block in C103.
    done(site, "courses", "shortname,fullname,category\nSINCE,Made since,Since\n")
    move_category(site, 2, 9)
    assert stored(site) == tree(site) and to_repair(site) == {}
    c103 = site.value("SELECT id FROM {course} WHERE shortname = 'C103'")
    for statement in (
        "INSERT INTO {course_modules} (course, module, instance, section, added) SELECT s.course, 1, 999, s.id, UNIX_TIMESTAMP() FROM {course_sections} s WHERE s.course = %s AND s.section = 1",
        "UPDATE {course_sections} s JOIN {course_modules} cm ON cm.section = s.id AND cm.instance = 999 SET s.sequence = CONCAT_WS(',', NULLIF(s.sequence, ''), cm.id) WHERE s.course = %s",
        "INSERT INTO {context} (contextlevel, instanceid, depth, path) SELECT 70, cm.id, 0, NULL FROM {course_modules} cm WHERE cm.instance = 999 AND cm.course = %s",
        "UPDATE {context} x JOIN {context} p ON p.contextlevel = 50 AND p.instanceid = %s SET x.path = CONCAT(p.path, '/', x.id), x.depth = p.depth + 1 WHERE x.contextlevel = 70 AND x.path IS NULL",
    ):
        site.rows(statement, (c103,))
    assert to_repair(site) == {}
    result = undone(site, "courses", before_last=1)
    assert stored(site) == tree(site)
    assert new_branch not in stored(site)
    assert places(site, 2) == [("C103", 1)] and [name for name, _ in places(site, 6)] == [
        name for name, _ in places(pristine, 6)
    ]
    assert {"categories", "category_gone", "courses"} <= set(result["stale"])
    # Who approves that knows what it takes, and is reminded of it at the end.
    [told] = [
        reason for reason in result["approval"]["why"] if "the course index is an error page for everybody" in reason
    ]
    assert "somebody has to do that right after the run" in told and "There is no connection moodle_cli" in told
    assert f"Next: see that the task purge_caches has ended well: {BROKEN}" in Path(result["report"]).read_text()


def test_sections_list_what_is_in_them(site: Site, pristine: Site):
    done(site, "courses", "shortname,template\nC103,TPL1\n", force_update=True, template_mode="add")
    # Somebody adds a module to a section that the run filled: the section's sequence is not what the run made it, so it stays.
    c103 = site.value("SELECT id FROM {course} WHERE shortname = 'C103'")
    section = site.value(
        "SELECT id FROM {course_sections} WHERE course = %s AND sequence LIKE '%%,%%' ORDER BY id LIMIT 1", (c103,)
    )
    for statement in (
        "INSERT INTO {course_modules} (course, module, instance, section, added) SELECT s.course, 1, 999, s.id, UNIX_TIMESTAMP() FROM {course_sections} s WHERE s.id = %s",
        "UPDATE {course_sections} s JOIN {course_modules} cm ON cm.section = s.id AND cm.instance = 999 SET s.sequence = CONCAT(cm.id, ',', s.sequence) WHERE s.id = %s",
    ):
        site.rows(statement, (section,))
    undone(site, "courses")
    mine = site.value("SELECT id FROM {course_modules} WHERE instance = 999 AND course = %s", (c103,))
    sequence = site.value("SELECT sequence FROM {course_sections} WHERE id = %s", (section,))
    was = pristine.value("SELECT sequence FROM {course_sections} WHERE id = %s", (section,))
    assert sequence == f"{mine},{was}".rstrip(",") if was is not None else str(mine)
    revision = "SELECT cacherev FROM {course} WHERE id = %s"
    assert site.value(revision, (c103,)) > pristine.value(revision, (c103,))


def test_who_is_suspended_again_is_logged_out(site: Site, pristine: Site):
    done(site, "users", "username,suspended\nu020,0\nu021,0\n")
    site.rows(
        "INSERT INTO {sessions} (sid, userid, timecreated, timemodified, firstip, lastip) SELECT username, id, 1, 1, '', '' FROM {user} WHERE username IN ('u020', 'u021')"
    )
    undone(site, "users")
    assert [name for (name,) in site.rows("SELECT sid FROM {sessions}")] == ["u021"]
    assert changed(site, pristine) <= {"sessions"}


SINCE = 1800000100
# Two attempts of people of C101, of which they make the first anew after the reset. A teacher overrides the new grade of user 5, and locks that of user 6.
ATTEMPTS_BEFORE = (
    "UPDATE {quiz_attempts} SET sumgrades = 6.5 WHERE id = 17",
    "INSERT INTO {question_usages} (id, contextid, component, preferredbehaviour) SELECT 9000 + a.userid, u.contextid, u.component, u.preferredbehaviour"
    " FROM {quiz_attempts} a JOIN {question_usages} u ON u.id = a.uniqueid WHERE a.id IN (2, 3, 4, 5)",
    "INSERT INTO {quiz_attempts} (id, quiz, userid, attempt, uniqueid, layout, state, timestart, timefinish, timemodified, sumgrades)"
    " SELECT 900 + userid, quiz, userid, 2, 9000 + userid, layout, 'finished', 1768470000, 1768470100, 1768470100, 6 FROM {quiz_attempts} WHERE id IN (2, 3, 4, 5)",
)
ATTEMPTS_SINCE = (
    "INSERT INTO {quiz_attempts} (quiz, userid, attempt, uniqueid, layout, state, timestart, timefinish, timemodified, sumgrades)"
    f" SELECT 2, id, 1, 99000 + id, '1,0', 'finished', 1800000000, {SINCE}, {SINCE}, IF(id = 7, NULL, 2) FROM {{user}} WHERE id IN (3, 4, 5, 6, 7)",
    f"INSERT INTO {{quiz_grades}} (quiz, userid, grade, timemodified) SELECT 2, id, 2.5, {SINCE} FROM {{user}} WHERE id IN (3, 4, 5, 6, 7)",
    "INSERT INTO {grade_grades} (itemid, userid, rawgrade, finalgrade, rawgrademax, usermodified, timecreated, timemodified, overridden, locked)"
    f" SELECT 31, id, 2.5, 2.5, 10, id, {SINCE}, {SINCE}, IF(id = 5, {SINCE}, 0), IF(id = 6, {SINCE}, 0) FROM {{user}} WHERE id IN (3, 4, 5, 6, 7)",
    f"UPDATE {{course_modules_completion}} SET completionstate = 3, timemodified = {SINCE} WHERE coursemoduleid = 56 AND userid IN (3, 4, 5, 6, 7)",
    f"INSERT INTO {{lesson_grades}} (lessonid, userid, grade, late, completed) VALUES (2, 3, 80, 0, {SINCE})",
    "INSERT INTO {h5pactivity_attempts} (h5pactivityid, userid, timecreated, timemodified, attempt, rawscore, maxscore, scaled, completion, success)"
    f" VALUES (2, 3, {SINCE}, {SINCE}, 1, 1, 10, 0.1, 1, 0)",
    f"INSERT INTO {{grade_grades}} (itemid, userid, rawgrade, finalgrade, usermodified, timemodified) VALUES (32, 3, 80, 80, 3, {SINCE}), (34, 3, 10, 10, 3, {SINCE})",
)
# What recompute_final_grade, lesson_update_grades and h5pactivity_update_grades made of it, by the quiz's way to grade: grades of the quiz, raw and final grades, completion.
ATTEMPTS_TOGETHER: dict[int, Any] = {
    1: ({3: 8.125, 4: 7.5, 5: 7.5, 6: 7.5, 7: 7.5}, {3: (8.125, 8.125), 4: (7.5, 7.5), 5: (7.5, 2.5), 6: (2.5, 2.5), 7: (7.5, 7.5)}, [2, 2, 3, 3, 2]),
    2: ({3: 5.3125, 4: 5, 5: 5, 6: 5, 7: 7.5}, {3: (5.3125, 5.3125), 4: (5, 5), 5: (5, 2.5), 6: (2.5, 2.5), 7: (7.5, 7.5)}, [2, 2, 3, 3, 2]),
    3: ({3: 2.5, 4: 2.5, 5: 2.5, 6: 2.5}, {3: (2.5, 2.5), 4: (2.5, 2.5), 5: (2.5, 2.5), 6: (2.5, 2.5), 7: (None, None)}, [3, 3, 3, 3, 0]),
}  # fmt: skip


@pytest.mark.parametrize("method", ATTEMPTS_TOGETHER, ids=["highest", "average", "first"])
def test_attempts_that_are_back_count_with_those_made_since(site: Site, method: int):
    for statement in (f"UPDATE {{quiz}} SET grademethod = {method} WHERE id = 2", *ATTEMPTS_BEFORE):
        site.rows(statement)
    run = site.run("toolsync_courses_reset", "shortname,quiz_attempts,lesson,h5pactivity\nC101,1,1,1\n", approve="yes")
    for statement in ATTEMPTS_SINCE:
        site.rows(statement)
    result = site.run("toolsync_undo", approve="yes", runs=[run["claim"]])
    quiz, gradebook, states = ATTEMPTS_TOGETHER[method]
    people = " AND userid IN (3, 4, 5, 6, 7) ORDER BY userid"
    assert dict(site.rows(f"SELECT userid, grade FROM {{quiz_grades}} WHERE quiz = 2{people}")) == quiz
    graded = "SELECT userid, rawgrade, finalgrade FROM {grade_grades} WHERE itemid = "
    assert {user: grades for user, *grades in site.rows(f"{graded}31{people}")} == {
        user: [*grades] for user, grades in gradebook.items()
    }
    assert site.rows(f"{graded}32 AND userid = 3") == [(3, 65, 65)]
    assert site.rows(f"{graded}34 AND userid = 3") == [(3, 75, 75)]
    state = "SELECT completionstate FROM {course_modules_completion} WHERE coursemoduleid = 56"
    assert [number for (number,) in site.rows(state + people)] == states
    assert (
        "grades worked out again, of the attempts that are back and those made since"
        in Path(result["report"]).read_text()
    )
