"""Which one is meant: what the site's collation takes for equal is not the same thing. Enrolments and group members."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site
from toolsync.moodle.hook import MoodleHook

pytestmark = pytest.mark.usefixtures("airflow")

MEMBERS = """
SELECT g.name, u.username FROM {groups_members} m JOIN {groups} g ON g.id = m.groupid JOIN {course} c ON c.id = g.courseid AND c.shortname = 'C103'
  JOIN {user} u ON u.id = m.userid ORDER BY u.username, g.id
"""
GROUPS = """
INSERT INTO {groups} (courseid, name, idnumber, timecreated, timemodified)
SELECT c.id, %s, %s, 0, 0 FROM {course} c WHERE c.shortname = 'C103'
"""
HEADER = "cmd,rolename,uid,cid,gcmd,g1\n"


def members(site: Site) -> list[tuple[str, str]]:
    return [(name, username) for name, username in site.rows(MEMBERS)]


def add_groups(site: Site, *groups: tuple[str, str]) -> None:
    for group in groups:
        site.rows(GROUPS, group)


def told(result: dict[str, Any]) -> str:
    return Path(result["report"]).read_text()


def test_groups_that_only_look_alike_are_made(site: Site):
    names = ["Team 🐱", "Team 🐶", "Année A", "Annee A", "ハ組", "バ組", "Straße", "Strasse", "alpha", "Alpha"]
    result = site.run(
        "toolsync_enrolments",
        HEADER + "".join(f"add,student,u{41 + n:03},C103,gaddcreate,{name}\n" for n, name in enumerate(names)),
    )
    assert result["counts"]["created"] == len(names)
    assert members(site) == [(name, f"u{41 + n:03}") for n, name in enumerate(names)]
    assert all(f"made the group {name}" in told(result) for name in names)


COMMANDS = ["gadd", "gaddcreate", "greplace", "greplacecreate"]


def test_the_group_that_is_written_so_is_meant(site: Site):
    names = ["Team 🐱", "Team 🐶", "TD é", "TD e"]
    add_groups(site, *((name, "") for name in names))
    lines = [(command, name) for command in COMMANDS for name in names]
    result = site.run(
        "toolsync_enrolments",
        HEADER
        + "".join(f"add,student,u{41 + n:03},C103,{command},{name}\n" for n, (command, name) in enumerate(lines)),
    )
    assert result["counts"]["created"] == len(lines)
    assert members(site) == [(name, f"u{41 + n:03}") for n, (_, name) in enumerate(lines)]


def alike(site: Site) -> tuple[str, str, str]:
    """Names that the site's collation takes for equal. Newer ones tell one emoji from another."""
    return (
        ("Team 🐱", "Team 🐶", "Team 🐯") if site.collation.endswith("_unicode_ci") else ("Team é", "Team e", "Team ê")
    )


def test_a_group_that_has_to_be_there_is_never_one_that_only_looks_like_it(site: Site):
    there, asked, _ = alike(site)
    add_groups(site, (there, ""), ("Red", ""))
    site.run("toolsync_enrolments", "rolename,uid,cid\n" + "".join(f"student,u{n:03},C103\n" for n in range(41, 47)))
    result = site.run(
        "toolsync_enrolments",
        HEADER
        + "".join(
            f"add,student,u{41 + 2 * n:03},C103,{command},{asked}\nadd,student,u{42 + 2 * n:03},C103,{command},red\n"
            for n, command in enumerate(["gadd", "greplace", "gdel"])
        ),
    )
    assert told(result).count(f"this course has no such group, only {there}, which looks like it") == 3
    assert result["counts"]["failed"] == 3  # letter case alone is no other group
    assert members(site) == [("Red", "u042"), ("Red", "u044")]


def test_several_groups_of_one_name_are_counted(site: Site):
    add_groups(site, ("Dup", ""), ("Dup", ""), ("dup", ""))
    result = site.run(
        "toolsync_enrolments",
        HEADER
        + "add,student,u041,C103,gaddcreate,Dup\nadd,student,u042,C103,gadd,dup\nadd,student,u043,C103,gadd,DUP\n",
    )
    assert members(site) == [("dup", "u042")]
    assert "2 groups of this course have this name" in told(result)
    assert "3 groups of this course have this name" in told(result)


def test_a_group_made_by_one_line_is_there_for_the_next(site: Site):
    add_groups(site, ("Team 🐱", ""))
    result = site.run(
        "toolsync_enrolments", HEADER + "add,student,u041,C103,gaddcreate,Team 🐶\nadd,student,u042,C103,gadd,Team 🐶\n"
    )
    assert result["counts"]["created"] == 2
    assert members(site) == [("Team 🐶", "u041"), ("Team 🐶", "u042")]


