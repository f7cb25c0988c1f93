"""What somebody has done on the site since a run is neither lost nor overwritten when the run is undone; each row that stays is told."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site
from tests.support.undo import differing, state_of
from toolsync.cabinet.bundles import Bundle
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.hook import SETTINGS


def undo(site: Site, *results: dict[str, Any], **params: Any) -> dict[str, Any]:
    return site.run("toolsync_undo", approve="yes", runs=[result["claim"] for result in results], **params)


def stays(undone: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Table, what it is about, and why: of each row that stays."""
    if "answer" not in undone["attachments"]:
        return []
    with Path(undone["attachments"]["answer"]).open(newline="") as stream:
        return [(row["name"], row["about"], row["reason"]) for row in csv.DictReader(stream)]


def account(site: Site, username: str, columns: str = "id") -> tuple[Any, ...]:
    return site.rows(f"SELECT {columns} FROM {{user}} WHERE username = %s", (username,))[0]


def test_a_value_that_somebody_changed_stays_and_others_return(site: Site, airflow: None):
    before = account(site, "u001", "city, suspended, department")
    result = site.run("toolsync_users", "username,city,suspended,department\nu001,Ulm,1,Ours\n")
    site.rows("UPDATE {user} SET city = 'Bonn' WHERE username = 'u001'")
    undone = undo(site, result)
    assert account(site, "u001", "city, suspended, department") == ("Bonn", *before[1:])
    assert stays(undone) == [("user", "u001", "somebody changed since: city")]
    assert "somebody changed since: city" in Path(undone["report"]).read_text()
    assert undone["counts"]["incomplete"] == 1 and undone["tryback"]

    again = site.run("toolsync_undo", Path(undone["tryback"]), approve="yes", overwrite_changes=True)
    assert again["counts"]["failed"] == again["counts"]["incomplete"] == 0, again
    assert account(site, "u001", "city") == before[:1]


def assert_counted(site: Site, file_type: str, result: dict[str, Any], undone: dict[str, Any]) -> None:
    """That plan, report and bundle count the rows that came back, have an old value again, and are gone; and those that stay."""
    truth, left = {"returned": 0, "changed_back": 0, "removed": 0}, len(stays(undone))
    bundle = Bundle(Cabinet(file_type), result["claim"])
    for part in (part for number in bundle.parts() for part in bundle.read(number) if "change" in part):
        names = ["id"] if part["change"] == "made" else part["columns"]
        listed = ", ".join(f"`{name}`" for name in names)
        now = {row[0]: row for row in site.rows(f"SELECT {listed} FROM {{{part['table']}}}")}
        for row in part["rows"]:
            if part["change"] == "deleted":
                truth["returned"] += row[0] in now
            elif part["change"] == "made":
                truth["removed"] += row[0] not in now
            elif row[0] in now:
                values = zip(row[: len(names)], row[len(names) :], now[row[0]], strict=True)
                truth["changed_back"] += any(str(was) == str(value) != str(became) for was, became, value in values)
    assert {name: undone["planned"][name] for name in [*truth, "stay"]} == {**truth, "stay": left}
    told = "put back: {returned} rows taken away returned, {changed_back} got their old values, {removed} that were made went"
    assert f"{told.format(**truth)}; {left} could not be put back" in Path(undone["report"]).read_text()
    of_run = (bundle.index() or {})["undone"]
    assert (of_run["rows"], of_run["left"]) == (sum(truth.values()), left)


def test_rows_that_stay_are_not_counted_as_put_back(site: Site, airflow: None):
    lines = "u001,Ulm,,,\nu002,Ulm,,,\nmade,,M,Ade,made@example.org\nother,,O,Ther,other@example.org\n"
    run = site.run("toolsync_users", f"username,city,firstname,lastname,email\n{lines}")
    site.rows("UPDATE {user} SET city = 'Bonn', timemodified = timemodified + 60 WHERE username = 'u001'")
    site.rows("UPDATE {user} SET lastaccess = 1 WHERE username = 'made'")
    undone = undo(site, run)
    assert {about for name, about, _ in stays(undone) if name == "user"} == {"u001", "made"}
    assert_counted(site, "users", run, undone)


