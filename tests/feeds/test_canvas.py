"""Canvas packages become command files, and these what the site has."""

from __future__ import annotations

import re
from pathlib import Path

from tests.feeds.converting import Conversion, failures
from tests.support.packages import ACCOUNTS, COURSES, ENROLMENTS, canvas, package
from tests.support.site import Site

FILES = {
    "accounts.csv": "account_id,parent_account_id,name,status\nA1,,Humanities,active\nA2,A1,English,active\n",
    "terms.csv": "term_id,name,status,start_date,end_date\nFA,Autumn,active,2026-9-01 00:00:00,2027-01-31T00:00:00-06:00\n",
    "users.csv": "user_id,login_id,first_name,last_name,full_name,sortable_name,email,status\n"
    "u1,bsmith,Bob,Smith,,,bob@example.org,active\n"
    "u2,jdoe,,,Jane Mary Doe,,jane@example.org,active\n"
    'u3,psue,,,,"Sue, Peggy",peggy@example.org,active\n'
    "u4,gone,Gone,Girl,,,,suspended\n",
    "courses.csv": "course_id,short_name,long_name,account_id,term_id,status\n"
    'c1,ENG1,"English 1: ""Intro""",A2,FA,active\nc2,ENG2,English 2,A2,FA,completed\nc3,ENG3,"English, all",A1,FA,unpublished\n',
    "sections.csv": "section_id,course_id,name,status\ns1,c1,Monday,active\ns2,c1,Monday,active\ns3,c2,Evening,active\ns4,c2,Old,active\n",
    "enrollments.csv": "course_id,user_id,role,section_id,status\n"
    "c1,u1,teacher,,active\n,u2,student,s1,active\n,u2,student,s2,active\n,u3,student,s3,active\n,u3,observer,s1,active\n,u1,ta,s3,inactive\n",
    "xlists.csv": "xlist_course_id,section_id,status\nc3,s3,active\n",
    "group_categories.csv": "group_category_id,course_id,category_name,status\ngc,c1,Projects,active\n",
    "groups.csv": "group_id,group_category_id,account_id,name,status\ng1,gc,,Red team,available\ng2,,A1,Chess club,available\n",
    "groups_membership.csv": "group_id,user_id,status\ng1,u2,accepted\ng1,u1,deleted\ng2,u2,accepted\n",
    "admins.csv": "user_id,account_id,role,status\nu1,A1,AccountAdmin,active\n",
}
MEMBERS = "SELECT u.username, g.name FROM {groups_members} m JOIN {groups} g ON g.id = m.groupid JOIN {user} u ON u.id = m.userid JOIN {course} c ON c.id = g.courseid WHERE c.idnumber = %s ORDER BY 1, 2"
PEOPLE = "SELECT u.username, r.shortname FROM {role_assignments} a JOIN {context} x ON x.id = a.contextid JOIN {course} c ON x.contextlevel = 50 AND c.id = x.instanceid JOIN {user} u ON u.id = a.userid JOIN {role} r ON r.id = a.roleid WHERE c.idnumber = %s ORDER BY 1, 2"


