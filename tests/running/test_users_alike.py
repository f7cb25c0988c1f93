"""Accounts, and what else a line of accounts names: what the site's collation takes for equal is not the same thing."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site

pytestmark = pytest.mark.usefixtures("airflow")

NEW = "username,firstname,lastname,email\n"
MEMBERS = """
SELECT g.name, u.username FROM {groups_members} m JOIN {groups} g ON g.id = m.groupid JOIN {course} c ON c.id = g.courseid AND c.shortname = 'C103'
  JOIN {user} u ON u.id = m.userid ORDER BY u.username, g.id
"""
COHORTS = "SELECT c.name, u.username FROM {cohort_members} m JOIN {cohort} c ON c.id = m.cohortid JOIN {user} u ON u.id = m.userid WHERE u.username IN ('u041', 'u042', 'u043', 'u044') ORDER BY u.username, c.id"
ENROLMENT = """
SELECT ue.timestart, ue.timeend, ue.timecreated FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid JOIN {course} c ON c.id = e.courseid
  JOIN {user} u ON u.id = ue.userid WHERE u.username = %s AND c.shortname = %s AND e.enrol = 'manual'
"""
CATEGORY_ROLES = """
SELECT u.username, r.shortname, k.idnumber FROM {role_assignments} a JOIN {role} r ON r.id = a.roleid JOIN {context} x ON x.id = a.contextid AND x.contextlevel = 40
  JOIN {course_categories} k ON k.id = x.instanceid JOIN {user} u ON u.id = a.userid WHERE u.username IN ('u041', 'u042', 'u043', 'u044') ORDER BY u.username, r.shortname
"""


def told(result: dict[str, Any]) -> str:
    return Path(result["report"]).read_text()


def remarks(result: dict[str, Any]) -> list[tuple[str, ...]]:
    """The report's table: line, outcome, column, message."""
    with open(result["lines"], newline="") as stream:
        return [(row["line"], row["outcome"], row["column"], row["message"]) for row in csv.DictReader(stream)]


def account(site: Site, username: str) -> list[Any]:
    return site.rows("SELECT * FROM {user} WHERE username = %s COLLATE utf8mb4_bin", (username,))


def extended(site: Site) -> None:
    """Let usernames hold any character."""
    site.rows("DELETE FROM {config} WHERE name = 'extendedusernamechars'")
    site.rows("INSERT INTO {config} (name, value) VALUES ('extendedusernamechars', '1')")


@pytest.mark.parametrize("any_character", [False, True])
def test_an_account_that_only_looks_alike_is_not_overwritten(site: Site, any_character: bool):
    before = account(site, "u001")
    if any_character:
        extended(site)
    names = ["Ü001", "ú001", "u001\u200b", "\u200eu001"]
    for header, rest in ((NEW, "Mal,Lory,thief@example.org"), ("username,city\n", "Rome")):
        result = site.run("toolsync_users", header + "".join(f"{name},{rest}\n" for name in names))
        assert result["counts"]["failed"] == len(names)
        assert told(result).count("looks like u001, which is there") == len(names)
    assert account(site, "u001") == before
    assert site.value("SELECT COUNT(*) FROM {user} WHERE email = 'thief@example.org'") == 0


def test_letter_case_never_counts_in_usernames_and_emails(site: Site):
    assert site.run("toolsync_users", "username,city\nU001,Rome\n")["counts"]["updated"] == 1
    by_email = site.run("toolsync_users", "email,city\nU001@Example.ORG,Oslo\n", user_id_field="email")
    assert by_email["counts"]["updated"] == 1
    assert site.value("SELECT city FROM {user} WHERE username = 'u001'") == "Oslo"


@pytest.mark.parametrize("order", [("müller", "muller"), ("muller", "müller")])
def test_of_two_new_accounts_that_look_alike_the_second_fails(site: Site, order: tuple[str, str]):
    extended(site)
    others = "".join(f"other{n},O,N,other{n}@example.org\n" for n in range(5))
    text = NEW + f"{order[0]},A,A,a@example.org\n" + others + f"{order[1]},B,B,b@example.org\n"
    result = site.run("toolsync_users", text)
    assert (result["counts"]["created"], result["counts"]["failed"]) == (6, 1)
    assert f"line 8, column username '{order[1]}': looks like {order[0]}, which is there" in told(result)
    assert len(account(site, order[0])) == 1 and account(site, order[1]) == []


