"""Cohorts, and cohorts bound to courses: which one is meant, what is made, and what is said about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site

pytestmark = pytest.mark.usefixtures("airflow")

COHORT = (
    "INSERT INTO {cohort} (contextid, name, idnumber, description, descriptionformat, component, timecreated, timemodified) "
    "VALUES (1, %s, %s, '', 1, '', 7, 7)"
)
NEW = "SELECT name, idnumber, visible FROM {cohort} WHERE id > %s ORDER BY id"
MEMBERS = """
SELECT c.idnumber, u.username FROM {cohort_members} m JOIN {cohort} c ON c.id = m.cohortid AND c.id > %s JOIN {user} u ON u.id = m.userid ORDER BY c.id, u.username
"""
PLACE = """
SELECT COALESCE(k.idnumber, 'site') FROM {cohort} c JOIN {context} x ON x.id = c.contextid
  LEFT JOIN {course_categories} k ON x.contextlevel = 40 AND k.id = x.instanceid WHERE c.idnumber = %s COLLATE utf8mb4_bin
"""
GROUP = "INSERT INTO {groups} (courseid, name, idnumber, timecreated, timemodified) SELECT c.id, %s, '', 0, 0 FROM {course} c WHERE c.shortname = %s"
BOUND = """
SELECT c.name, r.shortname, g.name FROM {enrol} e JOIN {course} co ON co.id = e.courseid AND co.shortname = %s JOIN {cohort} c ON c.id = e.customint1
  JOIN {role} r ON r.id = e.roleid LEFT JOIN {groups} g ON g.id = e.customint2 WHERE e.enrol = 'cohort' ORDER BY e.id
