"""What somebody has changed on the site since a file of the data set wrote it stays, and is told."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.data_sets.test_data_sets import city, counts, forgotten, people, run
from tests.support.command import killed
from tests.support.site import Site
from toolsync.cabinet.data_sets import DataSet
from toolsync.cabinet.folders import Cabinet

pytestmark = pytest.mark.usefixtures("airflow")

ENROLLED = (
    "WHERE userid = (SELECT id FROM {user} WHERE username = 'u050') AND enrolid = "
    "(SELECT e.id FROM {enrol} e JOIN {course} c ON c.id = e.courseid WHERE c.shortname = 'C104' AND e.enrol = 'manual')"
)
KEEP: dict[str, Any] = {"keep_manual_changes": True}


def told(result: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Line, outcome, column and message of each line that says something of somebody's change."""
    with Path(result["lines"]).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [
        (row["line"], row["outcome"], row["column"], row["message"].partition(":")[0])
        for row in rows
        if "somebody has changed" in row["message"]
    ]


def test_what_somebody_changed_stays(site: Site):
    run(site, people("Ulm", "Bonn", "Kiel"), **KEEP)
    site.rows("UPDATE {user} SET city = 'Theirs', timemodified = 5 WHERE username = 'p01'")
    result = run(site, people("Rom", "Oslo", "Kiel"), **KEEP)
    assert [city(site, f"p{n:02}") for n in range(3)] == ["Rom", "Theirs", "Kiel"]
    assert counts(result) == {"updated": 1, "unchanged": 2}
    assert told(result) == [("3", "unchanged", "city", "city stays as it is")]
    assert site.value("SELECT timemodified FROM {user} WHERE username = 'p01'") == 5

    # It is theirs until it is again what a file wrote.
    assert told(run(site, people("Rom", "Bern", "Kiel"), **KEEP)) and city(site, "p01") == "Theirs"
    site.rows("UPDATE {user} SET city = 'Bonn' WHERE username = 'p01'")
    assert not told(run(site, people("Rom", "Metz", "Kiel"), **KEEP)) and city(site, "p01") == "Metz"


def test_what_the_first_file_says_is_remembered_too(site: Site):
    """Nothing was written then: the site had it already."""
    file = f"username,city\nu001,{city(site, 'u001')}\nu002,{city(site, 'u002')}\n"
    assert counts(run(site, file, **KEEP)) == {"unchanged": 2}
    site.rows("UPDATE {user} SET city = 'Theirs' WHERE username = 'u001'")
    result = run(site, "username,city\nu001,Rom\nu002,Rom\n", **KEEP)
    assert told(result) == [("2", "unchanged", "city", "city stays as it is")]
    assert (city(site, "u001"), city(site, "u002")) == ("Theirs", "Rom")


def test_many_values_take_little_room(site: Site, monkeypatch: pytest.MonkeyPatch):
    """They are put together again and again."""
    monkeypatch.setattr("toolsync.data_sets.hands_off.MANY", 3)
    test_what_somebody_changed_stays(site)


def test_what_another_line_has_taken_is_not_given_back(site: Site):
    """The file renames the account, and gives its name of the moment to a new one."""
    params = {**KEEP, "user_id_field": "idnumber", "allow_rename": True}
    header = "idnumber,username,firstname,lastname,email,city\n"
    run(site, f"{header}X7,one,A,A,a@example.org,Ulm\n", **params)
    site.rows("UPDATE {user} SET username = 'theirs', email = 't@example.org', city = 'Theirs' WHERE username = 'one'")
    text = f"{header}X7,two,A,A,a2@example.org,Rom\nX8,theirs,B,B,t@example.org,Rom\n"
    assert run(site, text, **params)["state"] == "success"
    found = site.rows("SELECT idnumber, username, email, city FROM {user} WHERE idnumber IN ('X7', 'X8') ORDER BY 1")
    assert found == [("X7", "two", "a2@example.org", "Theirs"), ("X8", "theirs", "t@example.org", "Rom")]


def test_what_somebody_has_emptied_stays_empty_like_that_of_others(site: Site):
    header = "username,firstname,lastname,email,idnumber\n"
    run(site, f"{header}p0,A,A,a@example.org,I0\np1,B,B,b@example.org,I1\n", **KEEP)
    site.rows("UPDATE {user} SET idnumber = '' WHERE username IN ('p0', 'p1')")
    run(site, f"{header}p0,A,A,a@example.org,J0\np1,B,B,b@example.org,J1\n", **KEEP)
    assert site.rows("SELECT DISTINCT idnumber FROM {user} WHERE username IN ('p0', 'p1')") == [("",)]


def test_the_rest_of_the_line_is_done(site: Site):
    run(site, people("Ulm"), **KEEP)
    site.rows("UPDATE {user} SET city = 'Theirs' WHERE username = 'p00'")
    result = run(site, people("Rom").replace(",0,", ",Other,"), **KEEP)
    assert told(result) == [("2", "updated", "city", "city stays as it is")]
    assert site.rows("SELECT lastname, city FROM {user} WHERE username = 'p00'") == [("Other", "Theirs")]


def test_the_whole_file_leaves_it_too(site: Site):
    run(site, people("Ulm"), **KEEP)
    site.rows("UPDATE {user} SET city = 'Theirs' WHERE username = 'p00'")
    assert told(run(site, people("Ulm"), verify=1, **KEEP)) == [("2", "unchanged", "city", "city stays as it is")]
    assert city(site, "p00") == "Theirs"