def test_an_email_that_somebody_has_names_the_account(site: Site):
    result = site.run("toolsync_users", NEW + "ada,Ada,L,U001@example.org\n")
    assert "another account has it: u001" in told(result)


@pytest.mark.parametrize("key", ["username", "idnumber", "email", "id"])
@pytest.mark.parametrize("more", ["", ",deleted", ",oldusername"])
def test_an_empty_key_fails_and_creates_nothing(site: Site, key: str, more: str):
    columns = list(dict.fromkeys([key, "username", "firstname", "lastname", "email"]))
    values = {"username": "ada", "firstname": "Ada", "lastname": "L", "email": "ada@example.org", key: ""}
    everybody = site.value("SELECT COUNT(*) FROM {user}")
    text = ",".join(columns) + more + "\n" + ",".join(values[name] for name in columns)
    text += {"": "", ",deleted": ",1", ",oldusername": ",u001"}[more] + "\n"
    result = site.run("toolsync_users", text, user_id_field=key, allow_rename=True, allow_missing_email=True)
    assert result["counts"]["failed"] == 1
    assert f"column {key}: expected the {key} of an account" in told(result)
    assert site.value("SELECT COUNT(*) FROM {user} WHERE deleted = 0 AND username <> 'u001'") == site.value(
        "SELECT COUNT(*) FROM {user} WHERE deleted = 0 AND username <> 'u001'"
    )
    assert site.value("SELECT COUNT(*) FROM {user}") == everybody and len(account(site, "u001")) == 1


def test_an_idnumber_that_only_looks_alike_is_that_of_another_account(site: Site):
    site.rows("UPDATE {user} SET idnumber = 'U1' WHERE username = 'u001'")
    before = account(site, "u001")
    result = site.run(
        "toolsync_users",
        "idnumber,username,firstname,lastname,email\nÜ1,ada,Ada,L,ada@example.org\n",
        user_id_field="idnumber",
    )
    assert result["counts"]["created"] == 1, told(result)
    result = site.run("toolsync_users", "idnumber,city\nÜ1,Rome\nU1,Oslo\nÚ1,Paris\n", user_id_field="idnumber")
    assert (result["counts"]["updated"], result["counts"]["failed"]) == (2, 1)
    assert "column idnumber 'Ú1': no account has this idnumber, only U1, which looks like it" in told(result)
    assert site.value("SELECT city FROM {user} WHERE username = 'ada'") == "Rome"
    assert site.value("SELECT city FROM {user} WHERE username = 'u001'") == "Oslo"
    assert len(before) == 1


def test_letter_case_decides_between_two_idnumbers_that_are_there(site: Site):
    site.rows("UPDATE {user} SET idnumber = 'ab1' WHERE username = 'u041'")
    site.rows("UPDATE {user} SET idnumber = 'AB1' WHERE username = 'u042'")
    result = site.run("toolsync_users", "idnumber,city\nAB1,Rome\nAb1,Oslo\n", user_id_field="idnumber")
    assert (result["counts"]["updated"], result["counts"]["failed"]) == (1, 1)
    assert site.value("SELECT city FROM {user} WHERE username = 'u042'") == "Rome"
    assert "2 accounts have this idnumber" in told(result)


def test_lines_of_one_file_with_idnumbers_that_look_alike_are_two_accounts(site: Site):
    text = "idnumber,username,firstname,lastname,email\nÉ01,new.eacute,E,A,ea@example.org\nE01,new.e,E,P,ep@example.org\nE01,new.f,E,P,fp@example.org\n"
    result = site.run("toolsync_users", text, user_id_field="idnumber")
    assert (result["counts"]["created"], result["counts"]["failed"]) == (2, 1)
    assert site.rows("SELECT username, idnumber FROM {user} WHERE username LIKE 'new.%' ORDER BY id") == [
        ("new.eacute", "É01"),
        ("new.e", "E01"),
    ]


@pytest.mark.parametrize(("key", "value", "looks"), [("username", "Ü001", "u001"), ("idnumber", "ÍD001", "ID001")])
def test_what_only_looks_alike_is_not_deleted(site: Site, key: str, value: str, looks: str):
    site.rows("UPDATE {user} SET idnumber = 'ID001' WHERE username = 'u001'")
    result = site.run("toolsync_users", f"{key},deleted\n{value},1\nnobody,1\n", user_id_field=key)
    assert (result["counts"]["failed"], result["counts"]["unchanged"]) == (1, 1)
    assert f"no account has this {key}, only {looks}, which looks like it" in told(result)
    assert len(account(site, "u001")) == 1