def test_people_and_courses_are_not_those_that_look_alike(site: Site):
    site.rows("UPDATE {user} SET idnumber = 'K1' WHERE username = 'u041'")
    site.rows("UPDATE {course} SET idnumber = 'CAFE' WHERE shortname = 'C103'")
    result = site.run(
        "toolsync_enrolments",
        "rolename,uid,cid\nstudent,Ḱ1,CAFE\nstudent,K1,CAFÉ\nstúdent,K1,CAFE\nstudent,k1,cafe\nstudent,,CAFE\n",
        user_id_field="idnumber",
        course_id_field="idnumber",
    )
    assert [result["counts"][status] for status in ("created", "failed")] == [1, 4]
    report = told(result)
    assert "no account has this idnumber, only K1, which looks like it" in report
    assert "no course has this idnumber, only CAFE, which looks like it" in report
    assert "no role has this shortname, only student, which looks like it" in report


def test_letter_case_decides_between_two_that_are_there(site: Site):
    site.rows("UPDATE {user} SET idnumber = 'ab1' WHERE username = 'u041'")
    site.rows("UPDATE {user} SET idnumber = 'AB1' WHERE username = 'u042'")
    result = site.run(
        "toolsync_enrolments", "rolename,uid,cid\nstudent,AB1,C103\nstudent,Ab1,C103\n", user_id_field="idnumber"
    )
    enrolled = """SELECT u.username FROM {user_enrolments} ue JOIN {user} u ON u.id = ue.userid JOIN {enrol} e ON e.id = ue.enrolid
                    JOIN {course} c ON c.id = e.courseid WHERE c.shortname = 'C103' AND u.username IN ('u041', 'u042')"""
    assert site.rows(enrolled) == [("u042",)]
    assert "2 accounts have this idnumber" in told(result)


def test_group_members_by_idnumber_and_name(site: Site):
    cat, dog, tiger = alike(site)
    add_groups(site, (cat, "é1"), (dog, "e1"), ("Blue", "B"))
    site.run(
        "toolsync_enrolments", "rolename,uid,cid\n" + "".join(f"student,u{n},C103\n" for n in ("041", "042", "043"))
    )
    site.run("toolsync_group_members", "courseid,groupid,userid\nC103,e1,u041\nC103,é1,u042\nC103,b,u043\n")
    assert members(site) == [(dog, "u041"), (cat, "u042"), ("Blue", "u043")]
    result = site.run(
        "toolsync_group_members",
        f"cmd,courseid,groupid,userid\nshift,C103,{dog},u042\nadd,C103,{tiger},u043\nadd,C103,Blue,ü043\n",
        group_id_field="name",
    )
    assert members(site) == [(dog, "u041"), (dog, "u042"), ("Blue", "u043")]
    assert f"no group of this course has this name, only {cat}, which looks like it" in told(result)
    assert "no account has this username, only u043, which looks like it" in told(result)


def test_purging_leaves_courses_that_only_look_like_those_of_the_file(site: Site):
    site.rows("UPDATE {course} SET idnumber = 'KE' WHERE shortname = 'C103'")
    site.rows("UPDATE {course} SET idnumber = 'KÉ' WHERE shortname = 'C104'")
    add_groups(site, ("Empty", ""))
    site.rows(
        "INSERT INTO {groups} (courseid, name, idnumber, timecreated, timemodified) "
        "SELECT c.id, 'Empty too', '', 0, 0 FROM {course} c WHERE c.shortname = 'C104'"
    )
    site.run(
        "toolsync_enrolments",
        "rolename,uid,cid\nstudent,u041,KÉ\n",
        course_id_field="idnumber",
        purge_empty_groups=True,
    )
    assert site.rows("SELECT name FROM {groups} WHERE name LIKE 'Empty%'") == [("Empty",)]


