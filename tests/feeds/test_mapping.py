"""The mapping: checked when it is loaded, and what its keys do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.feeds.converting import Conversion, failures
from tests.feeds.test_canvas import FILES as CANVAS
from tests.feeds.test_oneroster import CLASSES, ENROLLMENTS, FILES, FILES_1_2, ROLES, USERS_1_1, header
from tests.support.packages import oneroster, package
from tests.support.site import Site
from toolsync.feeds.mapping import load_mapping
from toolsync.settings import WrongSetting


@pytest.mark.parametrize(
    ("kind", "text", "place", "word"),
    [
        ("oneroster", "user: {key: email}", "line 1, user", "Did you mean users?"),
        ("oneroster", "users:\n  keys: email", "line 2, users, keys", "Did you mean key?"),
        ("oneroster", "users:\n  key: login", "line 2, users, key", "expected idnumber, username or email, found 'login'"),
        ("oneroster", "users: {key: email, columns: {email: null}}", "users, key", "found by email"),
        ("oneroster", "users:\n  roles: {student: maybe}", "line 2, users, roles, student", "expected yes or no"),
        ("oneroster", 'users:\n  columns:\n    town: "{user.email}"', "line 3, users, columns, town", "no such column"),
        ("oneroster", 'users:\n  columns:\n    city: "{user.mail}"', "line 3, users, columns, city", "Did you mean email?"),
        ("oneroster", 'users:\n  columns:\n    city: "{class.title}"', "users, columns, city", "there is no class here, only user, org"),
        ("oneroster", 'users:\n  columns:\n    city: "{user.email"', "users, columns, city", "without its other half"),
        ("oneroster", 'users:\n  columns:\n    city: "{email}"', "users, columns, city", "expected a thing and a field"),
        ("oneroster", "users:\n  columns: {username: null}", "users, columns", "needed for username"),
        ("oneroster", "categories:\n  types: [school, planet]", "line 2, categories, types", "found 'planet'"),
        ("oneroster", "courses: hidden", "line 1, courses", "expected settings and their values, found a text"),
        ("oneroster", "params:\n  enrolment: {}", "line 2, params, enrolment", "Did you mean enrolments?"),
        ("oneroster", "params:\n  users: {user_id_field: id}", "line 2, params, users", "users, key: set that instead"),
        ("oneroster", "bulk_params:\n  enrolments: {default_method: self}", "line 2, bulk_params, enrolments", "enrolments, method: set that instead"),
        ("oneroster", "params:\n  users: {mode: full}", "line 2, params, users", "mode belongs into bulk_params"),
        ("oneroster", 'cohorts:\n  all: {name: "{org.name}", idnumber: x, role: [student]}', "cohorts, all, role", "Did you mean roles?"),
        ("canvas", "bulk: maybe", "line 1, bulk", "expected yes or no"),
        ("canvas", 'sections:\n  columns: {name: "{section.title}"}', "line 2, sections, columns, name", "its file has no such column"),
        ("canvas", "users: [", "line 1", "this is not YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(kind: str, text: str, place: str, word: str, tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(WrongSetting) as caught:
        load_mapping(kind, path)
    assert place in str(caught.value) and word in str(caught.value), caught.value


def test_all_mistakes_are_told_at_once(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text("users: {key: x, deleted: y}\nenrolments: {inactive: z}\n")
    with pytest.raises(WrongSetting) as caught:
        load_mapping("canvas", path)
    assert str(caught.value).count("found '") == 3


def test_patterns_take_the_first_field_that_is_not_empty_and_columns_of_ones_own(tmp_path: Path):
    classes = (
        FILES["classes"]
        .replace("periods\n", "periods,metadata.Floor\n", 1)
        .replace('t2",,,1\n', 't2",,,1,third\n')
        .replace("s1,t1,,,\n", "s1,t1,,,,\n")
    )
    mapping = """
courses:
  columns:
    shortname: "{class.classCode|class.title}-{session.schoolYear}"
    summary: "{{{course.title} at {org.name}}} {class.metadata.floor}"
    tags: null
  template: "{course.courseCode}"
  templates: {PHY: TPL1, "*": TPL2}