@pytest.mark.parametrize(
    "use",
    [
        "UPDATE {user} SET lastaccess = 1 WHERE username = 'made'",
        "INSERT INTO {cohort_members} (cohortid, userid, timeadded) SELECT c.id, u.id, 1 FROM {cohort} c JOIN {user} u ON u.username = 'made' ORDER BY c.id LIMIT 1",
    ],
)
def test_an_account_that_is_in_use_stays_and_another_goes(use: str, site: Site, airflow: None):
    rows = "username,firstname,lastname,email,profile_field_level\nmade,M,Ade,made@example.org,\nother,O,Ther,other@example.org,\n"
    result = site.run("toolsync_users", rows.replace(",profile_field_level", "").replace("org,", "org"))
    site.rows(use)
    told = stays(undo(site, result))
    [(about, why)] = [(about, reason) for name, about, reason in told if name == "user"]
    assert about == "made"
    assert why == "somebody changed it since" or re.fullmatch(
        r'in use: the membership of "made" in the cohort "[^"]+" \(cohort_members \d+\) refers to it', why
    )
    assert site.value("SELECT GROUP_CONCAT(username) FROM {user} WHERE username IN ('made', 'other')") == "made"


def test_however_many_rows_stay_they_are_told(site: Site, airflow: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(SETTINGS, "group_concat_max_len", 1024)
    rows = "".join(f"made{n},M,Ade,made{n}@example.org\n" for n in range(40))
    result = site.run("toolsync_users", f"username,firstname,lastname,email\n{rows}")
    site.rows("UPDATE {user} SET lastaccess = 1 WHERE username LIKE 'made%'")
    undone = undo(site, result)
    assert len([1 for table, _, _ in stays(undone) if table == "user"]) == 40
    first = account(site, "made0")[0]
    assert (
        f"40 rows of user that were made stay; the first: user {first} (made0): " in Path(undone["report"]).read_text()
    )


def test_an_enrolment_stays_when_the_person_has_been_in_the_course(site: Site, airflow: None):
    free = site.rows(
        "SELECT u.username, u.id FROM {user} u WHERE u.deleted = 0 AND u.id > 2 AND NOT EXISTS (SELECT 1 FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid "
        "JOIN {course} c ON c.id = e.courseid AND c.shortname = 'C102' WHERE ue.userid = u.id) ORDER BY u.id LIMIT 2"
    )
    (one, one_id), (other, other_id) = free
    result = site.run("toolsync_enrolments", f"rolename,uid,cid\nstudent,{one},C102\nstudent,{other},C102\n")
    site.rows(
        "INSERT INTO {user_lastaccess} (userid, courseid, timeaccess) SELECT %s, id, UNIX_TIMESTAMP() + 60 FROM {course} WHERE shortname = 'C102'",
        (one_id,),
    )
    told = stays(undo(site, result))
    assert [row for row in told if row[0] == "user_enrolments"] == [
        ("user_enrolments", f"{one} · C102", "the person has been in the course since")
    ]
    enrolled = "SELECT ue.userid FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid JOIN {course} c ON c.id = e.courseid AND c.shortname = 'C102' WHERE ue.userid IN (%s, %s)"
    assert site.rows(enrolled, (one_id, other_id)) == [(one_id,)]


def test_what_was_taken_away_does_not_come_back_where_something_else_stands_or_its_course_is_gone(
    site: Site, airflow: None
):
    pairs = site.rows(
        "SELECT u.username, c.shortname, e.id, u.id FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid AND e.enrol = 'manual' JOIN {course} c ON c.id = e.courseid "
        "JOIN {user} u ON u.id = ue.userid AND u.deleted = 0 WHERE c.shortname IN ('C101', 'C102') ORDER BY c.shortname, u.id"
    )
    one, other = pairs[0], next(pair for pair in pairs if pair[1] != pairs[0][1])
    result = site.run(
        "toolsync_enrolments", f"cmd,rolename,uid,cid\ndel,,{one[0]},{one[1]}\ndel,,{other[0]},{other[1]}\n"
    )
    assert result["counts"]["failed"] == 0, result
    site.rows("INSERT INTO {user_enrolments} (enrolid, userid, timestart) VALUES (%s, %s, 77)", (one[2], one[3]))
    gone = site.run("toolsync_courses_delete", f"shortname\n{other[1]}\n", approve="yes")
    undone = undo(site, result)
    told = stays(undone)
    assert_counted(site, "enrolments", result, undone)
    reasons = {(name, reason.split(" (")[0]) for name, _, reason in told if name == "user_enrolments"}
    assert ("user_enrolments", "somebody made another one since") in reasons
    assert any("is gone" in reason for _, reason in reasons)
    assert (
        site.value("SELECT timestart FROM {user_enrolments} WHERE enrolid = %s AND userid = %s", (one[2], one[3])) == 77
    )
    assert gone["counts"]["deleted"] == 1


def test_several_runs_are_undone_the_last_first_and_the_undo_is_undone(site: Site, airflow: None):
    before = state_of(site)
    first = site.run("toolsync_users", "username,city\nu001,Ulm\nu002,Ulm\n")
    second = site.run("toolsync_users", "username,city,department\nu001,Jena,X\n")
    after = state_of(site)
    undone = undo(site, first, second)
    assert undone["counts"]["incomplete"] == undone["counts"]["failed"] == 0, undone
    assert differing(site, before) == set()
    redone = undo(site, undone)
    assert stays(redone) == []
    assert differing(site, after) == set()
    told = Bundle(Cabinet("users"), second["claim"])
    once = (told.index() or {})["undone"]
    undo(site, second)
    again = (told.index() or {})["undone"]
    assert again == {**once, "at": again["at"], "by_claim": again["by_claim"]}
    assert again["by_claim"] != once["by_claim"]


def test_the_older_of_two_runs_is_undone_where_the_younger_has_changed_nothing(site: Site, airflow: None):
    before = account(site, "u001", "city, department")
    first = site.run("toolsync_users", "username,city,department\nu001,Ulm,A\n")
    site.run("toolsync_users", "username,city\nu001,Jena\n")
    told = stays(undo(site, first))
    assert told == [("user", "u001", "somebody changed since: city")]
    assert account(site, "u001", "city, department") == ("Jena", before[1])


def test_a_run_that_is_not_there_is_told_before_anything_is_done(site: Site, airflow: None):
    told = site.run("toolsync_undo", runs=["20200101-000000-000000-abcd"])
    assert told["state"] == "failed"
    assert "There is nothing to undo of the run 20200101-000000-000000-abcd" in str(told["messages"])


def test_a_bundle_that_is_gone_and_a_path_stop_no_other_line(site: Site, airflow: None):
    before = state_of(site)
    run = site.run("toolsync_users", "username,city\nu001,Ulm\n")["claim"]
    away = "20200101-000000-000000-abcd"
    file = f"type,run,part\nusers,{run},0\ncourses_delete,{away},C1_2_{away}_2\nusers,{away},0\nnothing,{away},0\nusers,../../../../..,0\n"
    undone = site.run("toolsync_undo", file, approve="yes")
    assert (undone["counts"]["updated"], undone["counts"]["failed"]) == (1, 4), undone
    assert differing(site, before) == set()
    assert not (Path(undone["report"]).parents[2] / "nothing").exists()


def test_what_was_undone_is_not_undone_again(site: Site, airflow: None):
    result = site.run("toolsync_users", "username,city\nu001,Ulm\n")
    undo(site, result)
    site.rows("UPDATE {user} SET city = 'Ulm' WHERE username = 'u001'")  # somebody means it now
    again = undo(site, result)
    assert again["counts"]["unchanged"] == 1, again
    assert "it was undone before, at" in Path(again["report"]).read_text()
    assert account(site, "u001", "city") == ("Ulm",)


def test_long_names_with_a_quotation_mark_are_in_the_reasons(site: Site, airflow: None):
    site.rows("UPDATE {cohort} SET name = %s WHERE idnumber = 'COH1'", ('19" ' + "x" * 246,))
    result = site.run("toolsync_users", "username,firstname,lastname,email\nmade,M,Ade,made@example.org\n")
    site.rows(
        "INSERT INTO {cohort_members} (cohortid, userid, timeadded) SELECT h.id, u.id, 1 FROM {cohort} h JOIN {user} u ON u.username = 'made' WHERE h.idnumber = 'COH1'"
    )
    assert {table for table, *_ in stays(undo(site, result))} >= {"user"}
