"""OneRoster packages become command files, and these what the site has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.feeds.converting import Conversion, failures
from tests.support.packages import oneroster
from tests.support.site import Site

ORGS = """sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId
d1,,,Riverside,district,1,
s1,,,"North/South High",school,11,d1
dep1,,,Sciences,department,111,s1
"""
SESSIONS = """sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear
y27,,,2026-27,schoolYear,2026-09-01,2027-07-01,,2027
t1,,,Autumn,term,2026-09-01,2027-01-31,y27,2027
t2,,,Spring,term,2027-02-01,2027-06-30,y27,2027
"""
COURSES = """sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes
phy,,,y27,Physics,PHY,"09,10",s1,Science,
"""
CLASSES = """sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods
k1,,,"Physics, ""waves"" and more",09,phy,PHY-1,scheduled,R1,dep1,"t1,t2",,,1
k2,,,Homeroom 9,09,phy,,homeroom,,s1,t1,,,
"""
USERS_1_1 = """sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password
p1,,,true,"s1,dep1",teacher,r.hooke,,Robert,Hooke,,,hooke@example.org,,,,,
p2,,,true,s1,student,i.newton,,Isaac,Newton,,,newton@example.org,,,p9,09,
p3,,,false,s1,student,e.halley,,Edmond,Halley,,,,,,,09,
p9,,,true,s1,parent,h.newton,,Hannah,Newton,,,,,,,,
"""
ENROLLMENTS = """sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate
e1,,,k1,s1,p1,teacher,true,,
e2,,,k1,s1,p2,student,,2026-09-07,2027-06-01
e3,,,k2,s1,p2,student,,,
e4,,,k1,s1,p3,student,,,
e5,,,k1,s1,p9,guardian,,,
"""
FILES = {
    "orgs": ORGS,
    "academicSessions": SESSIONS,
    "courses": COURSES,
    "classes": CLASSES,
    "users": USERS_1_1,
    "enrollments": ENROLLMENTS,
}
USERS_1_2 = """sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns
p1,,,true,r.hooke,,Robert,Hooke,,,hooke@example.org,,,,,,,Rob,,,dep1,he/him
p2,,,true,i.newton,,Isaac,Newton,,,newton@example.org,,,,,,,,,,s1,
p3,,,false,e.halley,,Edmond,Halley,,,,,,,,,,,,,s1,
p9,,,true,h.newton,,Hannah,Newton,,,,,,,,,,,,,s1,
"""
ROLES = """sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId
r1,,,p1,primary,teacher,,,dep1,
r2,,,p1,secondary,aide,,,s1,
r3,,,p2,primary,student,,,s1,
r4,,,p3,primary,student,,,s1,
r9,,,p9,primary,parent,,,s1,
"""
FILES_1_2 = {**FILES, "users": USERS_1_2, "roles": ROLES}

PATH = "SELECT GROUP_CONCAT(p.name ORDER BY p.depth SEPARATOR ' > ') FROM {course_categories} c JOIN {course_categories} p ON CONCAT(c.path, '/') LIKE CONCAT(p.path, '/%%') JOIN {course} k ON k.category = c.id WHERE k.idnumber = %s"
ENROLLED = "SELECT u.username, r.shortname, ue.status FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid JOIN {course} c ON c.id = e.courseid JOIN {user} u ON u.id = ue.userid JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = c.id LEFT JOIN {role_assignments} ra ON ra.contextid = x.id AND ra.userid = u.id LEFT JOIN {role} r ON r.id = ra.roleid WHERE c.idnumber = %s ORDER BY 1, 2"


def test_a_package_becomes_courses_people_and_enrolments(site: Site, airflow: None, tmp_path: Path):
    made = Conversion(oneroster(FILES), tmp_path)
    assert made.converted.kind == "oneroster" and made.converted.version == "1.1"
    assert not made.problems
    assert [(each.file_type, each.lines) for each in made.converted.files] == [
        ("courses", 2),
        ("users", 3),
        ("enrolments", 4),
    ]
    assert not failures(made.run(site))
    assert site.rows(
        "SELECT shortname, fullname, FROM_UNIXTIME(startdate, '%Y-%m') FROM {course} WHERE idnumber IN ('k1', 'k2') ORDER BY idnumber"
    ) == [
        ("PHY-1 (k1)", 'Physics, "waves" and more', "2026-09"),
        ("Homeroom 9 (k2)", "Homeroom 9", "2026-09"),
    ]
    assert site.value(PATH, ("k1",)) == "Riverside > North/South High > Sciences"
    assert site.rows(ENROLLED, ("k1",)) == [
        ("e.halley", "student", 0),
        ("i.newton", "student", 0),
        ("r.hooke", "editingteacher", 0),
    ]
    assert site.rows("SELECT username, suspended FROM {user} WHERE idnumber LIKE 'p_' ORDER BY 1") == [("e.halley", 1), ("i.newton", 0), ("r.hooke", 0)]  # fmt: skip

    again = Conversion(oneroster(FILES), tmp_path).run(site)
    assert {
        file_type: set(filter(report["counts"].get, report["counts"])) for file_type, report in again.items()
    } == dict.fromkeys(again, {"unchanged"})


def test_a_package_of_1_2_takes_roles_from_their_own_file(site: Site, airflow: None, tmp_path: Path):
    made = Conversion(oneroster(FILES_1_2, "1.2"), tmp_path, 'users: {columns: {institution: "{org.name}"}}')
    assert made.converted.version == "1.2" and not made.problems
    assert not failures(made.run(site))
    assert site.rows("SELECT username, firstname, institution FROM {user} WHERE idnumber LIKE 'p_' ORDER BY 1") == [
        ("e.halley", "Edmond", "North/South High"),
        ("i.newton", "Isaac", "North/South High"),
        ("r.hooke", "Rob", "Sciences"),
    ]
    assert len(site.rows(ENROLLED, ("k1",))) == 3


def delta(**files: str) -> bytes:
    return oneroster(files, mode="delta")


def header(text: str) -> str:
    return text.partition("\n")[0] + "\n"


def test_a_delta_refers_to_what_the_site_has(site: Site, airflow: None, tmp_path: Path):
    assert not failures(Conversion(oneroster(FILES), tmp_path).run(site))
    changed = delta(
        users=header(USERS_1_1)
        + "p2,tobedeleted,2026-10-01T00:00:00Z,true,s1,student,i.newton,,Isaac,Newton,,,newton@example.org,,,,,\n",
        classes=header(CLASSES) + "k2,tobedeleted,2026-10-01T00:00:00Z,Homeroom 9,09,phy,,homeroom,,s1,t1,,,\n",
        enrollments=header(ENROLLMENTS)
        + "e4,tobedeleted,2026-10-01T00:00:00Z,k1,s1,p3,student,,,\ne1,inactive,2026-10-01T00:00:00Z,k1,s1,p1,teacher,true,,\n",
    )
    made = Conversion(changed, tmp_path)
    assert not made.problems
    assert not failures(made.run(site))
    assert site.rows(ENROLLED, ("k1",)) == [("i.newton", "student", 0), ("r.hooke", "editingteacher", 1)]
    assert site.rows("SELECT suspended, firstname FROM {user} WHERE username = 'i.newton'") == [(1, "Isaac")]
    assert site.rows("SELECT visible, fullname FROM {course} WHERE idnumber = 'k2'") == [(0, "Homeroom 9")]
    assert site.value(PATH, ("k1",)) == "Riverside > North/South High > Sciences"  # a delta without orgs moves nothing


def test_nobody_and_nothing_is_made_to_be_suspended_or_hidden(site: Site, airflow: None, tmp_path: Path):
    gone = delta(
        users=header(USERS_1_1) + "p7,tobedeleted,,true,s1,student,a.nobody,,No,Body,,,nobody@example.org,,,,,\n",
        classes=header(CLASSES) + "k7,tobedeleted,,Nothing,09,phy,,homeroom,,s1,t1,,,\n",
    )
    assert failures(Conversion(gone, tmp_path).run(site)) == {"courses": 1, "users": 1}
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username = 'a.nobody'") == 0
    assert site.value("SELECT COUNT(*) FROM {course} WHERE idnumber = 'k7'") == 0


def test_what_is_deleted_can_be_deleted_on_the_site(site: Site, airflow: None, tmp_path: Path):
    assert not failures(Conversion(oneroster(FILES), tmp_path).run(site))
    gone = delta(
        users=header(USERS_1_1) + "p2,tobedeleted,,true,s1,student,i.newton,,Isaac,Newton,,,,,,,,\n",
        classes=header(CLASSES) + "k2,tobedeleted,,Homeroom 9,09,phy,,homeroom,,s1,t1,,,\n",
        enrollments=header(ENROLLMENTS) + "e2,tobedeleted,,k1,s1,p2,student,,,\n",
    )
    made = Conversion(gone, tmp_path, "users: {deleted: delete}\ncourses: {deleted: delete}\n")
    assert [each.file_type for each in made.converted.files] == ["users", "courses_delete"]
    assert not failures(made.run(site))
    assert site.value("SELECT COUNT(*) FROM {course} WHERE idnumber = 'k2'") == 0
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username = 'i.newton' AND deleted = 0") == 0


@pytest.mark.parametrize("status", ["tobedeleted", "inactive"])
def test_a_delta_between_two_alike_bulk_packages_counts_for_their_data_set(
    status: str, site: Site, airflow: None, tmp_path: Path
):
    mapping = "params: {users: {allow_missing_email: true, data_set: or}, enrolments: {data_set: or}}\n"
    delta = {
        "enrollments": f"{header(ENROLLMENTS)}e2,{status},,k1,s1,p2,student,,2026-09-07,2027-06-01\n",
        "users": f"{header(USERS_1_1)}p1,{status},,true,s1,teacher,r.hooke,,Robert,Hooke,,,hooke@example.org,,,,,\n",
    }
    said = []
    for files, mode in ((FILES, "bulk"), (delta, "delta"), (FILES, "bulk")):
        assert not failures(Conversion(oneroster(files, mode=mode), tmp_path, mapping).run(site))
        people = site.rows("SELECT username, suspended FROM {user} WHERE idnumber LIKE 'p_' ORDER BY 1")
        said.append([*people, *site.rows(ENROLLED, ("k1",))])
    assert said[0] == said[2] != said[1]


def test_the_whole_truth_is_about_the_method_of_the_mapping(site: Site, airflow: None, tmp_path: Path):
    mapping = "enrolments: {method: self}\nbulk_params: {enrolments: {mode: full, change_threshold: null}}\n"
    made = Conversion(oneroster(FILES), tmp_path, "enrolments: {method: manual}\n")
    assert not failures(made.run(site))
    by_self = Conversion(oneroster(FILES), tmp_path, mapping)
    for each in by_self.converted.files:
        each.params.update({"use_disabled_instances": True} if each.file_type == "enrolments" else {})
    counted = "SELECT COUNT(*) FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid JOIN {course} c ON c.id = e.courseid WHERE c.idnumber LIKE 'k_' AND e.enrol = %s"
    assert not failures(by_self.run(site))
    assert (site.value(counted, ("manual",)), site.value(counted, ("self",))) == (4, 4)
    fewer = Conversion(
        oneroster({**FILES, "enrollments": ENROLLMENTS.replace("e4,,,k1,s1,p3,student,,,\n", "")}), tmp_path, mapping
    )
    for each in fewer.converted.files:
        each.params.update({"use_disabled_instances": True, "least_lines": 0} if each.file_type == "enrolments" else {})
    assert not failures(fewer.run(site))
    assert (site.value(counted, ("manual",)), site.value(counted, ("self",))) == (4, 3)
