"""Groups and groupings: which one is meant, what an idnumber that is taken does, and what is made on the side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site

pytestmark = pytest.mark.usefixtures("airflow")

GROUPS = "SELECT g.name, g.idnumber FROM {groups} g JOIN {course} c ON c.id = g.courseid WHERE c.shortname = %s ORDER BY g.id"
GROUPINGS = GROUPS.replace("{groups}", "{groupings}")
BOUND = """
SELECT k.name, g.name FROM {groupings_groups} b JOIN {groupings} k ON k.id = b.groupingid JOIN {groups} g ON g.id = b.groupid
  JOIN {course} c ON c.id = g.courseid WHERE c.shortname = %s ORDER BY k.id, g.id
"""
ADD = "INSERT INTO {%s} (courseid, name, idnumber, description, timecreated, timemodified) SELECT c.id, %%s, %%s, '', 0, 0 FROM {course} c WHERE c.shortname = 'C103'"
ALIKE = ["Team 🐱", "Team 🐶", "Année A", "Annee A", "alpha", "Alpha", "ハ組", "バ組"]


def told(result: dict[str, Any]) -> str:
    return Path(result["report"]).read_text()


def add(site: Site, table: str, *things: tuple[str, str]) -> None:
    for thing in things:
        site.rows(ADD % table, thing)


@pytest.mark.parametrize("kind", ["group", "grouping"])
def test_names_that_only_look_alike_are_made(site: Site, kind: str):
    lines = "courseid,type,name,idnumber\n" + "".join(f"C103,{kind},{name},{name}\n" for name in ALIKE)
    result = site.run("toolsync_groups", lines)
    assert result["counts"]["created"] == len(ALIKE), told(result)
    assert sorted(site.rows(GROUPS if kind == "group" else GROUPINGS, ("C103",))) == sorted(
        (name, name) for name in ALIKE
    )
    assert site.run("toolsync_groups", lines)["counts"]["unchanged"] == len(ALIKE)


@pytest.mark.parametrize("column", ["groupingname", "selfgrouping"])
def test_groupings_on_the_side_that_only_look_alike_are_made_and_named(site: Site, column: str):
    lines = f"courseid,name,{column}\n" + "".join(
        f"C103,{name},{name if column == 'groupingname' else 'yes'}\n" for name in ALIKE
    )
    result = site.run("toolsync_groups", lines)
    assert result["counts"]["created"] == len(ALIKE), told(result)
    assert sorted(site.rows(BOUND, ("C103",))) == sorted((name, name) for name in ALIKE)
    assert all(f"made the grouping {name}" in told(result) for name in ALIKE)
    again = site.run("toolsync_groups", lines)
    assert again["counts"]["unchanged"] == len(ALIKE) and "made the" not in told(again)


def test_many_groups_share_a_grouping_that_the_first_makes(site: Site):
    lines = "courseid,groupname,groupingname\n" + "".join(f"C103,T{n},Shifts\n" for n in range(3))
    result = site.run("toolsync_groups", lines)
    assert site.rows(BOUND, ("C103",)) == [("Shifts", f"T{n}") for n in range(3)]
    assert len(site.rows(GROUPINGS, ("C103",))) == 1 and "made the grouping Shifts" in told(result)


def test_the_grouping_of_a_group_that_is_there_is_made(site: Site):
    add(site, "groups", ("Red", "R1"))
    result = site.run("toolsync_groups", "courseid,name,groupingname\nC103,Red,Shifts\n")
    assert result["counts"]["updated"] == 1 and site.rows(BOUND, ("C103",)) == [("Shifts", "Red")]


@pytest.mark.parametrize("kind", ["group", "grouping"])
def test_an_idnumber_that_another_one_has_fails_the_line(site: Site, kind: str):
    table = f"{kind}s"
    add(site, table, ("Red", "R1"), ("Blue", "B1"), ("Plain", ""))
    header = "courseid,type,name,idnumber,updateid\n"
    result = site.run(
        "toolsync_groups",
        header
        + f"C103,{kind},Green,R1,\n"  # a new one
        + f"C103,{kind},Blue,R1,\n"  # one that is there, with another one's idnumber
        + f"C103,{kind},,R1,B1\n"  # an update
        + f"C103,{kind},Red,R1,\n"  # as it is
        + f"C103,{kind},Red,OTHER,\n"
        + f"C103,{kind},Plain,P1,\n"
        + f"C103,{kind},Red,,\n"
        + f"C103,{kind},Yellow,r1,\n",  # by letter case another one, as in Moodle
    )
    report = told(result)
    assert (result["counts"]["failed"], result["counts"]["unchanged"], result["counts"]["created"]) == (3, 4, 1), report
    assert f"another {kind} of this course has this idnumber: Red" in report
    assert report.count("differs: idnumber; updateid changes it") >= 2
    assert site.rows(GROUPS if kind == "group" else GROUPINGS, ("C103",)) == [
        ("Red", "R1"),
        ("Blue", "B1"),
        ("Plain", ""),
        ("Yellow", "r1"),
    ]


def test_an_idnumber_that_an_earlier_line_gave_fails_the_later_line(site: Site):
    result = site.run(
        "toolsync_groups", "courseid,name,idnumber,grouping\nC103,Red,R1,\nC103,Blue,R1,\nC102,Blue,R1,\n"
    )
    assert (result["counts"]["created"], result["counts"]["failed"]) == (2, 1)
    assert site.rows(GROUPS, ("C103",)) == [("Red", "R1")]


def test_an_add_says_what_is_different_and_changes_nothing(site: Site):
    add(site, "groups", ("Red", "R1"))
    result = site.run(
        "toolsync_groups",
        "courseid,name,idnumber,description,visibility,participation\nC103,Red,R1,Other,1,no\nC103,Red,,,,\n",
    )
    assert result["counts"]["unchanged"] == 2
    assert told(result).count("differs: description, visibility, participation; updateid changes it") == 1
    assert told(result).count("differs:") == 1


@pytest.mark.parametrize("kind", ["group", "grouping"])
def test_an_update_means_what_is_written_so(site: Site, kind: str):
    table = f"{kind}s"
    add(site, table, ("A", "k😀"), ("B", "k😎"), ("C", "Kurs"), ("D", "kurs"), ("E", "É1"))
    result = site.run(
        "toolsync_groups",
        "courseid,type,name,updateid\n"
        f"C103,{kind},A 🐱,k😀\nC103,{kind},A 🐶,k😎\nC103,{kind},D2,kurs\nC103,{kind},E2,E1\nC103,{kind},E2,nosuch\nC103,{kind},E2,é1\n",
    )
    names = [name for name, _ in site.rows(GROUPS if kind == "group" else GROUPINGS, ("C103",))]
    assert names == ["A 🐱", "A 🐶", "C", "D2", "E2"], told(result)
    assert f"no {kind} of this course has this idnumber, only É1, which looks like it" in told(result)
    assert result["counts"]["failed"] == 2


def test_an_update_to_another_ones_name_fails(site: Site):
    add(site, "groups", ("Red", "R1"), ("Blue", "B1"), ("Twin", "T1"), ("Twin", "T2"))
    result = site.run(
        "toolsync_groups", "courseid,name,updateid,description\nC103,Red,B1,\nC103,Twin,T1,Its own name\nC103,Réd,B1,\n"
    )
    assert (result["counts"]["failed"], result["counts"]["updated"]) == (1, 2), told(result)
    assert "another group of this course has this name" in told(result)


@pytest.mark.parametrize("kind", ["group", "grouping"])
def test_of_several_of_one_name_none_is_meant(site: Site, kind: str):
    add(site, f"{kind}s", ("Twin", "T1"), ("Twin", "T2"))
    result = site.run("toolsync_groups", f"cmd,courseid,type,name\nadd,C103,{kind},Twin\ndel,C103,{kind},Twin\n")
    assert result["counts"]["failed"] == 2 and f"2 {kind}s of this course have this name" in told(result)


@pytest.mark.parametrize("column", ["grouping", "groupingname", "selfgrouping"])
def test_of_several_groupings_of_one_name_none_is_meant(site: Site, column: str):
    add(site, "groupings", ("Twin", "T1"), ("Twin", "T2"))
    result = site.run(
        "toolsync_groups", f"courseid,name,{column}\nC103,Twin,{'yes' if column == 'selfgrouping' else 'Twin'}\n"
    )
    assert result["counts"]["failed"] == 1 and "2 groupings of this course have this name" in told(result)
    assert site.rows(GROUPS, ("C103",)) == []


def test_a_grouping_that_has_to_be_there_is_never_one_that_only_looks_like_it(site: Site):
    add(site, "groupings", ("Team é", ""), ("one", "X"), ("x", "two"))
    result = site.run("toolsync_groups", "courseid,name,grouping\nC103,A,Team ê\nC103,B,x\nC103,C,ONE\nC103,D,nosuch\n")
    assert (result["counts"]["created"], result["counts"]["failed"]) == (2, 2), told(result)
    assert (
        "no grouping of this course has this idnumber or name, only Team é, which looks like it (column groupingname makes one)"
        in told(result)
    )
    assert site.rows(BOUND, ("C103",)) == [("one", "C"), ("x", "B")]  # the name x is written so, the idnumber X is not
    assert [name for name, _ in site.rows(GROUPS, ("C103",))] == ["B", "C"]


def test_a_delete_means_its_idnumber_or_else_its_name(site: Site):
    add(site, "groups", ("Red", "R1"), ("Blue", "B1"), ("Green", ""), ("Old name", "O1"), ("Team é", ""))
    result = site.run(
        "toolsync_groups",
        "cmd,courseid,name,idnumber\n"
        "del,C103,Red,B1\n"  # two groups
        "del,C103,Red,nosuch\n"
        "del,C103,New name,O1\n"
        "del,C103,green,\n"
        "del,C103,Team ê,\n"
        "del,C103,,\n",
    )
    report = told(result)
    assert (result["counts"]["deleted"], result["counts"]["failed"]) == (2, 4), report
    assert "the group with this idnumber is Blue" in report and "no group of this course has this idnumber" in report
    assert "no group of this course has this name, only Team é, which looks like it" in report
    assert [name for name, _ in site.rows(GROUPS, ("C103",))] == ["Red", "Blue", "Team é"]


def test_a_group_that_is_renamed_goes_into_the_grouping_of_its_new_name(site: Site):
    add(site, "groups", ("Red", "R1"), ("Blue", "B1"))
    result = site.run("toolsync_groups", "courseid,name,updateid,selfgrouping\nC103,Scarlet,R1,yes\nC103,,B1,yes\n")
    assert result["counts"]["updated"] == 2, told(result)
    assert site.rows(BOUND, ("C103",)) == [("Scarlet", "Scarlet"), ("Blue", "Blue")]


@pytest.mark.parametrize("column", ["courseid", "name"])
def test_a_group_needs_its_course_and_its_name(site: Site, column: str):
    cells = {"courseid": "C103", "name": "Red"} | {column: ""}
    result = site.run("toolsync_groups", f"courseid,name,idnumber\n{cells['courseid']},{cells['name']},R1\n")
    assert result["counts"]["failed"] == 1 and site.rows(GROUPS, ("C103",)) == []


@pytest.mark.parametrize(
    ("column", "longest"), [("name", 254), ("idnumber", 100), ("enrolmentkey", 50), ("groupingname", 255)]
)
def test_a_value_that_is_too_long_fails_by_its_column(site: Site, column: str, longest: int):
    cells = {"name": "Red", "idnumber": "", "enrolmentkey": "", "groupingname": ""}
    for length, failed in ((longest, 0), (longest + 1, 1)):
        line = ",".join((cells | {column: "x" * length}).values())
        result = site.run("toolsync_groups", f"courseid,name,idnumber,enrolmentkey,groupingname\nC103,{line}\n")
        assert result["counts"]["failed"] == failed, told(result)
        assert "database" not in told(result)


def test_columns_of_moodles_import_that_change_nothing_here_are_noted(site: Site):
    result = site.run("toolsync_groups", "coursename,groupname,groupidnumber,lang,enablemessaging\nC103,Red,R1,de,1\n")
    assert result["counts"]["created"] == 1 and site.rows(GROUPS, ("C103",)) == [("Red", "R1")]
    assert "Messaging of groups is switched on in Moodle" in told(result)