def test_renaming_takes_neither_look_alikes_of_the_old_name_nor_of_the_new(site: Site):
    extended(site)
    text = "oldusername,username\nü001,other\nu002,Ü003\nu004,ü004\n"
    result = site.run("toolsync_users", text, allow_rename=True)
    assert (result["counts"]["failed"], result["counts"]["updated"]) == (2, 1)
    assert "no account has this username, only u001, which looks like it" in told(result)
    assert "looks like u003, which is there" in told(result)
    assert [len(account(site, name)) for name in ("u001", "u002", "u003", "u004", "ü004", "other")] == [
        1,
        1,
        1,
        0,
        1,
        0,
    ]


def test_renaming_by_another_key_says_so_for_a_name_that_only_looks_alike(site: Site):
    site.rows("UPDATE {user} SET idnumber = 'U1' WHERE username = 'u001'")
    extended(site)
    result = site.run("toolsync_users", "idnumber,username\nU1,ü001\n", user_id_field="idnumber")
    assert result["counts"]["failed"] == 1 and "accounts are not renamed (Param allow_rename)" in told(result)
    assert (
        site.run("toolsync_users", "idnumber,username\nU1,ü001\n", user_id_field="idnumber", allow_rename=True)[
            "counts"
        ]["updated"]
        == 1
    )
    assert len(account(site, "ü001")) == 1


def test_a_deleted_account_that_only_looks_alike_is_not_restored(site: Site):
    extended(site)
    site.run("toolsync_users", NEW + "muller,M,M,m@example.org\n")
    site.run("toolsync_users", "username,deleted\nmuller,1\n")
    result = site.run("toolsync_users", NEW + "müller,N,N,n@example.org\n")
    assert result["counts"]["created"] == 1
    assert site.value("SELECT COUNT(*) FROM {user} WHERE email = MD5('muller') AND deleted = 1") == 1
    # One that was only marked as deleted still has its username: the new one can't be made beside it.
    site.rows("UPDATE {user} SET deleted = 1 WHERE username = 'u005'")
    result = site.run("toolsync_users", NEW + "ü005,N,N,nn@example.org\n")
    assert result["counts"]["failed"] == 1 and "looks like u005, which is there" in told(result)


# Cohorts


def test_cohorts_whose_names_only_look_alike_are_made(site: Site):
    names = ["Team 🐱", "Team 🐶", "Année", "Annee"]
    text = "username,cohort\n" + "".join(f"u{41 + n:03},{name}\n" for n, name in enumerate(names))
    result = site.run("toolsync_users", text)
    assert result["counts"]["updated"] == 4
    assert [row for row in site.rows(COHORTS) if row[0] in names] == [
        (name, f"u{41 + n:03}") for n, name in enumerate(names)
    ]
    assert {message for *_, message in remarks(result)} == {f"made the cohort {name}" for name in names}
    assert site.run("toolsync_users", text)["counts"]["unchanged"] == 4


def test_cohorts_whose_idnumbers_only_look_alike_are_made(site: Site):
    result = site.run("toolsync_users", "username,cohort1\nu041,CÓH1\nu042,coh1\nu043,k😀\nu044,k😎\n")
    assert result["counts"]["updated"] == 4
    first = site.value("SELECT name FROM {cohort} WHERE idnumber = 'COH1' AND id < 10")
    joined = [row for row in site.rows(COHORTS) if row[0] in ("CÓH1", "coh1", "k😀", "k😎") or row == (first, "u042")]
    assert joined == [("CÓH1", "u041"), (first, "u042"), ("k😀", "u043"), ("k😎", "u044")]


def test_a_new_cohort_does_not_get_an_idnumber_that_another_has(site: Site):
    result = site.run(
        "toolsync_users",
        "username,cohort,cohortid\nu041,Brand new,COH1\nu042,Brand newer,cÓh1\nu043,Good,NEW9\nu044,Better,new9\n",
    )
    assert result["counts"]["incomplete"] == 3
    assert "column cohortid 'COH1': another cohort has it: First years" in told(result)
    assert "column cohortid 'cÓh1': looks like COH1, which is there" in told(result)
    assert "column cohortid 'new9': another cohort has it: Good" in told(result)
    assert site.rows("SELECT name FROM {cohort} WHERE name IN ('Brand new', 'Brand newer', 'Good', 'Better')") == [
        ("Good",)
    ]


