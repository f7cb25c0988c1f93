"""Odd states of a site, which Moodle would not make: what is exported of them changes nothing, and what is not exported is told."""

from __future__ import annotations

import pytest

from tests.support.export import changes_nothing, export, left_out, rows_of
from tests.support.site import Site

pytestmark = pytest.mark.usefixtures("airflow")


def test_odd_profile_values(site: Site):
    fields = {datatype: id for id, datatype in site.rows("SELECT id, datatype FROM {user_info_field} ORDER BY id DESC")}
    site.rows("DELETE FROM {user_info_data}")
    site.rows("UPDATE {user_info_field} SET required = 1 WHERE id = %s", (fields["text"],))
    odd = [
        ("u001", "datetime", "1000000001"),
        ("u002", "datetime", "soon"),
        ("u003", "checkbox", "x"),
        ("u004", "menu", "no such option"),
    ]
    fine = [
        ("u005", "datetime", "0"),
        ("u006", "checkbox", "0"),
        ("u007", "checkbox", ""),
        ("u008", "textarea", "<p>x</p>"),
    ]
    for name, datatype, value in odd + fine:
        site.rows(
            "INSERT INTO {user_info_data} (userid, fieldid, data) SELECT id, %s, %s FROM {user} WHERE username = %s",
            (fields[datatype], value, name),
        )
    site.rows(
        "INSERT INTO {user_info_data} (userid, fieldid, data) SELECT id, %s, 'T' FROM {user} WHERE username < 'u050'",
        (fields["text"],),
    )
    told = left_out(changes_nothing(site, "users"), "users")
    assert {name for name, _ in told} == {
        name
        for (name,) in site.rows(
            "SELECT username FROM {user} WHERE username >= 'u050' AND deleted = 0 AND mnethostid = 1"
        )
    } | {"u001", "u002", "u003", "u004"}


def test_odd_interests(site: Site):
    site.run("toolsync_users", 'username,interests\nu001,"a,b"\nu002,"c,d"\nu003,"e,f"\nu004,"g,h"\n')
    ids = dict(site.rows("SELECT username, id FROM {user}"))
    site.rows(
        "UPDATE {tag_instance} SET ordering = ordering + 1 WHERE itemtype = 'user' AND itemid = %s", (ids["u001"],)
    )
    site.rows("UPDATE {tag} SET rawname = 'c, or', name = 'c, or' WHERE name = 'c'")
    site.rows("UPDATE {tag} SET tagcollid = 99 WHERE name = 'e'")
    assert left_out(changes_nothing(site, "users"), "users") == {
        ("u001", "interests"),
        ("u002", "interests"),
        ("u003", "interests"),
    }


def test_long_interests(site: Site):
    site.run("toolsync_users", f"username,interests\nu001,{'a' * 255}\nu002,{'b' * 50}\n")
    assert left_out(changes_nothing(site, "users"), "users") == set()
    site.rows("UPDATE {config} SET value = '2024042203' WHERE name = 'version'")  # 4.4.3, which would cut the tag off
    assert left_out(export(site, "users"), "users") == {("u001", "interests")}