categories: {below: "Schools / North", then: ["{session.schoolYear}"], types: [school]}
"""
    made = Conversion(oneroster({**FILES, "classes": classes}), tmp_path, mapping)
    made.check()
    assert made.cells("courses", "shortname", "summary", "template", "category", "enddate") == [
        (
            "PHY-1-2027",
            "{Physics at Sciences} third",
            "TPL1",
            "Schools / North / North\\/South High / 2027",
            "2027-06-30",
        ),
        (
            "Homeroom 9-2027",
            "{Physics at North/South High}",
            "TPL1",
            "Schools / North / North\\/South High / 2027",
            "2027-01-31",
        ),
    ]


def test_orgs_that_go_round_in_a_circle_are_no_category(tmp_path: Path):
    made = Conversion(
        oneroster({**FILES, "orgs": FILES["orgs"].replace("Riverside,district,1,", "Riverside,district,1,s1")}),
        tmp_path,
    )
    assert made.cells("courses", "category") == [("",), ("",)]
    assert any("go round in a circle" in note for note in made.converted.notes)


def test_names_that_are_there_several_times_get_what_identifies_them(tmp_path: Path):
    made = Conversion(oneroster(FILES), tmp_path, 'courses: {columns: {shortname: "{course.courseCode}"}}')
    assert made.cells("courses", "shortname") == [("PHY (k1)",), ("PHY (k2)",)]


def test_people_and_courses_that_would_be_taken_for_one_another_are_left_out(tmp_path: Path):
    twins = {
        **FILES,
        "classes": CLASSES.replace("Homeroom 9,09,phy,,", "Homeroom 9,09,phy,phy-1,"),
        "users": USERS_1_1.replace("newton@example.org", "Hooke@example.org"),
    }
    mapping = (
        'courses: {key: shortname, deleted: delete, columns: {shortname: "{class.classCode}"}}\nusers: {key: email}\n'
    )
    made = Conversion(oneroster(twins), tmp_path, mapping)
    assert {("classes.csv", 2), ("classes.csv", 3), ("users.csv", 2), ("users.csv", 3)} <= {
        at[:2] for at in made.problems
    }
    assert "users.csv, line 3" in next(each for each in made.converted.problems if each.file == "users.csv").message
    assert not made.rows("courses") and not made.rows("enrolments")
    # Last year's class, which goes, has the name of this year's.
    twins["classes"] = twins["classes"].replace("k1,,", "k1,tobedeleted,")
    assert not Conversion(oneroster(twins), tmp_path, mapping).rows("courses_delete")

    # The second of these would take the name of the first.
    courses = "course_id,short_name,long_name,status\nc1,A,A,active\nC1,B,B,active\nc2,C,C,active\n"
    made = Conversion(package({"courses.csv": courses}), tmp_path)
    assert made.problems == [("courses.csv", 2, "course_id"), ("courses.csv", 3, "course_id")]
    assert made.cells("courses", "idnumber") == [("c2",)]

    own = 'courses: {key: shortname, columns: {shortname: "{course.account_id}"}}'
    made = Conversion(package(CANVAS), tmp_path, own)
    assert {"courses.csv", "enrollments.csv"} <= {each.file for each in made.converted.problems}
    assert all(
        "was left out" in each.message or "courses are found by shortname" in each.message
        for each in made.converted.problems
    )


def test_what_a_pattern_needs_and_a_delta_lacks(tmp_path: Path):
    """A name stays as it is on the site, and a line fails rather than clear what can be cleared."""
    files = {"orgs": FILES["orgs"].replace("dep1", "dep2"), "classes": FILES["classes"]}
    mapping = 'courses: {columns: {fullname: "{org.name}: {class.title}", summary: "{org.name}"}}'
    made = Conversion(oneroster(files, mode="delta"), tmp_path, mapping)
    assert made.problems == [("classes.csv", 2, "")] and "needs its org" in made.converted.problems[0].message
    made = Conversion(oneroster({"classes": FILES["classes"]}, mode="delta"), tmp_path, mapping)
    assert not made.problems and made.cells("courses", "fullname", "category") == [("", ""), ("", "")]
    assert "summary" not in made.rows("courses")[0]
    assert any("summary of the mapping is left out" in note for note in made.converted.notes)


def test_a_delta_without_roles_does_not_clear_what_they_would_say(tmp_path: Path):
    mapping = 'users: {columns: {institution: "{org.name}"}}'
    users = FILES_1_2["users"].replace("dep1,he/him", ",he/him")
    made = Conversion(oneroster({"users": users, "orgs": FILES["orgs"]}, "1.2", mode="delta"), tmp_path, mapping)
    assert made.problems == [("users.csv", 2, "")] and "needs its org" in made.converted.problems[0].message


def test_people_found_by_username_have_to_be_in_the_package(tmp_path: Path):
    mapping = "users: {key: username}\ncourses: {key: shortname}"
    made = Conversion(oneroster(FILES), tmp_path, mapping)
    assert made.cells("enrolments", "uid", "cid")[0] == ("r.hooke", "PHY-1 (k1)")
    assert made.converted.files[-1].params == {
        "user_id_field": "username",
        "course_id_field": "shortname",
        "default_method": "manual",
    }
    alone = Conversion(oneroster({"enrollments": ENROLLMENTS}, mode="delta"), tmp_path, mapping)
    assert not alone.converted.files and alone.problems[0] == ("enrollments.csv", 2, "userSourcedId")
    assert "set users.key in the mapping to idnumber" in alone.converted.problems[0].message


def test_enrolments_of_one_person_in_one_class_become_one(tmp_path: Path):
    lines = [
        "e1,,,k1,s1,p1,teacher,,2026-09-05,2027-01-01",
        "e2,,,k1,s1,p1,teacher,,2026-09-01,2027-06-01",
        "e3,tobedeleted,,k1,s1,p1,aide,,,",
        "e4,,,k1,s1,p2,student,,2026-09-01,2027-01-01",
        "e5,,,k1,s1,p2,student,,2026-10-01,",
        "e6,tobedeleted,,k2,s1,p2,student,,,",
        "e7,inactive,,k2,s1,p2,aide,,,",
        "e8,tobedeleted,,k2,s1,p3,student,,,",
    ]
    made = Conversion(oneroster({**FILES, "enrollments": header(ENROLLMENTS) + "\n".join(lines) + "\n"}), tmp_path)
    made.check()
    assert made.cells("enrolments", "cmd", "rolename", "uid", "cid", "enrol", "starttime", "endtime") == [
        ("add", "editingteacher", "p1", "k1", "manual", "2026-09-01", "2027-06-01"),
        ("del", "teacher", "p1", "k1", "-", "", ""),
        ("add", "student", "p2", "k1", "manual", "2026-09-01", "0"),
        ("disable", "", "p2", "k2", "manual", "", ""),
        ("del", "student", "p2", "k2", "-", "", ""),
        ("del", "student", "p3", "k2", "manual", "", ""),
    ]
    origin = made.converted.origin["enrolments"]
    assert [number for _, number in origin.of(2)] == [2, 3] and [
        [number for _, number in origin.of(line)] for line in (5, 6)
    ] == [[8], [7]]


def test_cohorts_are_made_of_orgs_and_roles(site: Site, airflow: None, tmp_path: Path):
    mapping = 'cohorts: {pupils: {idnumber: "{org.sourcedId}-pupils", name: "Pupils of {org.name}", roles: [student]}}'
    roles = ROLES + "r5,tobedeleted,,p1,secondary,student,,,s1,\n"
    made = Conversion(oneroster({**FILES_1_2, "roles": roles}, "1.2"), tmp_path, mapping)
    assert made.cells("cohorts", "cmd", "cidnumber", "userid") == [
        ("del", "s1-pupils", "p1"),
        ("add", "s1-pupils", "p2"),
        ("add", "s1-pupils", "p3"),
    ]
    reports = made.run(site)
    assert failures(reports) == {"cohorts": 1}  # nobody can leave what is not there yet
    members = "SELECT c.name, u.username FROM {cohort_members} m JOIN {cohort} c ON c.id = m.cohortid JOIN {user} u ON u.id = m.userid WHERE c.idnumber = 's1-pupils' ORDER BY 2"
    assert site.rows(members) == [
        ("Pupils of North/South High", "e.halley"),
        ("Pupils of North/South High", "i.newton"),
    ]


def test_dates_with_different_offsets_are_compared_as_moments(tmp_path: Path):
    enrolments = (
        "course_id,user_id,role,section_id,status,start_date,end_date\n"
        ",u2,student,s1,active,2026-09-01T00:30:00+02:00,2027-01-31T23:30:00-06:00\n"
        ",u2,student,s2,active,2026-08-31T23:00:00Z,2027-02-01T01:00:00Z\n"
    )
    made = Conversion(package({**CANVAS, "enrollments.csv": enrolments}), tmp_path)
    assert made.cells("enrolments", "starttime", "endtime") == [
        ("2026-09-01T00:30:00+02:00", "2027-01-31T23:30:00-06:00")
    ]


def test_sections_need_not_be_groups(tmp_path: Path):
    made = Conversion(
        package({name: text for name, text in CANVAS.items() if not name.startswith("group")}),
        tmp_path,
        "sections: {groups: no}",
    )
    assert [each.file_type for each in made.converted.files] == ["courses", "users", "enrolments"]