def test_a_line_joins_the_cohort_that_it_makes(site: Site):
    result = site.run("toolsync_users", "username,cohort,cohortid,cohort1,cohort2\nu041,X9,X9,X9,x9\n")
    assert result["counts"]["updated"] == 1, told(result)
    assert site.rows("SELECT name, idnumber FROM {cohort} WHERE name = 'X9'") == [("X9", "X9")]


def test_several_cohorts_of_one_name_are_counted(site: Site):
    for _ in range(2):
        site.rows(
            "INSERT INTO {cohort} (contextid, name, description, descriptionformat, visible, component, timecreated, timemodified) VALUES (1, 'Dup', '', 1, 1, '', 1, 1)"
        )
    result = site.run("toolsync_users", "username,cohort,city\nu041,Dup,Rome\n")
    assert result["counts"]["incomplete"] == 1 and "2 cohorts have this name" in told(result)
    assert [name for name, _ in site.rows(COHORTS) if name == "Dup"] == []
    assert site.value("SELECT city FROM {user} WHERE username = 'u041'") == "Rome"


def test_names_of_254_characters_that_differ_at_their_end_are_two_cohorts(site: Site):
    names = ["c" * 253 + last for last in "ab"]
    site.run("toolsync_users", "username,cohort\n" + "".join(f"u04{n + 1},{name}\n" for n, name in enumerate(names)))
    assert [row for row in site.rows(COHORTS) if row[0] in names] == [(names[0], "u041"), (names[1], "u042")]


def test_digits_alone_are_a_cohorts_id_as_in_moodle(site: Site):
    result = site.run("toolsync_users", "username,cohort1\nu041,1\nu042,2026\nu043,007\n")
    first = site.value("SELECT name FROM {cohort} WHERE id = 1")
    assert (first, "u041") in site.rows(COHORTS)
    assert "no cohort has this id: digits alone are an id here, never an idnumber" in told(result)
    assert ("007", "u043") in site.rows(COHORTS)


# Courses


def test_groups_that_only_look_alike_are_made(site: Site):
    names = ["Team 🐱", "Team 🐶", "Straße", "Strasse", "alpha", "Alpha"]
    text = "username,course1,group1\n" + "".join(f"u{41 + n:03},C103,{name}\n" for n, name in enumerate(names))
    result = site.run("toolsync_users", text)
    assert result["counts"]["updated"] == len(names)
    assert site.rows(MEMBERS) == [(name, f"u{41 + n:03}") for n, name in enumerate(names)]
    assert all(f"made the group {name}" in told(result) for name in names)
    assert site.run("toolsync_users", text)["counts"]["unchanged"] == len(names)


def test_several_groups_of_one_name_are_counted(site: Site):
    for _ in range(2):
        site.rows(
            "INSERT INTO {groups} (courseid, name, idnumber, timecreated, timemodified) SELECT id, 'Dup', '', 0, 0 FROM {course} WHERE shortname = 'C103'"
        )
    result = site.run("toolsync_users", "username,course1,group1\nu041,C103,Dup\n")
    assert result["counts"]["incomplete"] == 1 and site.rows(MEMBERS) == []
    assert [row[2:] for row in remarks(result)] == [("group1", "2 groups of this course have this name")]
    assert len(site.rows(ENROLMENT, ("u041", "C103"))) == 1


def test_digits_alone_may_be_the_id_of_a_group_of_the_course(site: Site):
    group, name = site.rows(
        "SELECT g.id, g.name FROM {groups} g JOIN {course} c ON c.id = g.courseid WHERE c.shortname = 'C102' ORDER BY g.id LIMIT 1"
    )[0]
    other = site.value(
        "SELECT g.id FROM {groups} g JOIN {course} c ON c.id = g.courseid WHERE c.shortname = 'C101' ORDER BY g.id LIMIT 1"
    )
    result = site.run("toolsync_users", f"username,course1,group1\nu041,C102,{group}\nu042,C102,{other}\n")
    assert f"taken for the id of the group {name}" in told(result) and f"made the group {other}" in told(result)
    members = "SELECT u.username, g.name FROM {groups_members} m JOIN {groups} g ON g.id = m.groupid JOIN {user} u ON u.id = m.userid JOIN {course} c ON c.id = g.courseid WHERE c.shortname = 'C102' AND u.username IN ('u041', 'u042') ORDER BY u.username"
    assert site.rows(members) == [("u041", name), ("u042", str(other))]
    site.rows(
        "INSERT INTO {groups} (courseid, name, idnumber, timecreated, timemodified) SELECT id, %s, '', 0, 0 FROM {course} WHERE shortname = 'C102'",
        (str(group),),
    )
    site.run("toolsync_users", f"username,course1,group1\nu043,C102,{group}\n")
    assert site.rows(members.replace("'u041', 'u042'", "'u043'")) == [("u043", str(group))], (
        "a group of that name goes before"
    )