def test_of_categories_that_differ_in_letter_case_alone_the_one_written_so_is_meant_level_by_level(site: Site):
    site.rows(
        "INSERT INTO {course_categories} (name, parent, sortorder, visible, visibleold, timemodified, depth, path) "
        "VALUES ('Arts', 0, 900000, 1, 1, 0, 1, ''), ('ARTS', 0, 910000, 1, 1, 0, 1, '')"
    )
    site.rows("UPDATE {course_categories} SET path = CONCAT('/', id) WHERE path = ''")
    site.rows(
        "INSERT INTO {context} (contextlevel, instanceid, depth, path) SELECT 40, id, 2, '' FROM {course_categories} WHERE name = 'Arts'"
    )
    site.rows("UPDATE {context} SET path = CONCAT('/1/', id) WHERE path = ''")
    site.run("toolsync_courses", "shortname,fullname,category\na1,A,Arts / Solo\n")
    lines = "a2,A,ARTS / Solo\na3,A,Arts / New\na4,A,ARTS / New\na5,A,ARTS / new\na6,A,ARTS / New / Deep\na7,A,Arts / New / Deep\n"
    site.run("toolsync_courses", f"shortname,fullname,category\n{lines}")
    found = site.rows(
        "SELECT c.shortname, a.name FROM {course} c JOIN {course_categories} k ON k.id = c.category "
        "JOIN {course_categories} a ON a.id = SUBSTRING_INDEX(SUBSTRING_INDEX(k.path, '/', 2), '/', -1) WHERE c.shortname REGEXP '^a[1-7]$' ORDER BY c.shortname"
    )
    assert found == [
        ("a1", "Arts"),
        ("a2", "ARTS"),
        ("a3", "Arts"),
        ("a4", "ARTS"),
        ("a5", "ARTS"),
        ("a6", "ARTS"),
        ("a7", "Arts"),
    ]
    site.rows(
        "UPDATE {course_categories} SET name = 'Only' WHERE name = 'Solo' AND depth = 2 AND path LIKE CONCAT((SELECT k.path FROM (SELECT path FROM {course_categories} WHERE name COLLATE utf8mb4_bin = 'Arts') k), '/%')"
    )
    result = site.run(
        "toolsync_cohorts",
        "cname,cidnumber,category_path\nOne,one,Arts / Only\nTwo,two,ARTS / Only\n",
        auto_create=True,
    )
    assert [result["counts"][status] for status in ("created", "failed")] == [1, 1]


def test_a_line_finds_the_group_that_a_line_about_a_course_like_another_made(site: Site):
    site.rows("UPDATE {course} SET idnumber = 'KE' WHERE shortname = 'C103'")
    site.rows("UPDATE {course} SET idnumber = 'KÉ' WHERE shortname = 'C102'")
    add_groups(site, ("Red", ""))
    people = [
        name
        for (name,) in site.rows(
            "SELECT username FROM {user} WHERE username IN ('u041', 'u042', 'u043') ORDER BY username"
        )
    ]
    result = site.run(
        "toolsync_enrolments",
        HEADER
        + f"add,student,{people[0]},KE,gadd,Red\nadd,student,{people[1]},KÉ,gaddcreate,Red\nadd,student,{people[2]},KÉ,gadd,Red\n",
        course_id_field="idnumber",
    )
    assert result["counts"]["failed"] == 0, told(result)


def test_of_courses_that_differ_in_letter_case_each_has_groups_of_its_own(site: Site):
    """The group is in the other course, so the line that makes it goes before the one that needs it, as they stand in the file."""
    site.rows("UPDATE {course} SET idnumber = IF(shortname = 'C101', 'abc', 'ABC') WHERE shortname IN ('C101', 'C102')")
    site.rows("INSERT INTO {groups} (courseid, name) SELECT id, 'Only' FROM {course} WHERE shortname = 'C102'")
    file = "cmd,rolename,uid,cid,gcmd,g1\nadd,student,u041,abc,gadd,Only\nadd,student,u042,abc,gaddcreate,Only\nadd,student,u043,abc,gadd,Only\n"
    counts = site.run("toolsync_enrolments", file, course_id_field="idnumber")["counts"]
    assert (counts["failed"] + counts["incomplete"], counts["created"]) == (1, 2)


def test_a_letter_with_a_dot_is_no_other_letter(site: Site):
    """Small letters of the database take İ for i."""
    site.run("toolsync_users", "username,firstname,lastname,email\nibrahim,A,B,i1@example.org\n")
    result = site.run("toolsync_users", "username,city\nİbrahim,Izmir\n")
    assert result["counts"]["failed"] == 1
    assert site.value("SELECT city FROM {user} WHERE username = 'ibrahim'") == ""
    assert site.run("toolsync_users", "username,city\nIbrahim,Izmir\n")["counts"]["updated"] == 1


def test_what_a_subquery_answers_to_one_text_is_not_given_to_another(site: Site):
    """MariaDB keeps the answers of subqueries by texts as the collation compares them."""
    texts = ["Science", "science", "Sciencé", "SCIENCE"]
    with MoodleHook().session() as session:
        session.execute(
            f"CREATE TEMPORARY TABLE toolsync_x (v VARCHAR(50)) DEFAULT CHARSET utf8mb4 COLLATE {session.collation}"
        )
        for order in (texts, texts[::-1]):
            session.execute("DELETE FROM toolsync_x")
            for text in order:
                session.execute("INSERT INTO toolsync_x VALUES (%s)", (text,))
            found = session.rows(
                "SELECT x.v, EXISTS (SELECT 1 FROM {course_categories} c WHERE c.name = x.v COLLATE utf8mb4_bin) FROM toolsync_x x"
            )
            assert dict(found) == {text: int(text == "Science") for text in texts}