def test_a_package_becomes_what_the_site_has(site: Site, airflow: None, tmp_path: Path):
    """One person in two sections of a course, a cross-listed section, groups, names in any form, hidden courses."""
    made = Conversion(
        package({f"export/{name}": text for name, text in FILES.items()}), tmp_path, "enrolments: {inactive: leave}"
    )
    assert made.converted.kind == "canvas" and not made.problems, made.converted.problems
    types = ["courses", "users", "groups", "enrolments", "group_members"]
    assert [each.file_type for each in made.converted.files] == types
    assert made.cells("users", "firstname", "lastname", "suspended") == [
        ("Bob", "Smith", "0"),
        ("Jane Mary", "Doe", "0"),
        ("Peggy", "Sue", "0"),
        ("Gone", "Girl", "1"),
    ]
    assert made.rows("courses")[0]["startdate"] == "2026-09-01 00:00:00Z"
    assert not failures(made.run(site))
    assert site.rows(PEOPLE, ("c1",)) == [("bsmith", "editingteacher"), ("jdoe", "student")]
    assert site.rows(PEOPLE, ("c3",)) == [("psue", "student")]
    assert site.rows(PEOPLE, ("c2",)) == []
    assert site.rows(MEMBERS, ("c1",)) == [("jdoe", "Monday (s1)"), ("jdoe", "Monday (s2)"), ("jdoe", "Red team")]
    assert site.rows(MEMBERS, ("c3",)) == [("psue", "Evening")]
    assert site.rows("SELECT idnumber, visible FROM {course} WHERE idnumber IN ('c1', 'c2', 'c3') ORDER BY 1") == [("c1", 1), ("c2", 1), ("c3", 0)]  # fmt: skip

    later = {
        "sections.csv": "section_id,course_id,name,status\ns4,c2,Old,deleted\n",
        "enrollments.csv": "course_id,user_id,role,section_id,status\nc1,u2,student,s1,deleted\nc1,u2,student,s2,active\n"
        "c1,u1,teacher,,completed\nc3,u3,student,s3,deleted\n",
    }
    assert not failures(Conversion(package(later), tmp_path).run(site))
    assert site.rows(MEMBERS, ("c1",)) == [("jdoe", "Monday (s2)"), ("jdoe", "Red team")]
    assert site.rows(PEOPLE, ("c3",)) == []
    assert site.value("SELECT COUNT(*) FROM {groups} WHERE idnumber = 's4'") == 0
    suspended = "SELECT ue.status FROM {user_enrolments} ue JOIN {user} u ON u.id = ue.userid JOIN {enrol} e ON e.id = ue.enrolid JOIN {course} c ON c.id = e.courseid WHERE c.idnumber = 'c1' AND u.username = 'bsmith'"
    assert site.value(suspended) == 1


def test_files_are_told_by_their_columns(tmp_path: Path):
    """As Canvas tells them, whatever they are called; several of a kind are read as one."""
    renamed = {
        "people-1.csv": "USER_ID;Login_Id;first_name;last_name;status\nu1;one;O;Ne;active\n",
        "people-2.csv": "login_id,user_id,status,last_name,first_name\ntwo,u2,active,Wo,T\n",
        "sis/everything.csv": "status,role,user_id,course_id\nactive,student,u1,c1\n",
        "readme.txt": "hello",
        "other.csv": "a,b\n1,2\n",
    }
    made = Conversion(package(renamed), tmp_path)
    assert made.cells("users", "username", "firstname") == [("one", "O"), ("two", "T")]
    assert made.cells("enrolments", "uid", "cid", "rolename") == [("u1", "c1", "student")]
    assert not made.problems
    assert [note for note in made.converted.notes if "is not read" in note] == [
        "readme.txt is not read: it is no CSV file",
        "other.csv is not read: it has the columns of no file of Canvas",
    ]


def test_what_ends(tmp_path: Path):
    files = {
        "courses.csv": "course_id,short_name,long_name,status\nc1,A,A,active\nc2,B,B,completed\nc3,C,C,concluded\nc4,D,D,unpublished\nc5,E,E,deleted\n",
        "enrollments.csv": "course_id,user_id,role,status\n"
        + "".join(
            f"c1,u{n},student,{status}\n"
            for n, status in enumerate(
                ["active", "completed", "concluded", "inactive", "deleted", "deleted_last_completed"]
            )
        ),
        "users.csv": "user_id,login_id,full_name,status\nu4,four,A Four,deleted\nu5,five,A Five,active\n",
    }
    made = Conversion(package(files), tmp_path)
    assert made.cells("courses", "visible") == [("",), ("",), ("",), ("0",), ("0",)]
    assert [cmd for (cmd,) in made.cells("enrolments", "cmd")] == [
        "add",
        "disable",
        "disable",
        "disable",
        "del",
        "disable",
    ]
    other = "courses: {completed: hide, deleted: delete}\nusers: {deleted: delete}\nenrolments: {completed: remove, inactive: leave}\n"
    made = Conversion(package(files), tmp_path, other)
    assert made.cells("courses", "visible") == [("",), ("0",), ("0",), ("0",)]
    assert made.cells("courses_delete", "idnumber") == [("c5",)]
    assert made.cells("users", "username", "deleted") == [("four", "1"), ("five", "")]
    assert made.cells("enrolments", "cmd", "uid") == [("add", "u0"), ("del", "u1"), ("del", "u2"), ("del", "u5")]