def test_a_course_or_role_that_only_looks_alike_is_named(site: Site):
    result = site.run(
        "toolsync_users", "username,course1,role1\nu041,Ç103,student\nu042,C103,stúdent\nu043,c103,Student\n"
    )
    assert result["counts"]["incomplete"] == 2
    assert "no course has this shortname, only C103, which looks like it" in told(result)
    assert "no role has this shortname, only student, which looks like it" in told(result)
    assert len(site.rows(ENROLMENT, ("u043", "C103"))) == 1


def test_only_roles_for_courses_are_given_in_courses(site: Site):
    role = site.value("SELECT id FROM {role} WHERE shortname = 'teacher'")
    result = site.run("toolsync_users", f"username,course1,role1\nu041,C103,coursecreator\nu042,C103,{role}\n")
    assert result["counts"]["incomplete"] == 1 and "this role cannot be given in courses" in told(result)
    assert site.rows(ENROLMENT, ("u041", "C103")) == [] and len(site.rows(ENROLMENT, ("u042", "C103"))) == 1


def test_a_new_manual_enrolment_lasts_as_long_as_the_method_says(site: Site):
    site.rows(
        "UPDATE {enrol} e JOIN {course} c ON c.id = e.courseid SET e.enrolperiod = 180 * 86400 WHERE c.shortname = 'C103' AND e.enrol = 'manual'"
    )
    header = "username,course1,enroltimestart1,enrolperiod1\n"
    text = header + "u041,C103,2019-01-01T00:00:00Z,\nu042,C103,2020-01-02T00:00:00Z,10\nu043,C103,,\nu044,C103,,0\n"
    site.run("toolsync_users", text)
    start, end, _ = site.rows(ENROLMENT, ("u041", "C103"))[0]
    assert end - start == 180 * 86400
    start, end, _ = site.rows(ENROLMENT, ("u042", "C103"))[0]
    assert end - start == 10 * 86400
    for name in ("u043", "u044"):
        _, end, created = site.rows(ENROLMENT, (name, "C103"))[0]
        assert end - created == 180 * 86400
    assert site.run("toolsync_users", text)["counts"]["unchanged"] == 4
    site.rows("UPDATE {user_enrolments} SET timeend = 0 WHERE timeend > 0")
    assert site.run("toolsync_users", header + "u043,C103,,\n")["counts"]["unchanged"] == 1, (
        "defaults are for what is new"
    )


def test_an_enrolment_does_not_end_before_it_begins(site: Site):
    def faults(header: str, line: str) -> list[tuple[str, ...]]:
        return [
            row[2:]
            for row in remarks(site.run("toolsync_users", f"username,course1,{header}\nu041,C103,{line}\n"))
            if row[3]
        ]

    assert faults("start1,end1", "2026-09-02,2026-09-01") == [("end1", "the end is before the beginning")]
    assert site.rows(ENROLMENT, ("u041", "C103")) == []
    assert faults("start1,end1", "2026-09-02,2026-09-30") == []
    assert faults("end1", "2026-09-01") == [("end1", "the end is before the beginning")]
    assert faults("start1", "2026-10-01") == [("start1", "the end is before the beginning")]
    assert faults("start1,enrolperiod1", "2026-10-01,5") == []


# Site and category roles


def test_a_minus_alone_takes_no_role_away(site: Site):
    site.run("toolsync_users", "username,sysrole1\nu041,coursecreator\n")
    result = site.run("toolsync_users", "username,sysrole1\nu041,-\n")
    assert result["counts"]["incomplete"] == 1 and "expected the shortname of a role" in told(result)
    roles = "SELECT COUNT(*) FROM {role_assignments} a JOIN {user} u ON u.id = a.userid WHERE u.username = 'u041' AND a.contextid = 1"
    assert site.value(roles) == 1
    assert site.run("toolsync_users", "username,sysrole1\nu041,-coursecreator\n")["counts"]["updated"] == 1
    assert site.value(roles) == 0


