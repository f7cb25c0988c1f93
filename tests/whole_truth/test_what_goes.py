"""What the site has within the scope and a whole export does not name goes, and nothing else."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site
from tests.support.undo import differing, state_of
from tests.support.whole_truth import KINDS, run
from toolsync.reporting.missing import NOT_IN_FILE

pytestmark = pytest.mark.usefixtures("airflow")
ANY: dict[str, Any] = {"change_threshold": None}
ACCOUNTS = "SELECT * FROM {user} u WHERE u.auth <> 'manual' OR u.deleted = 1 OR u.username IN ('admin', 'guest') OR u.mnethostid <> 1"
OTHER_METHODS = "SELECT ue.* FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid WHERE ue.userid IN (1, 2) OR e.status = 1 OR e.enrol NOT IN ('manual'%s)"
COHORTS = "SELECT m.* FROM {cohort_members} m JOIN {cohort} c ON c.id = m.cohortid WHERE c.component <> '' OR m.userid IN (1, 2)"
GROUPS = "SELECT m.* FROM {groups_members} m WHERE m.component <> '' OR m.userid IN (1, 2)"
# What is outside of the scope by type, without what follows from it in Moodle: whoever leaves a course leaves its groups, and courses that follow.
OUTSIDE = {
    "users": [
        ACCOUNTS,
        "SELECT * FROM {user_enrolments}",
        "SELECT * FROM {cohort_members}",
        "SELECT * FROM {groups_members}",
    ],
    "enrolments": [
        "SELECT * FROM {user}",
        OTHER_METHODS % ", 'meta'",
        "SELECT * FROM {cohort_members}",
        "SELECT * FROM {groups_members} WHERE userid = 2",
    ],
    "cohorts": ["SELECT * FROM {user}", OTHER_METHODS % ", 'cohort', 'meta'", COHORTS],
    "group_members": [
        "SELECT * FROM {user}",
        "SELECT * FROM {user_enrolments}",
        "SELECT * FROM {cohort_members}",
        GROUPS,
    ],
}


def told(result: dict[str, Any]) -> str:
    return Path(result["report"]).read_text()


def make_stranger(site: Site) -> None:
    """What no whole export is about: an administrator in everything, other methods, other plugins, other hosts."""
    site.rows("UPDATE {user} SET auth = 'ldap' WHERE username IN ('u041', 'u042')")
    site.rows("UPDATE {user} SET mnethostid = 7 WHERE username = 'u043'")
    site.rows(
        "INSERT INTO {user_enrolments} (enrolid, userid, timecreated, timemodified) SELECT e.id, 2, 7, 7 FROM {enrol} e JOIN {course} c ON c.id = e.courseid "
        "WHERE e.enrol = 'manual' AND c.shortname IN ('C101', 'C102')"
    )
    site.rows("INSERT IGNORE INTO {cohort_members} (cohortid, userid, timeadded) SELECT id, 2, 7 FROM {cohort}")
    site.rows("UPDATE {cohort} SET component = 'local_school' WHERE idnumber = 'COH3'")
    site.rows(
        "INSERT INTO {groups_members} (groupid, userid, timeadded) SELECT id, 2, 7 FROM {groups} WHERE name = 'G1'"
    )
    site.rows("UPDATE {groups_members} SET component = 'enrol_meta' WHERE userid % 5 = 0")


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_afterwards_the_scope_is_what_the_file_says(site: Site, name: str, seed: int):
    """Whatever the file leaves out, of whichever places it names; what is outside of the scope stays."""
    chance, kind = random.Random(seed), KINDS[name]
    make_stranger(site)
    before, outside = kind.of(site), [sorted(site.rows(query)) for query in OUTSIDE[name]]
    places = sorted({thing[: kind.place] for thing in before})
    of_file = {place for place in places if not kind.place or chance.random() < 0.7} or set(places[:1])
    candidates = sorted(thing for thing in before if thing[: kind.place] in of_file)
    stays = [thing for thing in candidates if chance.random() < 0.8]
    chance.shuffle(stays)
    stays += chance.choices(stays, k=5)  # some twice
    named = {thing[: kind.place] for thing in stays}
    result = run(site, name, kind.file(stays), **ANY)
    assert result["state"] == "success", told(result)
    wanted = {thing for thing in before if thing[: kind.place] not in named} | set(stays)
    assert kind.of(site) == wanted
    assert [sorted(site.rows(query)) for query in OUTSIDE[name]] == outside
    assert result["missing"]["count"] == len(before) - len(wanted)
    if seed == 1:
        again = run(site, name, kind.file(stays))
        assert again["missing"]["count"] == again["counts"]["deleted"] == 0


# What the cells of a line may be besides those that name something: as it should be, or such that the line fails.
CELLS: dict[str, dict[str, list[str]]] = {
    "users": {"suspended": ["", "no", "maybe"]},
    "enrolments": {
        "cmd": ["add", "", "enable", "wrong"],
        "rolename": ["student", "nobody"],
        "enrol": ["manual"],
        "starttime": ["", "soon"],
    },
    "cohorts": {"cmd": ["add", "", "what"], "visible": ["", "perhaps"]},
    "group_members": {"cmd": ["add", "", "what"]},
}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("found_by", ["username", "idnumber", "email", "id"])
@pytest.mark.parametrize("name", KINDS)
def test_a_line_names_by_whatever_people_and_courses_are_found_by_and_though_it_fails(
    site: Site, name: str, found_by: str, seed: int
):
    chance, kind = random.Random(f"{name} {found_by} {seed}"), KINDS[name]
    make_stranger(site)
    site.rows("UPDATE {course} SET idnumber = CONCAT('I', shortname) WHERE shortname LIKE 'C10%'")
    # One exact match wins: these differ in letter case alone.
    site.rows("UPDATE {user} SET idnumber = 'kevin' WHERE username = 'u001'")
    site.rows("UPDATE {user} SET idnumber = 'Kevin' WHERE username = 'u002'")
    course_by = chance.choice(["shortname", "idnumber", "id"])
    people = {
        username: str(value)
        for username, value in site.rows(
            f"SELECT username, {found_by} FROM {{user}} WHERE deleted = 0 AND mnethostid = 1"
        )
    }
    places = {place: str(value) for place, value in site.rows(f"SELECT shortname, {course_by} FROM {{course}}")}
    before, outside = kind.of(site), [sorted(site.rows(query)) for query in OUTSIDE[name]]
    stays = {thing for thing in before if chance.random() < 0.7 and people[thing[-1]]}
    columns = {"users": [found_by], "enrolments": ["cid", "uid"], "cohorts": ["cid", "userid"]}
    names = columns.get(name, ["courseid", "groupid", "userid"])
    rows = [",".join([*names, *CELLS[name]])]
    for thing in sorted(stays, key=lambda thing: chance.random()):
        *where, who = thing
        cells = [places.get(where[0], where[0]), *where[1:]] if where else []
        rows.append(",".join([*cells, people[who], *(chance.choice(values) for values in CELLS[name].values())]))
    params = {"course_id_field": course_by} if name in {"enrolments", "group_members"} else {}
    result = run(site, name, "\n".join([*rows, ""]), user_id_field=found_by, **params, **ANY)
    named = {thing[: kind.place] for thing in stays}
    wanted = {thing for thing in before if thing[: kind.place] not in named} | stays
    assert kind.of(site) == wanted, told(result)
    assert [sorted(site.rows(query)) for query in OUTSIDE[name]] == outside


@pytest.mark.parametrize("name", KINDS)
def test_a_whole_export_of_what_is_there_changes_nothing(site: Site, pristine: Site, name: str):
    kind = KINDS[name]
    text = kind.file(sorted(kind.of(site)))
    if name == "enrolments":
        text = roles_as_they_are(text)
    result = run(site, name, text)
    assert result["missing"]["count"] == 0, told(result)
    assert result["approval"]["needed"] is False
    assert kind.of(site) == kind.of(pristine)


def roles_as_they_are(text: str) -> str:
    """Lines that change no role."""
    return text.replace("rolename,cid,uid\n", "cmd,enrol,rolename,cid,uid\n").replace("student,", "enable,manual,,")


MORE: dict[str, list[str]] = {"users": [], "enrolments": ["C102"], "cohorts": ["COH3"], "group_members": ["C102"]}


def all_but(site: Site, name: str, number: int) -> tuple[str, set[tuple[Any, ...]]]:
    """A file that leaves out the first few things, and these."""
    kind = KINDS[name]
    things = sorted(thing for thing in kind.of(site) if not kind.place or thing[0] not in MORE[name])
    return kind.file(things[number:]), set(things[:number])


@pytest.mark.parametrize("name", KINDS)
def test_an_undo_brings_everything_back(site: Site, name: str):
    before = state_of(site)
    text, gone = all_but(site, name, 3)
    if name == "enrolments":
        text = roles_as_they_are(text)
    result = run(site, name, text, **ANY)
    assert KINDS[name].of(site).isdisjoint(gone), told(result)
    undone = site.run("toolsync_undo", runs=[result["claim"]], approve="yes")
    assert undone["state"] == "success"
    assert differing(site, before) - {"sessions", "user_preferences"} == set()


@pytest.mark.parametrize("name", KINDS)
def test_the_plan_says_who_and_where(site: Site, pristine: Site, name: str):
    text, gone = all_but(site, name, 2)
    result = run(site, name, text, require_approval=True)
    assert result["state"] == "awaiting approval" and KINDS[name].of(site) == KINDS[name].of(pristine)
    rows, last = result["plan_rows"], len(text.splitlines())
    assert [row["line"] for row in rows] == [last + 1, last + 2]
    assert {row["username"] for row in rows} == {thing[-1] for thing in gone}
    assert all(row["person"] and row["what"] in {"suspend", "remove"} for row in rows)
    place = {"enrolments": "shortname", "cohorts": "idnumber", "group_members": "shortname"}.get(name)
    assert place is None or {row[place] for row in rows} == {thing[0] for thing in gone}
    assert f"2 of {result['missing']['scope']} " in told(result)
    done = run(site, name, text, require_approval=True, approve="yes")
    assert done["state"] == "success" and KINDS[name].of(site).isdisjoint(gone)
    with open(done["lines"], newline="") as stream:
        lines = [row for row in csv.DictReader(stream) if int(row["line"]) > last]
    assert {row["outcome"] for row in lines} <= {"deleted", "updated"} and len(lines) == 2
    assert all(row["value"].startswith(NOT_IN_FILE) for row in lines)
    assert done["tryback"] is None


@pytest.mark.parametrize("name", KINDS)
def test_a_report_lists_them_and_does_nothing(site: Site, pristine: Site, name: str):
    text, gone = all_but(site, name, 2)
    result = run(site, name, text, missing="report")
    assert KINDS[name].of(site) == KINDS[name].of(pristine)
    with open(result["attachments"]["missing"], newline="") as stream:
        assert {row["username"] for row in csv.DictReader(stream)} == {thing[-1] for thing in gone}
    assert "Not in the file, and left as it is:" in told(result)


@pytest.mark.parametrize("name", KINDS)
def test_a_simulation_shows_it(site: Site, pristine: Site, name: str):
    text, gone = all_but(site, name, 2)
    result = run(site, name, text, simulate=True)
    assert site.changed(pristine) == []
    assert {row["username"] for row in csv.DictReader(Path(result["plan"]).read_text().splitlines())} == {
        thing[-1] for thing in gone
    }


@pytest.mark.in_airflow
def test_the_tasks_of_airflow_do_the_same(site: Site):
    text, gone = all_but(site, "enrolments", 3)
    result = run(site, "enrolments", text, require_approval=True, approve="yes")
    assert result["state"] == "success" and result["approval"]["answer"] == "yes"
    assert KINDS["enrolments"].of(site).isdisjoint(gone)