def test_the_last_enrolment_of_a_person_in_a_course_is_completed_and_not_deleted(tmp_path: Path):
    """As Canvas has it: `deleted_last_completed` is `deleted` as long as the person goes on in the same role and course."""
    lines = "s1,u1,student,deleted_last_completed\ns2,u1,student,active\ns1,u2,student,deleted_last_completed\n"
    files = {
        "sections.csv": FILES["sections.csv"],
        "enrollments.csv": f"section_id,user_id,role,status\n{lines}s3,u2,student,active\n",
    }
    made = Conversion(package(files), tmp_path, "enrolments: {completed: leave}")
    assert made.cells("enrolments", "cmd", "uid", "cid") == [("add", "u1", "c1"), ("add", "u2", "c2")]
    assert made.cells("group_members", "cmd", "userid", "groupid") == [("del", "u1", "s1"), ("add", "u1", "s2"), ("add", "u2", "s3")]  # fmt: skip


def test_nobody_is_taken_out_because_of_other_letters(tmp_path: Path):
    """The site finds u1 by U1, too, so the line that ends could have the last word."""
    lines = "c1,u1,student,active\nC1,U1,student,deleted\nc1,U2,student,deleted\nc1,u3,student,active\nc2,U3,student,deleted\n"
    made = Conversion(package({"enrollments.csv": f"course_id,user_id,role,status\n{lines}"}), tmp_path)
    assert made.problems == [("enrollments.csv", 3, "")] and "line 2, writes the same person" in made.converted.problems[0].message  # fmt: skip
    assert made.cells("enrolments", "cmd", "uid", "cid") == [("add", "u1", "c1"), ("del", "U2", "c1"), ("add", "u3", "c1"), ("del", "U3", "c2")]  # fmt: skip


def test_the_same_person_in_two_files_is_left_out_of_both(tmp_path: Path):
    twice = {
        name: f"user_id,login_id,first_name,last_name,status\nu1,{name},A,B,active\nx{name},x{name},A,B,active\n"
        for name in ("1", "2")
    }
    made = Conversion(package({f"{name}.csv": text for name, text in twice.items()}), tmp_path)
    assert made.problems == [("1.csv", 2, "user_id"), ("2.csv", 2, "user_id")]
    assert "1.csv, line 2" in made.converted.problems[1].message
    assert made.cells("users", "username") == [("x1",), ("x2",)]


def test_with_bulk_references_have_to_be_in_the_package(tmp_path: Path):
    files = {
        **FILES,
        "enrollments.csv": "course_id,user_id,role,status\nc1,u1,student,active\nc9,u1,student,active\nc1,u9,student,active\nc1,u1,dean,active\n",
    }
    made = Conversion(
        package(files),
        tmp_path,
        "bulk: yes\nbulk_params: {enrolments: {mode: full}, users: {mode: full, scope_auth: manual}}\n",
    )
    assert made.problems == [
        ("enrollments.csv", 3, "course_id"),
        ("enrollments.csv", 4, "user_id"),
        ("enrollments.csv", 5, "role"),
    ]
    params = {each.file_type: each.params for each in made.converted.files}
    assert params["users"]["mode"] == "full" and params["users"]["scope_auth"] == "manual"
    assert "mode" not in params["enrolments"]  # three people would go because their lines were wrong
    assert any(note.startswith("enrolments: Param mode is left out") for note in made.converted.notes)


def test_a_large_package_is_converted_in_little_memory(tmp_path: Path):
    """A quarter of the package of `make bench package`, which says how long it takes."""
    content = canvas(tmp_path / "large.zip", part=1 / 4).read_bytes()
    Path("/proc/self/clear_refs").write_text("5")  # what the process held at most is from now on
    before = held("VmRSS")
    made = Conversion(content, tmp_path)
    assert not made.problems
    assert {each.file_type: each.lines for each in made.converted.files} == {
        "courses": COURSES // 4,
        "users": ACCOUNTS // 4,
        "groups": COURSES // 4,
        "enrolments": ENROLMENTS // 4,
        "group_members": ENROLMENTS // 4,
    }
    assert held("VmHWM") - before < 75_000


def held(name: str) -> int:
    """Kilobytes that this process holds, or held at most."""
    return int(re.findall(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)[0])
