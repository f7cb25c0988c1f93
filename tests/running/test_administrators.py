"""A users file changes no administrator's account, whichever way it finds it, unless Param protect_administrators is off."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site

pytestmark = pytest.mark.usefixtures("airflow")

SENTENCE = "an administrator's account is not changed (Param protect_administrators)"
ADMINS = "2, 9,61,10"  # admin; u007, who has interests; u059, whose account is deleted; u008, who comes from another site of the network


@pytest.fixture
def administered(site: Site) -> Site:
    """The site with more administrators."""
    site.rows("UPDATE {config} SET value = %s WHERE name = 'siteadmins'", (ADMINS,))
    site.rows("UPDATE {user} SET idnumber = 'ROOT' WHERE username = 'admin'")
    site.rows("UPDATE {user} SET mnethostid = 2 WHERE id = 10")
    site.rows("INSERT INTO {user_info_data} (userid, fieldid, data, dataformat) VALUES (2, 2, 'Beginner', 0)")
    return site


def account(site: Site, userid: int) -> list[Any]:
    """All that is stored of an account."""
    found: list[Any] = list(site.rows("SELECT * FROM {user} WHERE id = %s", (userid,)))
    for table, owner in (("user_info_data", "userid"), ("user_preferences", "userid"), ("tag_instance", "itemid")):
        found += site.rows(f"SELECT * FROM {{{table}}} WHERE {owner} = %s ORDER BY id", (userid,))
    return found


def told(result: dict[str, Any]) -> str:
    return Path(result["report"]).read_text()


CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("email", "username,email\nadmin,thief@example.org\n", {}),
    ("email", "username,email\nADMIN,thief@example.org\n", {}),
    ("password", "username,password\nadmin,Tr0ub4dor&3\n", {}),
    ("password", "username,password\nadmin,*NOPASS*\n", {"force_password_change": True}),
    ("firstname", "username,firstname\nadmin,Mallory\n", {}),
    ("city", "username,city\nu007,\n", {}),
    ("auth", "username,auth\nadmin,nologin\n", {}),
    ("auth", "username,auth\nadmin,oauth2\n", {}),
    ("maildisplay", "username,maildisplay\nadmin,0\n", {}),
    ("profile_field_level", "username,profile_field_level\nadmin,Advanced\n", {}),
    ("profile_field_remarks", "username,profile_field_remarks\nadmin,new\n", {}),
    ("interests", "username,interests\nu007,physics\n", {}),
    ("interests", "username,interests\nu007,\n", {}),
    ("interests", 'username,interests\nu007,"topic7,physics"\n', {}),
    ("interests", 'username,interests\nu007,"physics,topic7,crypto"\n', {}),
    ("interests", "username,interests\nadmin,crypto\n", {}),
    ("email", "idnumber,email\nROOT,thief@example.org\n", {"user_id_field": "idnumber"}),
    ("firstname", "email,firstname\nAdmin@Example.Invalid,Mallory\n", {"user_id_field": "email"}),
    ("email", "id,email\n2,thief@example.org\n", {"user_id_field": "id"}),
    ("idnumber", "username,idnumber\nadmin,\n", {}),
    # An old username that is no more, and a new one that is an administrator's.
    ("email", "oldusername,username,email\nnosuch,admin,thief@example.org\n", {"allow_rename": True}),
    # The account of an administrator that is restored would be an administrator's again.
    ("username", "username,firstname,lastname,email\nu059,M,M,thief@example.org\n", {}),
    ("email", "username,mnethostid,email\nu008,2,thief@example.org\n", {}),
]  # fmt: skip


def files() -> list[tuple[str, list[str], dict[str, Any]]]:
    """The changes as files: a header, its lines, the Params."""
    found: dict[str, tuple[str, list[str], dict[str, Any]]] = {}
    for _, text, params in CHANGES:
        header, line = text.splitlines()
        found.setdefault(f"{header} {params}", (header, [], params))[1].append(line)
    return list(found.values())


@pytest.mark.parametrize(("header", "lines", "params"), files())
def test_a_line_that_would_change_an_administrator_fails(
    administered: Site, header: str, lines: list[str], params: dict[str, Any]
):
    before = [account(administered, userid) for userid in (2, 9, 10, 61)]
    everybody = administered.value("SELECT COUNT(*) FROM {user}")
    result = administered.run("toolsync_users", "\n".join([header, *lines, ""]), **params)
    assert result["counts"]["failed"] == sum(result["counts"].values()) == len(lines)
    columns = [column for column, text, others in CHANGES if text.startswith(f"{header}\n") and others == params]
    for number, column in enumerate(columns, start=2):
        assert re.search(rf"line {number}, column {column}\b.*{re.escape(SENTENCE)}", told(result))
    assert [account(administered, userid) for userid in (2, 9, 10, 61)] == before
    assert administered.value("SELECT COUNT(*) FROM {user}") == everybody
    assert administered.value("SELECT COUNT(*) FROM {tag} WHERE name = 'crypto'") == 0


def test_both_of_two_lines_fail(administered: Site):
    result = administered.run("toolsync_users", "username,email\nadmin,a@example.org\nADMIN,b@example.org\n")
    assert result["counts"]["failed"] == 2
    assert administered.value("SELECT email FROM {user} WHERE id = 2") == "admin@example.invalid"


@pytest.mark.parametrize("column", ["email", "profile_field_level", "interests", "username"])
def test_it_is_done_when_the_param_is_off(administered: Site, column: str):
    text, params = next((text, params) for named, text, params in CHANGES if named == column)
    result = administered.run("toolsync_users", text, **params, protect_administrators=False)
    assert result["counts"]["updated"] == 1, told(result)


@pytest.mark.parametrize("protect", [True, False])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("username,deleted\nadmin,1\n", "an administrator is never deleted"),
        ("username,suspended\nadmin,1\n", "an administrator is never suspended"),
        ("oldusername,username\nadmin,root2\n", "an administrator is never renamed"),
        ("oldusername,username\nu001,admin\n", "another account has it"),
    ],
)
def test_what_is_never_done_to_an_administrator_stays_refused(
    administered: Site, text: str, sentence: str, protect: bool
):
    before = account(administered, 2)
    result = administered.run("toolsync_users", text, allow_rename=True, protect_administrators=protect)
    assert result["counts"]["failed"] == 1 and sentence in told(result)
    assert account(administered, 2) == before


def test_what_changes_nothing_is_unchanged(administered: Site):
    password = "username,password\nadmin,Tr0ub4dor&3\n"
    administered.run("toolsync_users", password, protect_administrators=False)
    for text in (
        password,
        "username,firstname,lastname,email,city,suspended,profile_field_level,interests\n"
        "admin,Admin,User,admin@example.invalid,,0,Beginner,\n",
        'username,interests\nu007,"physics, topic7"\n',
    ):
        before = [account(administered, userid) for userid in (2, 9)]
        result = administered.run("toolsync_users", text)
        assert result["counts"]["unchanged"] == 1, told(result)
        assert [account(administered, userid) for userid in (2, 9)] == before


def test_interests_do_not_matter_where_the_site_has_none(administered: Site):
    administered.rows("UPDATE {config} SET value = '0' WHERE name = 'usetags'")
    result = administered.run("toolsync_users", "username,interests\nu007,other\nadmin,other\n")
    assert result["counts"]["unchanged"] == 2


def test_a_protected_email_is_no_change(administered: Site):
    result = administered.run("toolsync_users", "username,email\nadmin,thief@example.org\n", protect_emails=True)
    assert result["counts"]["unchanged"] == 1


def test_cohorts_courses_and_roles_are_done_as_for_anybody(administered: Site):
    text = "username,firstname,cohort1,course1,role1,sysrole1\n"
    result = administered.run("toolsync_users", f"{text}admin,Mallory,COH1,C103,student,manager\n")
    assert result["counts"]["failed"] == 1
    result = administered.run("toolsync_users", f"{text}admin,Admin,COH1,C103,student,manager\n")
    assert (result["counts"]["updated"], result["counts"]["failed"]) == (1, 0), told(result)
    assert administered.value("SELECT COUNT(*) FROM {cohort_members} WHERE userid = 2") == 1


def test_other_lines_of_the_file_are_done(administered: Site):
    text = "username,email\nadmin,thief@example.org\nu001,new@example.org\n"
    result = administered.run("toolsync_users", text)
    assert (result["counts"]["updated"], result["counts"]["failed"]) == (1, 1)
    assert Path(result["tryback"]).read_text() == "username,email\nadmin,thief@example.org\n"
    assert administered.value("SELECT email FROM {user} WHERE id = 3") == "new@example.org"