def test_a_simulation_tells_and_remembers_nothing(site: Site):
    run(site, people("Ulm"), **KEEP)
    site.rows("UPDATE {user} SET city = 'Theirs' WHERE username = 'p00'")
    written = DataSet(Cabinet("users"), "sis").written()
    assert told(run(site, people("Rom"), simulate=True, **KEEP))
    assert written and DataSet(Cabinet("users"), "sis").written() == written


@pytest.mark.parametrize("without", ["the Param", "the run"])
def test_nothing_is_kept_if_others_may_have_written_it(site: Site, without: str):
    """A run of the data set wrote without remembering what: that must not look like somebody's change."""
    run(site, people("Ulm"), **KEEP)
    if without == "the Param":
        run(site, people("Rom"))
    else:
        site.run("toolsync_undo", approve="yes", runs=[run(site, people("Rom"), **KEEP)["claim"]])
        assert forgotten()
    assert not told(run(site, people("Bern"), **KEEP)) and city(site, "p00") == "Bern"


@pytest.mark.parametrize(
    ("where", "calls"),
    [
        ("toolsync.moodle.session:MoodleSession.commit", 2),
        ("toolsync.data_sets.memory:Memory.keep", 1),
        ("toolsync.data_sets.applied:Applied.end", 1),
    ],
)
def test_after_a_kill_our_own_values_are_ours(site: Site, tmp_path: Path, where: str, calls: int):
    run(site, people("Ulm", "Bonn"), **KEEP)
    site.rows("UPDATE {user} SET city = 'Theirs' WHERE username = 'p01'")
    (file := tmp_path / "people.csv").write_text(people("Rom", "Oslo"))
    params = ("--params", '{"data_set": "sis", "keep_manual_changes": true}')
    killed(where, "after", "toolsync_users", file, *params, calls=calls, batch_lines=1)
    assert site.run("toolsync_users")["state"] == "success"
    assert [city(site, name) for name in ("p00", "p01")] == ["Rom", "Theirs"]
    result = run(site, people("Metz", "Metz"), **KEEP)
    assert [city(site, name) for name in ("p00", "p01")] == ["Metz", "Theirs"] and len(told(result)) == 1


@pytest.mark.parametrize(
    ("dag_id", "first", "second", "theirs", "look"),
    [
        (
            "toolsync_enrolments",
            "cmd,rolename,uid,cid,endtime\nadd,student,u050,C104,2030-01-01\n",
            "cmd,rolename,uid,cid,endtime\nadd,student,u050,C104,2031-01-01\n",
            f"UPDATE {{user_enrolments}} SET timeend = 7 {ENROLLED}",
            f"SELECT timeend = 7 FROM {{user_enrolments}} {ENROLLED}",
        ),
        (
            "toolsync_users",
            "username,firstname,lastname,email,profile_field_department_code\np,P,P,p@example.org,A-1\n",
            "username,firstname,lastname,email,profile_field_department_code\np,P,P,p@example.org,B-1\n",
            "UPDATE {user_info_data} SET data = 'T-1' ORDER BY id DESC LIMIT 1",
            "SELECT data = 'T-1' FROM {user_info_data} ORDER BY id DESC LIMIT 1",
        ),
        (
            "toolsync_cohorts",
            "cidnumber,cname\nNEW1,New\n",
            "cidnumber,cname\nNEW1,Newer\n",
            "UPDATE {cohort} SET name = 'Theirs' WHERE idnumber = 'NEW1'",
            "SELECT name = 'Theirs' FROM {cohort} WHERE idnumber = 'NEW1'",
        ),
        (
            "toolsync_courses",
            "shortname,fullname,category\nNEW1,New,Science\n",
            "shortname,fullname,category\nNEW1,Newer,Science\n",
            "UPDATE {course} SET fullname = 'Theirs' WHERE shortname = 'NEW1'",
            "SELECT fullname = 'Theirs' FROM {course} WHERE shortname = 'NEW1'",
        ),
    ],
)
def test_other_things_than_accounts(site: Site, dag_id: str, first: str, second: str, theirs: str, look: str):
    params: dict[str, Any] = (
        {"auto_create": True} if "cohorts" in dag_id else {"force_update": True} if "courses" in dag_id else {}
    )
    assert counts(run(site, first, dag_id, **params, **KEEP)).keys() <= {"created", "updated"}
    site.rows(theirs)
    result = run(site, second, dag_id, **params, **KEEP)
    assert site.value(look) == 1
    assert [(line, outcome) for line, outcome, _, _ in told(result)] == [("2", "unchanged")], result["counts"]


@pytest.mark.parametrize(
    ("content", "why"),
    [("{", "expected JSON"), ('{"user": {"column": ["city"]}}', "user: expected columns, and perhaps")],
)
def test_a_table_of_what_people_edit_that_makes_no_sense(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str, why: str
):
    (tmp_path / "hands_off.json").write_text(content)
    monkeypatch.setattr("toolsync.data_sets.hands_off.INCLUDE", tmp_path)
    result = run(site, people("Ulm"), **KEEP)
    assert result["state"] == "failed" and why in result["messages"][0]
    assert city(site, "p00") is None


@pytest.mark.parametrize("params", [{"data_set": ""}, {"undo": False}])
def test_what_it_needs(site: Site, params: dict[str, Any]):
    result = run(site, people("Ulm"), **{**KEEP, **params})
    assert result["state"] == "failed" and "Param keep_manual_changes needs" in result["messages"][0]