"""


def told(result: dict[str, Any]) -> str:
    return Path(result["report"]).read_text()


def newest(site: Site) -> int:
    return site.value("SELECT MAX(id) FROM {cohort}")


def test_idnumbers_that_only_look_alike_are_cohorts_of_their_own(site: Site):
    last = newest(site)
    names = ["fs26a", "FS26A", "k😀", "k😎", "año", "ano", "ハ", "バ", "Straße", "Strasse"]
    lines = "".join(f"C {n},{name},u{n + 1:03}\n" for n, name in enumerate(names))
    result = site.run("toolsync_cohorts", f"name,idnumber,userid\n{lines}", auto_create=True)
    assert result["counts"]["created"] == len(names), told(result)
    made = sorted((name, idnumber) for name, idnumber, _ in site.rows(NEW, (last,)))
    assert made == [(f"C {n}", name) for n, name in enumerate(names)]
    assert sorted(site.rows(MEMBERS, (last,))) == sorted((name, f"u{n + 1:03}") for n, name in enumerate(names))
    assert all(f"made the cohort C {n}" in told(result) for n in range(len(names)))
    again = site.run("toolsync_cohorts", f"name,idnumber,userid\n{lines}", auto_create=True)
    assert again["counts"]["unchanged"] == len(names), told(again)


def test_one_segment_may_make_cohorts_that_only_look_alike(site: Site):
    last = newest(site)
    result = site.run(
        "toolsync_cohorts",
        "cid,userid\nk😀,u001\nk😎,u002\nk😀,u003\nK😀,u004\n",
        auto_create=True,
        cohort_id_field="name",
    )
    assert result["counts"]["created"] == 4, told(result)
    members = site.rows(MEMBERS.replace("c.idnumber", "c.name"), (last,))
    assert members == [("k😀", "u001"), ("k😀", "u003"), ("k😎", "u002"), ("K😀", "u004")]


@pytest.mark.parametrize("auto_create", [False, True])
def test_the_cohort_that_is_written_so_is_meant(site: Site, auto_create: bool):
    last = newest(site)
    for name in ("k😀", "k😎", "kurs", "Kurs"):
        site.rows(COHORT, (name, name))
    result = site.run(
        "toolsync_cohorts", "cid,userid\nk😎,u001\nKurs,u002\nkurs,u003\nk😀,u004\n", auto_create=auto_create
    )
    assert result["counts"]["created"] == 4, told(result)
    assert site.rows(MEMBERS, (last,)) == [("k😀", "u004"), ("k😎", "u001"), ("kurs", "u003"), ("Kurs", "u002")]
    assert len(site.rows(NEW, (last,))) == 4


@pytest.mark.parametrize(("command", "person"), [("del", ""), ("del", "u001"), ("free", ""), ("add", "u001")])
def test_a_cohort_that_has_to_be_there_is_never_one_that_only_looks_like_it(site: Site, command: str, person: str):
    last = newest(site)
    site.rows(COHORT, ("Kurs", "KÉ"))
    result = site.run("toolsync_cohorts", f"cmd,cidnumber,userid\n{command},KE,{person}\n", purge_empty=True)
    assert result["counts"]["failed"] == 1
    assert "no cohort has this idnumber, only KÉ, which looks like it" in told(result)
    assert ("Param auto_create makes it" in told(result)) == (command == "add")
    assert site.rows(NEW, (last,)) == [("Kurs", "KÉ", 1)]
    result = site.run("toolsync_cohorts", "cmd,cidnumber,userid\nadd,ké,u002\n")  # letter case alone is no other cohort
    assert site.rows(MEMBERS, (last,)) == [("KÉ", "u002")], told(result)


def test_of_several_cohorts_of_one_idnumber_none_is_meant(site: Site):
    for _ in range(2):
        site.rows(COHORT, ("Twin", "TW"))
    result = site.run("toolsync_cohorts", "cid,userid\nTW,u001\n", auto_create=True)
    assert "2 cohorts have this idnumber" in told(result) and result["counts"]["failed"] == 1


def test_a_cohort_that_differs_in_letter_case_from_a_deleted_one_is_not_purged(site: Site):
    last = newest(site)
    for name in ("kurs", "KURS"):
        site.rows(COHORT, (name, name))
    site.run("toolsync_cohorts", "cmd,cid\ndel,kurs\n", purge_empty=True)
    assert [idnumber for _, idnumber, _ in site.rows(NEW, (last,))] == ["KURS"]


def test_an_empty_key_makes_no_cohort(site: Site):
    last = newest(site)
    result = site.run("toolsync_cohorts", "name,idnumber\nNobody,\n", auto_create=True)
    assert "expected the idnumber of a cohort" in told(result) and site.rows(NEW, (last,)) == []


def test_a_key_that_is_too_long_fails_with_its_length(site: Site):
    last = newest(site)
    result = site.run("toolsync_cohorts", f"cid,userid\n{'x' * 101},u001\n{'y' * 300},u001\n", auto_create=True)
    assert "101 characters, and the site stores at most 100" in told(result)
    assert "300 characters, and the site stores at most 100" in told(result)
    assert result["counts"]["failed"] == 2 and site.rows(NEW, (last,)) == []


def test_an_idnumber_that_another_cohort_has_fails_and_names_it(site: Site):
    last = newest(site)
    site.rows(COHORT, ("One", "ÉX"))
    site.rows(COHORT, ("Two", "k😀"))
    site.rows(COHORT, ("Three", "k😎"))
    result = site.run(
        "toolsync_cohorts",
        "cname,cidnumber,cdescription\nNew,ÉX,\nNew,éx,\nNew,EX,\nTwo,k😎,\nThree,k😎,stays\nOne,éx,\n",
        auto_create=True,
        cohort_id_field="name",
    )
    report = told(result)
    assert report.count("another cohort has it: One") >= 2 and "looks like ÉX, which is there" in report
    assert "another cohort has it: Three" in report
    assert (result["counts"]["failed"], result["counts"]["updated"]) == (4, 2)
    assert [(name, idnumber) for name, idnumber, _ in site.rows(NEW, (last,))] == [
        ("One", "éx"),
        ("Two", "k😀"),
        ("Three", "k😎"),
    ]


def test_of_several_people_the_one_who_is_written_so_is_meant(site: Site):
    last = newest(site)
    for username, idnumber in (
        ("u001", "a😀"),
        ("u002", "a😎"),
        ("u003", "Ab"),
        ("u004", "aB"),
        ("u005", "dd"),
        ("u006", "dd"),
        ("u007", "é1"),
    ):
        site.rows("UPDATE {user} SET idnumber = %s WHERE username = %s", (idnumber, username))
    site.rows(COHORT, ("New", "NEW"))
    result = site.run("toolsync_cohorts", "cid,userid\nNEW,a😎\nNEW,aB\nNEW,dd\nNEW,e1\n", user_id_field="idnumber")
    assert site.rows(MEMBERS, (last,)) == [("NEW", "u002"), ("NEW", "u004")]
    assert "2 accounts have this idnumber" in told(result)
    assert "no account has this idnumber, only é1, which looks like it" in told(result)


def test_categories_are_named_as_in_moodles_upload(site: Site):
    [(science, context)] = site.rows(
        "SELECT k.id, x.id FROM {course_categories} k JOIN {context} x ON x.contextlevel = 40 AND x.instanceid = k.id WHERE k.idnumber = 'SCI'"
    )
    [(top, below)] = site.rows(
        "SELECT p.name, k.name FROM {course_categories} k JOIN {course_categories} p ON p.id = k.parent WHERE k.idnumber = 'SCI-PHY'"
    )
    path = f"{top} / {below}"
    result = site.run(
        "toolsync_cohorts",
        "name,idnumber,description,visible,contextid,category,category_id,category_idnumber,category_path,theme\n"
        "A,a1,,,,,,,,boost\n"
        f"B,b1,,no,{context},,,,,\n"
        "C,c1,,,,SCI,,,,\n"
        f"D,d1,,,,{path},,,,\n"
        f"E,e1,,,,{science},,,,\n"
        f"F,f1,,,,,{science},,,\n"
        "G,g1,,,,,,SCI-PHY,,\n"
        f"H,h1,,,,,,,{path.upper()},\n"
        "I,i1,,,1,,,,,\n"
        "J,j1,,,,Nowhere,,,,\n"
        f"K,k1,,,,,,,{top} / Nowhere,\n"
        "L,l1,,,999999,,,,,\n"
        "M,m1,,,,,,SCÎ,,\n",
        auto_create=True,
    )
    assert (result["counts"]["created"], result["counts"]["failed"]) == (9, 4), told(result)
    places = {name: site.value(PLACE, (name,)) for name in ("a1", "b1", "c1", "d1", "e1", "f1", "g1", "h1", "i1")}
    assert places == {
        "a1": "site", "b1": "SCI", "c1": "SCI", "d1": "SCI-PHY", "e1": "SCI", "f1": "SCI", "g1": "SCI-PHY", "h1": "SCI-PHY", "i1": "site",
    }  # fmt: skip
    report = told(result)
    assert "no category has this path, id or idnumber" in report and "no category has this path" in report
    assert (
        "no category has this context" in report
        and "no category has this idnumber, only SCI, which looks like it" in report
    )
    assert "Themes of cohorts are chosen in Moodle" in report


def test_several_categories_of_one_idnumber_fail(site: Site):
    site.rows("UPDATE {course_categories} SET idnumber = 'SCI' WHERE idnumber = 'HUM'")
    result = site.run("toolsync_cohorts", "cid,ccatcontextidnumber\nX1,SCI\n", auto_create=True)
    assert "2 categories have this idnumber" in told(result) and result["counts"]["failed"] == 1


def test_a_binding_takes_the_group_that_is_called_exactly_so_or_makes_it(site: Site):
    for name in ("Team 🐱", "team", "Twin", "Twin"):
        site.rows(GROUP, (name, "C103"))
    before = len(site.rows(BOUND, ("C103",)))
    result = site.run(
        "toolsync_cohort_bindings",
        "cohort,course,role,makegroup\nCOH2,C103,student,Team 🐶\nCOH2,C103,teacher,Team\nCOH3,C103,student,Twin\nCOH3,C103,teacher,Team 🐱\n",
    )
    assert (result["counts"]["created"], result["counts"]["failed"]) == (3, 1), told(result)
    assert "2 groups of this course have this name" in told(result)
    assert "made the group Team 🐶" in told(result) and "made the group Team 🐱" not in told(result)
    bound = [(role, group) for _, role, group in site.rows(BOUND, ("C103",))[before:]]
    assert bound == [("student", "Team 🐶"), ("teacher", "Team"), ("teacher", "Team 🐱")]


def test_a_binding_names_the_group_that_it_makes(site: Site):
    result = site.run("toolsync_cohort_bindings", "cohort,course,makegroup\nCOH2,C103,yes\n")
    name = site.value("SELECT name FROM {cohort} WHERE idnumber = 'COH2'")
    assert f"made the group {name}" in told(result)


def test_a_role_by_its_name_is_told_its_short_name(site: Site):
    site.rows("UPDATE {role} SET name = 'Lehrkraft' WHERE shortname = 'editingteacher'")
    result = site.run(
        "toolsync_cohort_bindings",
        "cohort,course,role\nCOH2,C103,Non-editing teacher\nCOH2,C103,Lehrkraft\nCOH2,C103,stüdent\nCOH2,C103,nobody\nCOH2,C103,Student\n",
    )
    report = told(result)
    assert (result["counts"]["created"], result["counts"]["failed"]) == (1, 4)
    assert "no role has this shortname or id; Non-editing teacher is the name of teacher" in report
    assert "no role has this shortname or id; Lehrkraft is the name of editingteacher" in report
    assert "no role has this shortname or id, only student, which looks like it" in report
    result = site.run("toolsync_enrolments", "rolename,uid,cid\nNon-editing teacher,u041,C103\nnobody,u041,C103\n")
    assert "no role has this shortname; Non-editing teacher is the name of teacher" in told(result)


def test_a_binding_does_not_end_before_it_begins(site: Site):
    header = "cohort,course,enrolstart,enrolend\n"
    result = site.run("toolsync_cohort_bindings", header + "COH2,C103,2026-09-01,2026-08-01\nCOH3,C103,2026-09-01,\n")
    assert (result["counts"]["created"], result["counts"]["failed"]) == (1, 1)
    assert "the end is before the beginning" in told(result)
    result = site.run("toolsync_cohort_bindings", header + "COH3,C103,,2026-08-01\n")
    assert result["counts"]["failed"] == 1, told(result)


@pytest.mark.parametrize("column", ["cohort", "course"])
def test_a_binding_needs_its_cohort_and_its_course(site: Site, column: str):
    cells = {"cohort": "COH2", "course": "C103"} | {column: ""}
    result = site.run("toolsync_cohort_bindings", f"cohort,course\n{cells['cohort']},{cells['course']}\n")
    assert result["counts"]["failed"] == 1


def test_a_cohort_or_course_that_only_looks_like_one_is_not_bound(site: Site):
    site.rows(COHORT, ("Kurs", "ké"))
    site.rows("UPDATE {course} SET shortname = 'CAFÉ' WHERE shortname = 'C103'")
    result = site.run("toolsync_cohort_bindings", "cohort,course\nkê,CAFÉ\nké,CAFE\nké,café\n")
    assert (result["counts"]["created"], result["counts"]["failed"]) == (1, 2)
    assert "no cohort has this idnumber, only ké, which looks like it" in told(result)
    assert "no course has this shortname, only CAFÉ, which looks like it" in told(result)


def test_a_meta_link_takes_the_course_that_is_written_so(site: Site):
    site.rows("UPDATE {course} SET shortname = 'CAFÉ' WHERE shortname = 'C103'")
    result = site.run("toolsync_course_meta_links", "master,meta\nC102,CAFE\nC102,café\n,CAFÉ\nC102,\n")
    assert (result["counts"]["created"], result["counts"]["failed"]) == (1, 3)
    assert "no course has this shortname, only CAFÉ, which looks like it" in told(result)