def test_dates_where_the_clocks_change(site: Site):
    site.rows("UPDATE {config} SET value = 'Europe/Paris' WHERE name = 'timezone'")
    # 2026-10-25: 02:30 comes twice. 2026-03-29: 02:30 never comes. The first second, a day long ago, the last day.
    seconds = [1792888200, 1792891800, 1774746000, 1, -2208988800 + 86400, 253402300799, 0]
    enrolments = [
        id
        for (id,) in site.rows(
            "SELECT ue.id FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid AND e.enrol = 'manual' AND e.status = 0 ORDER BY ue.id LIMIT 7"
        )
    ]
    for id, moment in zip(enrolments, seconds, strict=True):
        site.rows("UPDATE {user_enrolments} SET timestart = %s, timeend = 0 WHERE id = %s", (moment, id))
    result = changes_nothing(site, "enrolments")
    written = {row["starttime"] for row in rows_of(result["files"][0])}
    assert {"2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "0"} <= written
    assert left_out(result, "enrolments") == {("u042 in C106 by manual", "")}


def test_odd_enrolments(site: Site):
    manual = site.value(
        "SELECT e.id FROM {enrol} e JOIN {course} c ON c.id = e.courseid AND c.shortname = 'C102' WHERE e.enrol = 'manual'"
    )
    course = site.value("SELECT id FROM {course} WHERE shortname = 'C102'")
    context = site.value("SELECT id FROM {context} WHERE contextlevel = 50 AND instanceid = %s", (course,))
    ids = dict(site.rows("SELECT username, id FROM {user}"))
    student = site.value("SELECT id FROM {role} WHERE shortname = 'student'")
    teacher = site.value("SELECT id FROM {role} WHERE shortname = 'teacher'")

    def enrol(name: str, enrolid: int = manual, status: int = 0, start: int = 0, end: int = 0) -> None:
        site.rows("DELETE FROM {user_enrolments} WHERE enrolid = %s AND userid = %s", (enrolid, ids[name]))
        site.rows(
            "INSERT INTO {user_enrolments} (enrolid, userid, status, timestart, timeend) VALUES (%s, %s, %s, %s, %s)",
            (enrolid, ids[name], status, start, end),
        )

    def role(name: str, *roles: int) -> None:
        for id in roles:
            site.rows(
                "INSERT INTO {role_assignments} (roleid, contextid, userid) VALUES (%s, %s, %s)",
                (id, context, ids[name]),
            )

    selves = []
    for _ in range(2):
        site.rows("INSERT INTO {enrol} (enrol, status, courseid, sortorder) VALUES ('self', 0, %s, 9)", (course,))
        selves.append(site.value("SELECT MAX(id) FROM {enrol}"))
    site.rows("DELETE FROM {user_enrolments} WHERE enrolid = %s", (manual,))
    site.rows("DELETE FROM {role_assignments} WHERE contextid = %s", (context,))
    enrol("u001")  # two roles
    role("u001", student, teacher)
    enrol("u002")  # no role
    enrol("u003", status=1)
    role("u003", student)
    enrol("u004", start=2000, end=1000)  # ends before it begins
    role("u004", student)
    role("u005", teacher)  # no enrolment
    enrol("u006")  # by two methods
    enrol("u006", selves[0])
    role("u006", student)
    enrol("u007", selves[1])  # by the second of two
    role("u007", student)
    enrol("u008", selves[0])  # by both
    enrol("u008", selves[1])
    role("u008", student)
    enrol("guest")
    role("guest", student)
    result = changes_nothing(site, "enrolments", shortname="C102")
    assert left_out(result, "enrolments") == {("u004 in C102 by manual", "starttime"), ("u008 in C102 by self", "")}
    lines = [
        (row["cmd"], row["rolename"], row["uid"], row["enrol"]) for file in result["files"] for row in rows_of(file)
    ]
    assert sorted(lines) == [
        ("add", "student", "u001", "manual"), ("add", "student", "u006", "manual"), ("add", "student", "u006", "self"), ("add", "student", "u007", "self"),
        ("add", "student", "u008", "self"), ("add", "teacher", "u001", "manual"), ("add", "teacher", "u005", "-"), ("disable", "", "u003", "manual"),
        ("enable", "", "u002", "manual"), ("enable", "", "u004", "manual"),
    ]  # fmt: skip
    [moving] = export(site, "enrolments", shortname="C102", for_another_site=True)["files"]
    assert [(row["cmd"], row["rolename"]) for row in rows_of(moving) if row["uid"] == "u003"] == [
        ("add", "student"),
        ("disable", ""),
    ]
    assert not {"u002", "u004"} & {row["uid"] for row in rows_of(moving)}


def test_odd_cohorts_and_groups(site: Site):
    context = site.value("SELECT id FROM {context} WHERE contextlevel = 10")
    for name, idnumber in [
        ("No idnumber", None),
        ("Empty", ""),
        ("Twin", "T1"),
        ("Twin", "T1"),
        ("Case", "t1"),
        (" Spaced", "SP"),
        ("é" * 254, "é" * 100),
    ]:
        site.rows(
            "INSERT INTO {cohort} (contextid, name, idnumber, descriptionformat, timecreated, timemodified) VALUES (%s, %s, %s, 1, 1, 1)",
            (context, name, idnumber),
        )
    course = site.value("SELECT id FROM {course} WHERE shortname = 'C102'")
    for name, idnumber in [
        ("", ""),
        ("Twin", "TW"),
        ("Twin", ""),
        ("twin", ""),
        ("é" * 254, "é"),
        (" spaced", ""),
        ("😀", ""),
    ]:
        for table in ("groups", "groupings"):
            site.rows(
                f"INSERT INTO {{{table}}} (courseid, name, idnumber) VALUES (%s, %s, %s)", (course, name, idnumber)
            )
    groups = [id for (id,) in site.rows("SELECT id FROM {groups} WHERE courseid = %s", (course,))]
    groupings = [id for (id,) in site.rows("SELECT id FROM {groupings} WHERE courseid = %s", (course,))]
    for group in groups:
        for grouping in groupings:
            site.rows(
                "INSERT INTO {groupings_groups} (groupingid, groupid, timeadded) VALUES (%s, %s, 1)", (grouping, group)
            )
        for user in ("u001", "u058", "guest"):
            site.rows(
                "INSERT INTO {groups_members} (groupid, userid, component) SELECT %s, id, '' FROM {user} WHERE username = %s",
                (group, user),
            )
    result = changes_nothing(site, "cohorts", "groups", "group_members")
    assert {("No idnumber", ""), ("Empty", ""), ("Twin", ""), (" Spaced", "cname")} == left_out(result, "cohorts")
    told = left_out(result, "groups")
    assert {
        ("Twin of C102", ""),
        (" of C102", ""),
        (" spaced of C102", "name"),
        ("grouping Twin of C102", ""),
        ("😀 of C102", "groupingname"),
    } <= told
    assert ("u058 in 😀 of C102", "") in left_out(result, "group_members")


def test_odd_courses(site: Site):
    for name, column, value in [
        ("C101", "summary", None), ("C102", "summary", "a\r\nb"), ("C103", "fullname", "x\n"), ("C104", "startdate", 0), ("C105", "enddate", 1),
        ("C106", "format", "nosuch"), ("C107", "enablecompletion", 0), ("C108", "theme", "gone"), ("TPL1", "groupmode", 9), ("C101", "lang", "xx"),
        ("C107", "showcompletionconditions", 1), ("C102", "defaultgroupingid", 999), ("C103", "idnumber", "SAME"), ("C104", "idnumber", "SAME"),
    ]:  # fmt: skip
        site.rows(f"UPDATE {{course}} SET {column} = %s WHERE shortname = %s", (value, name))
    site.rows("UPDATE {course_categories} SET name = 'Arts / Crafts/x' WHERE name = 'Humanities'")
    result = changes_nothing(site, "courses")
    assert {
        ("C102", "summary"), ("C103", "fullname"), ("C104", "startdate"), ("C104", "enddate"), ("C105", "startdate"), ("C105", "enddate"), ("C106", "format"),
        ("C107", "enablecompletion"), ("TPL1", "groupmode"), ("C102", "defaultgroupingid"),
    } <= left_out(result, "courses")  # fmt: skip
    assert {row["category"] for file in result["files"] for row in rows_of(file)} >= {"Arts \\/ Crafts\\/x"}
    assert {("C103", ""), ("C104", "")} <= left_out(
        changes_nothing(site, "courses", course_id_field="idnumber"), "courses"
    )
    site.rows("UPDATE {course_categories} SET name = 'Physics', parent = 0 WHERE name IN ('History', 'Physics')")
    assert ("C102", "category") in left_out(changes_nothing(site, "courses", "cohorts"), "courses")


def test_odd_custom_fields(site: Site):
    fields = site.rows(
        "SELECT f.id, f.type FROM {customfield_field} f JOIN {customfield_category} k ON k.id = f.categoryid WHERE k.area = 'course'"
    )
    site.rows("DELETE FROM {customfield_data}")
    courses = dict(site.rows("SELECT shortname, id FROM {course}"))
    of = {type: id for id, type in fields}
    for name, type, whole, decimal, text in [
        ("C101", "select", 9, None, "9"), ("C102", "checkbox", 1, None, "0"), ("C103", "text", None, None, "é" * 2000), ("C104", "date", 1000000000, None, "1000000000"),
        ("C105", "checkbox", 0, None, "0"), ("C106", "select", 1, None, "1"), ("C107", "text", None, None, " x"), ("C108", "textarea", None, None, "a,\n\"b\""),
    ]:  # fmt: skip
        if type in of:
            site.rows(
                "INSERT INTO {customfield_data} (fieldid, instanceid, intvalue, decvalue, value, valueformat, timecreated, timemodified, contextid, component, area, itemid) "
                "SELECT f.id, %s, %s, %s, %s, 1, 1, 1, 1, 'core_course', 'course', 0 FROM {customfield_field} f WHERE f.id = %s",
                (courses[name], whole, decimal, text, of[type]),
            )
    told = {
        name
        for name, column in left_out(changes_nothing(site, "courses"), "courses")
        if column.startswith("customfield_")
    }
    assert {"C101", "C102", "C103", "C107"} <= told and not {"C105", "C106", "C108"} & told


def test_odd_bindings_and_links(site: Site):
    ids = dict(site.rows("SELECT shortname, id FROM {course}"))
    cohorts = dict(site.rows("SELECT idnumber, id FROM {cohort}"))
    student, teacher = (
        site.value("SELECT id FROM {role} WHERE shortname = %s", (name,)) for name in ("student", "teacher")
    )
    site.rows("INSERT INTO {groups} (courseid, name) VALUES (%s, 'yes'), (%s, 'Bound')", (ids["C101"], ids["C101"]))
    word, group = (site.value("SELECT id FROM {groups} WHERE name = %s", (name,)) for name in ("yes", "Bound"))
    for enrol, course, of, role, to, status, start, end in [
        ("cohort", "C101", cohorts["COH2"], 0, 0, 0, 0, 0),  # without a role
        ("cohort", "C101", cohorts["COH4"], student, word, 0, 0, 0),  # into a group that is called yes
        ("cohort", "C101", cohorts["COH4"], teacher, group, 1, 0, 0),  # disabled, into a group
        ("cohort", "C102", cohorts["COH4"], student, 0, 0, 0, 0),  # twice
        ("cohort", "C102", cohorts["COH4"], student, 0, 0, 0, 0),
        ("cohort", "C103", cohorts["COH4"], student, 0, 0, 1700000000, 1600000000),  # ends before it begins
        (
            "cohort",
            "C106",
            cohorts["COH4"],
            student,
            group,
            0,
            1700000000,
            1800000000,
        ),  # into a group of another course
        ("meta", "C102", ids["C107"], 0, 0, 1, 0, 0),  # disabled
        ("meta", "C103", ids["C107"], 0, 0, 0, 0, 0),  # twice
        ("meta", "C103", ids["C107"], 0, 0, 0, 0, 0),
        ("meta", "C106", ids["C107"], 0, 0, 0, 0, 0),  # twice, one disabled
        ("meta", "C106", ids["C107"], 0, 0, 1, 0, 0),
        ("meta", "C107", 999999, 0, 0, 0, 0, 0),  # the course is gone
    ]:
        site.rows(
            "INSERT INTO {enrol} (enrol, courseid, customint1, roleid, customint2, status, enrolstartdate, enrolenddate) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (enrol, ids[course], of, role, to, status, start, end),
        )
    result = changes_nothing(site, "cohort_bindings", "course_meta_links")
    assert left_out(result, "cohort_bindings") == {
        ("Hidden cohort in C101", ""), ("Humanities empty cohort in C101", "makegroup"), ("Humanities empty cohort in C102", ""),
        ("Humanities empty cohort in C103", "enrolstart"), ("Humanities empty cohort in C103", "enrolend"),
    }  # fmt: skip
    assert left_out(result, "course_meta_links") == {("C107 in C106", "")}
    moving = export(site, "cohort_bindings", "course_meta_links", for_another_site=True)
    assert {row["cmd"] for file in moving["files"] for row in rows_of(file)} == {"add"}


def test_enrolments_by_a_plugin(site: Site):
    course, context = site.rows(
        "SELECT c.id, x.id FROM {course} c JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = c.id WHERE c.shortname = 'C102'"
    )[0]
    plugins = site.value("SELECT value FROM {config} WHERE name = 'enrol_plugins_enabled'")
    site.rows("UPDATE {config} SET value = %s WHERE name = 'enrol_plugins_enabled'", (f"{plugins},database",))
    site.rows("INSERT INTO {enrol} (enrol, courseid, sortorder) VALUES ('database', %s, 8)", (course,))
    instance = site.value("SELECT MAX(id) FROM {enrol}")
    student = site.value("SELECT id FROM {role} WHERE shortname = 'student'")
    ids = dict(site.rows("SELECT username, id FROM {user}"))
    for name, item in (("u050", instance), ("u051", 0)):  # the second has its role by hand
        site.rows("INSERT INTO {user_enrolments} (enrolid, userid, status) VALUES (%s, %s, 0)", (instance, ids[name]))
        site.rows(
            "INSERT INTO {role_assignments} (roleid, contextid, userid, component, itemid) VALUES (%s, %s, %s, %s, %s)",
            (student, context, ids[name], "enrol_database" if item else "", item),
        )
    result = changes_nothing(site, "enrolments", shortname="C102")
    lines = {(row["cmd"], row["uid"], row["enrol"]) for file in result["files"] for row in rows_of(file)}
    assert {("add", "u050", "database"), ("enable", "u051", "database"), ("add", "u051", "-")} <= lines


def test_a_list_that_the_server_cuts_off_leaves_out_its_line(site: Site, monkeypatch: pytest.MonkeyPatch):
    field = site.value("SELECT id FROM {user_info_field} WHERE datatype = 'textarea'")
    site.rows(
        "INSERT INTO {user_info_data} (userid, fieldid, data) SELECT id, %s, REPEAT('x', 3000) FROM {user} WHERE username = 'u050'",
        (field,),
    )
    monkeypatch.setattr("toolsync.operators.export.LONGEST_LIST", 2048)
    assert left_out(changes_nothing(site, "users"), "users") == {("u050", "")}
