"""A damaged export takes nothing away without a person, nor does one that leaves out more than the Params allow."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site
from tests.support.whole_truth import KINDS, run

pytestmark = pytest.mark.usefixtures("airflow")
ASKED = "awaiting approval"


def lines_of(site: Site, name: str) -> list[str]:
    """The lines of a file of everything, header first."""
    return KINDS[name].file(sorted(KINDS[name].of(site))).splitlines(keepends=True)


def why(result: dict[str, Any]) -> str:
    return " ".join(result["approval"]["why"])


@pytest.mark.parametrize(
    ("params", "left_out", "says"),
    [
        ({}, 5, None),
        ({}, 6, "6 of 55 people in the scope are not in the file: 10.9 %, more than 10 % (Param change_threshold)"),
        ({"change_threshold": 50}, 27, None),
        ({"change_threshold": None}, 54, None),
        ({"change_threshold": 0}, 1, "1.82 %, more than 0 %"),
        ({"change_threshold": None, "change_limit": 2}, 2, None),
        ({"change_threshold": None, "change_limit": 2}, 3, "more than 2 (Param change_limit)"),
        ({"require_approval": True}, 1, "Param require_approval is set"),
        ({"require_approval": True}, 0, None),
    ],
)
def test_it_asks_above_the_limits_alone(
    site: Site, pristine: Site, params: dict[str, Any], left_out: int, says: str | None
):
    header, *lines = lines_of(site, "users")
    result = run(site, "users", "".join([header, *lines[left_out:]]), **params)
    if says:
        assert result["state"] == ASKED and says in why(result)
        assert site.changed(pristine) == []
    else:
        assert result["state"] == "success" and result["missing"]["count"] == left_out
        assert len(KINDS["users"].of(site)) == 55 - left_out


def test_the_plan_leaves_the_lines_of_the_file_for_later(site: Site, pristine: Site):
    """To rehearse them would lock rows that people need: for a large file, for minutes."""
    _, gone, *lines = lines_of(site, "users")
    result = run(
        site, "users", "".join(["username,city\n", *(f"{line.strip()},Ulm\n" for line in lines)]), require_approval=True
    )
    assert result["state"] == ASKED
    assert [row["username"] for row in result["plan_rows"]] == [gone.strip()]
    assert sum(result["planned"]["counts"].values()) == 1
    assert site.changed(pristine) == []


DAMAGES: dict[str, Callable[[list[str]], str | bytes]] = {
    "half of it": lambda lines: "".join(lines[: len(lines) // 2]),
    "cut off in a value": lambda lines: "".join(lines[:-1])[:-2],
    "cut off between values": lambda lines: "".join(lines[:-1])[:-7],
    "another encoding": lambda lines: "".join(lines).replace("u001", "ü001").replace("u002", "ü002").encode("latin-1"),
    "an open quote": lambda lines: "".join([*lines[:-3], '"' + lines[-3], *lines[-2:]]),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_export_takes_nothing_away_without_a_person(site: Site, pristine: Site, name: str, damage: str):
    result = run(site, name, DAMAGES[damage](lines_of(site, name)))
    assert KINDS[name].of(site) == KINDS[name].of(pristine)
    assert result["state"] == ASKED or not result["missing"]["count"], Path(result["report"]).read_text()


@pytest.mark.parametrize("name", KINDS)
def test_an_export_without_lines_is_rejected(site: Site, pristine: Site, name: str):
    result = run(site, name, KINDS[name].header)
    assert "no line after it" in " ".join(result["rejected"])
    assert site.changed(pristine) == []


@pytest.mark.parametrize("name", KINDS)
def test_the_order_of_lines_and_their_number_do_not_matter(site: Site, pristine: Site, name: str):
    header, *lines = lines_of(site, name)
    twice = [*lines, *lines]
    random.Random(1).shuffle(twice)
    result = run(site, name, "".join([header, *twice]))
    assert result["state"] == "success" and result["missing"]["count"] == 0
    assert KINDS[name].of(site) == KINDS[name].of(pristine)


def test_another_encoding_asks(site: Site):
    """The mangled names are of nobody, and whom they meant seems to be missing."""
    site.rows("UPDATE {user} SET idnumber = 'Nuño' WHERE username = 'u001'")
    people = site.rows("SELECT idnumber, username FROM {user} WHERE auth = 'manual' AND deleted = 0 AND idnumber <> ''")
    text = "idnumber,department\n" + "".join(f"{number},D\n" for number, _ in people)
    params = {"user_id_field": "idnumber", "change_threshold": 50}
    # UTF-8 is told apart from all others, and is rejected.
    assert "the file is UTF-8" in run(site, "users", text.encode(), encoding="iso-8859-1", **params)["rejected"][0]
    result = run(site, "users", text.encode("mac_roman"), encoding="windows-1252", **params)
    assert result["state"] == ASKED and "the encoding may be wrong (Param encoding)" in why(result)
    assert run(site, "users", text.encode(), **params)["state"] == "success"


def test_a_line_that_failed_names_all_the_same(site: Site):
    header, *lines = lines_of(site, "enrolments")
    lines[0] = lines[0].strip() + ",yesterday\n"
    lines[1] = lines[1].replace("student", "nobody")
    text = "".join([header.strip() + ",starttime\n", lines[0], *(line.strip() + ",\n" for line in lines[1:])])
    result = run(site, "enrolments", text)
    assert result["counts"]["failed"] == 2 and result["missing"]["count"] == 0
    assert Path(result["tryback"]).read_text().count("\n") == 3


def test_whoever_is_renamed_or_new_is_named(site: Site):
    header, *lines = lines_of(site, "users")
    rows = [
        "username,oldusername,firstname,lastname,email\n",
        "renamed,u001,,,\n",
        "new.one,,New,One,new@example.org\n",
    ]
    result = run(site, "users", "".join([*rows, *(line.strip() + ",,,,\n" for line in lines[1:])]), allow_rename=True)
    assert (result["counts"]["created"], result["missing"]["count"]) == (1, 0), Path(result["report"]).read_text()


def test_a_rename_that_is_not_allowed_names_all_the_same(site: Site):
    _, *lines = lines_of(site, "users")
    text = "username,oldusername\nrenamed,u001\n" + "".join(line.strip() + ",\n" for line in lines[1:])
    result = run(site, "users", text)
    assert (result["counts"]["failed"], result["missing"]["count"]) == (1, 0)


def test_a_pair_that_looks_like_one_thing_written_otherwise_counts_twice(site: Site):
    """Accounts that lost the zeros of their numbers are missing, and as many lines name nobody."""
    header, *lines = lines_of(site, "users")
    mangled = [line.replace("u00", "u") for line in lines[:3]]
    result = run(site, "users", "".join([header, *mangled, *lines[3:]]))
    assert result["state"] == ASKED
    assert (
        "3 of 55 people in the scope are not in the file, and nothing that the site has is named by 3 lines: 10.9 %"
        in why(result)
    )


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("users", {"scope_auth": ""}, "Param scope_auth must name the authentication method"),
        ("users", {"scope_auth": "manul"}, "Param scope_auth: the site has no such authentication method"),
        ("users", {"scope_profile_field": "school=North"}, "no profile field with this short name"),
        ("users", {"scope_cohort": "NOWHERE"}, "Param scope_cohort: no cohort has this idnumber"),
        ("enrolments", {"default_method": "cohort"}, "Param default_method is cohort"),
        ("enrolments", {"default_method": "-"}, "Param default_method is -"),
        ("enrolments", {"scope": "category"}, "Param scope_category must name one"),
        ("enrolments", {"scope_category": "Science"}, "set it to category"),
        ("enrolments", {"scope": "category", "scope_category": "Nowhere"}, "no category has this path"),
        ("group_members", {"scope": "category", "scope_category": "Nowhere"}, "no category has this path"),
    ],
)
def test_a_scope_that_is_none_is_refused(site: Site, pristine: Site, name: str, params: dict[str, Any], says: str):
    result = run(site, name, "".join(lines_of(site, name)[:-1]), **params)
    assert result["state"] == "failed" and says in " ".join(result["messages"])
    assert site.changed(pristine) == []


@pytest.mark.parametrize("missing", ["suspend", "delete"])
def test_a_scope_of_a_profile_field_and_a_cohort(site: Site, missing: str):
    field = site.value("SELECT id FROM {user_info_field} WHERE shortname = 'level'")
    site.rows("DELETE FROM {user_info_data} WHERE fieldid = %s", (field,))
    site.rows(
        "INSERT INTO {user_info_data} (userid, fieldid, data, dataformat) SELECT id, %s, IF(id %% 2, 'A=1', 'a=1'), 0 FROM {user} WHERE username LIKE 'u0%%'",
        (field,),
    )
    cohort = {name for place, name in KINDS["cohorts"].of(site) if place == "COH1"}
    even = {name for (name,) in site.rows("SELECT username FROM {user} WHERE id % 2 = 0")}
    before = {name for (name,) in KINDS["users"].of(site)}
    params = {"scope_profile_field": "level=a=1", "scope_cohort": "COH1", "change_threshold": None, "missing": missing}
    result = run(site, "users", "username\nu059\n", **params)
    gone = before - {name for (name,) in KINDS["users"].of(site)}
    assert gone == (cohort & even & before) - {"u059"} and gone
    assert result["counts"]["deleted" if missing == "delete" else "updated"] == len(gone)


def test_a_category_is_a_scope_with_those_below_it(site: Site):
    before = KINDS["enrolments"].of(site)
    result = run(
        site,
        "enrolments",
        "rolename,cid,uid\nstudent,C108,u001\n",
        scope="category",
        scope_category="Science/Physics".replace("/", " / "),
        change_threshold=None,
    )
    assert result["state"] == "success", Path(result["report"]).read_text()
    left = {thing for thing in before if thing[0] not in {"C101", "C102"}} | {("C108", "u001")}
    assert KINDS["enrolments"].of(site) == left


def test_enrolments_are_suspended_if_that_is_asked_for(site: Site):
    header, *lines = lines_of(site, "enrolments")
    run(site, "enrolments", "".join([header, *lines[2:]]), missing="suspend")
    found = site.rows(
        "SELECT u.username FROM {user_enrolments} ue JOIN {user} u ON u.id = ue.userid JOIN {enrol} e ON e.id = ue.enrolid JOIN {course} c ON c.id = e.courseid WHERE ue.status = 1 AND e.enrol = 'manual' AND c.shortname = 'C101'"
    )
    assert {("u001",), ("u002",)} <= set(found)
    again = run(site, "enrolments", "".join([header, *lines[2:]]), missing="suspend")
    assert again["missing"]["count"] == 0


def test_other_methods_and_roles_alone_name_no_course(site: Site):
    """A line about a role alone, or about every method, keeps the person; one of another method does not."""
    text = "cmd,rolename,cid,uid,enrol\nadd,student,C101,u001,\nadd,student,C101,u002,-\nenable,,C101,u003,\nadd,student,C101,u004,self\nadd,student,C102,u005,-\n"
    before = KINDS["enrolments"].of(site)
    run(site, "enrolments", text, change_threshold=None)
    kept = {("C101", name) for name in ("u001", "u002", "u003")} | {thing for thing in before if thing[0] != "C101"}
    assert KINDS["enrolments"].of(site) == kept


# Between the plan and its execution


def change_after_approval(site: Site, monkeypatch: pytest.MonkeyPatch, *statements: str) -> None:
    from toolsync.operators.approve import ApproveOperator

    ask = ApproveOperator.process

    def ask_then_change(self: ApproveOperator, *args: Any) -> Any:
        answer = ask(self, *args)
        for statement in statements:
            site.rows(statement)
        return answer

    monkeypatch.setattr(ApproveOperator, "process", ask_then_change)


def test_what_was_approved_is_done_and_nothing_else(site: Site, monkeypatch: pytest.MonkeyPatch):
    """One logs in, one leaves the scope, one comes into it: only the fourth is what was approved."""
    change_after_approval(
        site,
        monkeypatch,
        "UPDATE {user} SET lastaccess = UNIX_TIMESTAMP() + 60 WHERE username = 'u001'",
        "UPDATE {user} SET auth = 'ldap' WHERE username = 'u002'",
        "UPDATE {user} SET suspended = 0 WHERE username IN (SELECT * FROM (SELECT MIN(username) FROM {user} WHERE suspended = 1) x)",
    )
    came = site.value("SELECT MIN(username) FROM {user} WHERE suspended = 1")
    header, *lines = lines_of(site, "users")
    result = run(site, "users", "".join([header, *lines[3:]]))
    report = Path(result["report"]).read_text()
    assert "somebody has used u001" in report and "The next whole file finds it again" in report
    assert "this has left the scope, or the file has come to name it" in report
    states = dict(
        site.rows("SELECT username, suspended FROM {user} WHERE username IN ('u001', 'u002', 'u003', %s)", (came,))
    )
    assert states == {"u001": 0, "u002": 0, "u003": 1, came: 0}
    assert result["tryback"] is None and result["counts"]["failed"] == 2


def test_an_enrolment_that_was_used_or_made_anew_since_the_plan_stays(site: Site, monkeypatch: pytest.MonkeyPatch):
    enrolment = "FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid AND e.enrol = 'manual' JOIN {course} c ON c.id = e.courseid AND c.shortname = 'C101'"
    [(again,)] = site.rows(f"SELECT ue.id {enrolment} JOIN {{user}} u ON u.id = ue.userid AND u.username = 'u002'")
    change_after_approval(
        site,
        monkeypatch,
        "INSERT INTO {user_lastaccess} (userid, courseid, timeaccess) SELECT u.id, c.id, UNIX_TIMESTAMP() FROM {user} u JOIN {course} c ON c.shortname = 'C101' "
        "WHERE u.username = 'u001' ON DUPLICATE KEY UPDATE timeaccess = UNIX_TIMESTAMP() + 60",
        f"UPDATE {{user_enrolments}} SET id = id + 1000 WHERE id = {again}",
    )
    before = KINDS["enrolments"].of(site)
    lines = KINDS["enrolments"].file(sorted(thing for thing in before if thing[0] == "C101")[3:])
    result = run(site, "enrolments", lines, change_threshold=None)
    assert before - KINDS["enrolments"].of(site) == {("C101", "u003")}, Path(result["report"]).read_text()
    assert result["counts"]["failed"] == 2


def test_lines_that_stand_for_what_is_missing_come_after_the_last_of_the_file(site: Site):
    header, *lines = lines_of(site, "cohorts")
    text = "".join(["cidnumber,userid,cdescription\n", *(line.strip() + ",\n" for line in lines[1:-1])])
    text += lines[-1].strip() + ',"two\nlines"\n'
    result = run(site, "cohorts", text, require_approval=True)
    assert [row["line"] for row in result["plan_rows"]] == [text.count("\n") + 1]