def test_roles_in_categories(site: Site):
    manager = site.value("SELECT id FROM {role} WHERE shortname = 'manager'")
    text = f"username,category1,categoryrole1,category2,categoryrole2\nu041,SCI,manager,HUM,coursecreator\nu042,sci,{manager},,\nu043,SCÍ,manager,nowhere,manager\nu044,SCI,student,SCI,\n"
    result = site.run("toolsync_users", text)
    assert (result["counts"]["updated"], result["counts"]["incomplete"]) == (2, 2)
    assert site.rows(CATEGORY_ROLES) == [
        ("u041", "coursecreator", "HUM"),
        ("u041", "manager", "SCI"),
        ("u042", "manager", "SCI"),
    ]
    assert {row[2:] for row in remarks(result) if row[3]} == {
        ("category1", "no category has this idnumber, only SCI, which looks like it"),
        ("category2", "no category has this idnumber"),
        ("categoryrole1", "this role cannot be given in categories"),
        ("categoryrole2", "expected the shortname of a role"),
    }  # fmt: skip
    assert site.run("toolsync_users", text)["counts"]["unchanged"] == 4
    site.rows("UPDATE {course_categories} SET idnumber = 'SCI' WHERE idnumber = 'HUM'")
    assert "2 categories have this idnumber" in told(site.run("toolsync_users", text))


# Profile fields, notes


def test_all_profile_fields_that_are_wrong_are_named(site: Site):
    text = "username,email,profile_field_level,profile_field_newsletter,profile_field_nowhere,city\nu001,u002@example.org,advanced,perhaps,x,Rome\nu002,,Advanced,1,,Rome\n"
    result = site.run("toolsync_users", text)
    assert (result["counts"]["failed"], result["counts"]["updated"]) == (1, 1)
    named = [row[2] for row in remarks(result) if row[0] == "2"]
    assert sorted(named) == ["email", "profile_field_level", "profile_field_newsletter", "profile_field_nowhere"]
    assert Path(result["tryback"]).read_text().count("\n") == 2


def test_values_of_a_menu_are_taken_as_they_are_written(site: Site):
    site.rows("UPDATE {user_info_field} SET param1 = 'Été\nHiver' WHERE shortname = 'level'")
    result = site.run("toolsync_users", "username,profile_field_level\nu001,ete\nu002,Été\nu003,été\n")
    assert (result["counts"]["failed"], result["counts"]["updated"]) == (2, 1)
    stored = "SELECT u.username, d.data FROM {user_info_data} d JOIN {user_info_field} f ON f.id = d.fieldid AND f.shortname = 'level' JOIN {user} u ON u.id = d.userid WHERE u.username IN ('u001', 'u002', 'u003') AND d.data <> 'Intermediate'"
    assert site.rows(stored) == [("u002", "Été")]


def test_a_unique_value_that_only_looks_like_anothers_is_refused_as_in_moodle(site: Site):
    site.rows("UPDATE {user_info_field} SET forceunique = 1 WHERE shortname = 'remarks'")
    text = "username,profile_field_remarks\nu041,Clé\nu042,cle\nu043,Clé\n"
    result = site.run("toolsync_users", text)
    assert (result["counts"]["updated"], result["counts"]["failed"]) == (1, 2)
    assert "looks like Clé, which another account has, and the field is unique" in told(result)
    assert "another account has this value, and the field is unique" in told(result)


def test_an_email_that_a_param_protects_is_told(site: Site):
    site.rows("UPDATE {user} SET city = 'Paris' WHERE username = 'u001'")
    result = site.run(
        "toolsync_users",
        "username,email,city\nu001,new@example.org,Paris\nu002,u002@example.org,Rome\nu003,U003@x.org,Rome\n",
        protect_emails=True,
    )
    assert [row for row in remarks(result) if row[3]] == [
        ("2", "unchanged", "email", "differs: email; Param protect_emails is on"),
        ("4", "updated", "email", "differs: email; Param protect_emails is on"),
    ]
    assert site.value("SELECT email FROM {user} WHERE username = 'u001'") == "u001@example.org"


def test_the_format_of_a_description(site: Site):
    text = "username,firstname,lastname,email,description,descriptionformat\nada,A,L,ada@example.org,x,4\nbob,A,L,bob@example.org,x,\nu001,,,,,2\n"
    result = site.run("toolsync_users", text)
    assert result["counts"]["failed"] == 0, told(result)
    formats = (
        "SELECT username, descriptionformat FROM {user} WHERE username IN ('ada', 'bob', 'u001') ORDER BY username"
    )
    assert site.rows(formats) == [("ada", 4), ("bob", 1), ("u001", 2)]
    assert site.run("toolsync_users", text)["counts"]["unchanged"] == 3
