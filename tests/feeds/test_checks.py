"""What is checked of packages: which lines are left out and told, and which packages are rejected."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from tests.feeds.converting import Conversion, Source
from tests.feeds.test_canvas import FILES as CANVAS
from tests.feeds.test_oneroster import CLASSES, ENROLLMENTS, FILES, FILES_1_2, ORGS, ROLES, SESSIONS, USERS_1_1, header
from tests.support.packages import oneroster, package
from toolsync.feeds import archive
from toolsync.feeds.kinds import KINDS, PackageRejected, suite_of
from toolsync.feeds.packages import kind_of
from toolsync.settings import INCLUDE


def rejection(content: bytes, folder: Path) -> str:
    with pytest.raises(PackageRejected) as caught:
        Conversion(content, folder)
    return "; ".join(caught.value.reasons)


@pytest.mark.parametrize(
    ("file", "line", "column", "word"),
    [
        ("orgs", "s1,,,X,college,,", "type", "department, school"),
        ("orgs", ",,,X,school,,", "sourcedId", "not empty"),
        ("orgs", "a b,,,X,school,,", "sourcedId", "no spaces"),
        ("orgs", "s8,gone,,X,school,,", "status", "tobedeleted"),
        ("academicSessions", "x,,,T,term,2026-02-30,2027-01-01,,2027", "startDate", "there is no such date"),
        ("academicSessions", "x,,,T,term,1/9/2026,2027-01-01,,2027", "startDate", "a date"),
        ("users", "x,,,maybe,s1,student,x,,A,B,,,,,,,,", "enabledUser", "yes or no"),
        ("users", "x,,,true,s1,student,x,,A,B,,,not an address,,,,,", "email", "an address"),
        ("users", "x,,,true,s1,dean,x,,A,B,,,,,,,,", "role", "teacher"),
        ("users", "x,,,true,s1,student,,,A,B,,,,,,,,", "username", "not empty"),
        ("enrollments", "x,,,k9,s1,p1,student,,,", "classSourcedId", "no such sourcedId in classes.csv"),
        ("enrollments", "x,,,k1,s1,p77,student,,,", "userSourcedId", "no such sourcedId in users.csv"),
        ("enrollments", "x,,,k1,s1,p1,ext:coach,,,", "role", "enrolments.roles"),
        ("classes", 'x,,,T,,phy,,scheduled,,s1,"t1,t9",,,', "termSourcedIds", "academicSessions"),
        ("classes", "x,,,T,,bio,,scheduled,,s1,t1,,,", "courseSourcedId", "no such sourcedId in courses.csv"),
    ],
)
def test_a_line_that_makes_no_sense_is_left_out_and_told(file: str, line: str, column: str, word: str, tmp_path: Path):
    before = Conversion(oneroster(FILES), tmp_path)
    made = Conversion(oneroster({**FILES, file: FILES[file] + line + "\n"}), tmp_path)
    number = FILES[file].count("\n") + 1
    assert (f"{file}.csv", number, column) in made.problems
    [message] = [each.message for each in made.converted.problems if (each.line, each.column) == (number, column)]
    assert word in message
    if not line.startswith("s1"):  # another s1 takes out the first one, too
        assert made.texts == before.texts


def test_what_needs_a_line_that_was_left_out_is_left_out_too(tmp_path: Path):
    made = Conversion(oneroster({**FILES, "orgs": ORGS.replace("s1,,,", "s1,gone,,")}), tmp_path)
    assert made.problems == [
        ("orgs.csv", 3, "status"),
        ("classes.csv", 3, "schoolSourcedId"),
        ("enrollments.csv", 4, "classSourcedId"),
    ]
    assert made.converted.problems[1].message == "orgs.csv, line 3, was left out, which this line needs"
    assert made.cells("courses", "idnumber") == [("k1",)]


def test_nobody_is_taken_out_while_another_line_about_them_is_wrong(tmp_path: Path):
    lines = (
        "e1,tobedeleted,,k1,s1,p2,student,,,\ne2,,,k1,s1,p2,student,,2026-13-01,\ne3,tobedeleted,,k2,s1,p2,student,,,\n"
    )
    made = Conversion(oneroster({**FILES, "enrollments": header(ENROLLMENTS) + lines}), tmp_path)
    assert made.problems == [("enrollments.csv", 2, ""), ("enrollments.csv", 3, "beginDate")]
    assert made.cells("enrolments", "cmd", "uid", "cid") == [("del", "p2", "k2")]


def test_a_doubled_file_is_read_once_and_two_lines_of_one_id_are_left_out(tmp_path: Path):
    once = Conversion(oneroster(FILES), tmp_path)
    doubled = {name: text + text.partition("\n")[2] for name, text in FILES.items()}
    made = Conversion(oneroster(doubled), tmp_path)
    assert made.texts == once.texts and not made.problems
    assert "users.csv: lines that are there twice, and were read once: 4" in made.converted.notes
    other = FILES["users"] + "p2,,,true,s1,student,other,,Other,Newton,,,,,,,,\n"
    made = Conversion(oneroster({**FILES, "users": other}), tmp_path)
    assert [each for each in made.problems if each[0] == "users.csv"] == [
        ("users.csv", 3, "sourcedId"),
        ("users.csv", 6, "sourcedId"),
    ]
    assert ("i.newton",) not in made.cells("users", "username")


def test_the_order_of_lines_and_columns_and_the_case_of_names_do_not_matter(tmp_path: Path):
    once = Conversion(oneroster(FILES), tmp_path)
    shuffled = {}
    for name, text in FILES.items():
        first, *rest = text.splitlines()
        shuffled[name] = "\n".join([first.upper(), *reversed(rest)]) + "\n"
    made = Conversion(oneroster(shuffled), tmp_path)
    assert not made.problems
    for file_type in once.texts:
        assert sorted(made.cells(file_type, *once.rows(file_type)[0])) == sorted(
            once.cells(file_type, *once.rows(file_type)[0])
        )


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_files_in_other_encodings_are_read(codec: str, tmp_path: Path):
    users = USERS_1_1.replace("Isaac", "Zoë").replace("\n", "\r\n")
    made = Conversion(oneroster({**FILES, "users": users.encode(codec)}), tmp_path)
    assert not made.problems and ("Zoë",) in made.cells("users", "firstname")
    told = [note for note in made.converted.notes if "the standard asks for UTF-8" in note]
    assert len(told) == (codec != "utf-8-sig")


@pytest.mark.parametrize("name", ["à", "5½", "£5"])
def test_a_file_with_one_sign_that_is_not_utf8_is_read(name: str, tmp_path: Path):
    users = USERS_1_1.replace("Isaac", name).encode("cp1252")
    made = Conversion(oneroster({**FILES, "users": users}), tmp_path)
    assert not made.problems and (name,) in made.cells("users", "firstname")


def test_utf8_that_is_damaged_in_one_place_fails_there_and_is_not_taken_for_another_encoding(tmp_path: Path):
    users = USERS_1_1.replace("Robert", "Zoë").encode().replace(b"Isaac", b"Is\xe4\xe4c")
    made = Conversion(oneroster({**FILES, "users": users}), tmp_path)
    assert made.problems[0] == ("users.csv", 3, "givenName")
    assert ("Zoë",) in made.cells("users", "firstname")


def test_values_arrive_as_they_are(tmp_path: Path):
    title = '=1+1; "x", {class.title}\nsecond, # line'
    escaped = title.replace('"', '""')
    classes = (
        header(CLASSES)
        + f'#k7,,,"{escaped}",,phy,,scheduled,,s1,t1,,,\nk8,,,"{escaped}",,phy,,scheduled,,s1,t1,,,\nk9,,,After,,phy,,scheduled,,s1,t1,,,\n'
    )
    made = Conversion(
        oneroster({**FILES, "classes": classes, "enrollments": header(ENROLLMENTS) + "e1,,,k9,s1,p1,teacher,,,\n"}),
        tmp_path,
    )
    made.check()
    assert made.cells("courses", "fullname") == [(title,), ("After",)]
    assert made.converted.origin["courses"].of(2) == [("classes.csv", 4)]
    assert made.converted.origin["courses"].of(4) == []
    assert made.converted.origin["courses"].of(5) == [("classes.csv", 6)]


def test_a_package_as_generators_of_others_write_it(tmp_path: Path):
    """Every cell in quotes, the header of the manifest twice, `termSourcedId` without a value, columns in another order and one more."""
    quoted = {
        name: "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in text.splitlines()) + "\n"
        for name, text in FILES.items()
        if '"' not in text
    }
    classes = "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedId,subjects,subjectCodes,periods\n"
    classes += '"k1","active","2026-09-01T08:00:00.000Z","Physics","09","phy","PHY","scheduled","","s1","","","",""\n'
    enrollments = "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate,courseSourcedId\n"
    enrollments += '"e1","active","2026-09-01T08:00:00.000Z","k1","s1","p2","student","","","","phy"\n'
    files = {**FILES, **quoted, "classes": classes, "enrollments": enrollments}
    said = (
        "propertyName,value\npropertyName,value\nmanifest.version,1.0\noneroster.version,1.1\n"
        + "\n".join(ALL)
        + "\nfile.results,absent\n"
    )
    made = Conversion(
        package({"manifest.csv": said, **{f"{name}.csv": text for name, text in files.items()}}), tmp_path
    )
    assert not made.problems and made.cells("enrolments", "uid", "cid") == [("p2", "k1")]
    assert "enrollments.csv: unknown column courseSourcedId" in " ".join(made.converted.notes)
    assert any("termSourcedId" in note and "not empty" in note for note in made.converted.notes)


def manifest(*lines: str) -> bytes:
    said = "\n".join(["propertyName,value", "manifest.version,1.0", *lines]) + "\n"
    return package({"manifest.csv": said, **{f"{name}.csv": text for name, text in FILES.items()}})


ALL = [f"file.{name},bulk" for name in FILES]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"no archive", "can't be read as a ZIP archive"),
        (package({"a.txt": "x"}), "no CSV file"),
        (package({"a.csv": "x,y\n1,2\n"}), "neither OneRoster"),
        (package({"users.csv": USERS_1_1, "orgs.csv": ORGS}), "no manifest.csv"),
        (manifest("oneroster.version,2.0", *ALL), "oneroster.version"),
        (manifest("oneroster.version,1.1", *ALL[1:]), "file.orgs is missing"),
        (manifest("oneroster.version,1.1", *ALL, "file.results,bulk"), "no results.csv"),
        (manifest("oneroster.version,1.1", *ALL[1:], "file.orgs,whole"), "bulk, delta or absent"),
        (manifest("oneroster.version,1.1", *ALL, "file.orgs,delta"), "file.orgs: it is there twice"),
        (package({"manifest.csv": "a,b\n"}), "propertyName,value"),
        (package({"manifest.csv": "propertyName,value\n" + "x" * 200_000}), "oneroster.version"),
        (oneroster({**FILES, "users": USERS_1_1.replace("username", "login")}), "users.csv: the column username is missing"),
        (oneroster({**FILES, "enrollments": header(ENROLLMENTS)}), "enrollments.csv: the file has a header but no line"),
        (oneroster({**FILES, "enrollments": ""}), "enrollments.csv: the file is empty"),
        (oneroster(FILES_1_2, "1.1"), "users.csv: the column orgSourcedIds is missing"),
        (package({"users.csv": "user_id,login_id\nu1,x\n"}), "users.csv: the column status is missing"),
        (package({"a/manifest.csv": "", "b/manifest.csv": ""}), "several files of this name"),
    ],
)  # fmt: skip
def test_a_package_that_makes_no_sense_is_rejected(content: bytes, word: str, tmp_path: Path):
    assert word in rejection(content, tmp_path)


def test_an_empty_delta_is_no_mistake(tmp_path: Path):
    made = Conversion(oneroster({**FILES, "enrollments": header(ENROLLMENTS)}, enrollments="delta"), tmp_path)
    assert [each.file_type for each in made.converted.files] == ["courses", "users"]
    assert "enrollments.csv: the file has a header but no line after it" in made.converted.notes


def test_a_truncated_file_does_not_state_the_whole_truth(tmp_path: Path):
    mapping = "bulk_params: {users: {mode: full, scope_auth: manual}, enrolments: {mode: full}}"
    cut = USERS_1_1[: USERS_1_1.index("p3,,,false") + 20]
    made = Conversion(oneroster({**FILES, "users": cut}), tmp_path, mapping)
    assert all("mode" not in each.params for each in made.converted.files)
    whole = {each.file_type: each.params for each in Conversion(oneroster(FILES), tmp_path, mapping).converted.files}
    assert whole["users"]["mode"] == whole["enrolments"]["mode"] == "full"
    part = Conversion(oneroster(FILES, users="delta"), tmp_path, mapping).converted.files
    assert ["mode" in each.params for each in part] == [False, False, True]


FULL = "bulk: yes\nbulk_params: {users: {mode: full, scope_auth: manual}, enrolments: {mode: full}}"


def test_nobody_goes_who_has_a_further_role_that_was_left_out_or_is_not_there(tmp_path: Path):
    mapping = FULL.replace("bulk: yes\n", "")
    parent = "r5,,,p2,secondary,parent,,,s1,\n"
    wrong = {**FILES_1_2, "roles": ROLES.replace("p2,primary,student", "p2,primary,studnt") + parent}
    made = Conversion(oneroster(wrong, "1.2"), tmp_path, mapping)
    assert ("users.csv", 3, "sourcedId") in made.problems  # and not without a word
    assert all("mode" not in each.params for each in made.converted.files)
    unreadable = {**FILES_1_2, "roles": ROLES.replace("r3,,,p2,", "r3,,,") + parent}  # nobody knows whose role that is
    made = Conversion(oneroster(unreadable, "1.2"), tmp_path, mapping)
    assert all("mode" not in each.params for each in made.converted.files)
    delta = {**FILES_1_2, "roles": ROLES.splitlines()[0] + "\n" + parent}
    made = Conversion(oneroster(delta, "1.2", roles="delta"), tmp_path, mapping)
    assert all("mode" not in each.params for each in made.converted.files)
    assert any("roles.csv is a delta" in note for note in made.converted.notes)


def test_a_file_that_nobody_knows_may_be_a_part_of_the_whole(tmp_path: Path):
    people = CANVAS["users.csv"].splitlines(keepends=True)
    parts = {**CANVAS, "users.csv": people[0] + people[1], "users_2.csv": "number,login\n" + "".join(people[2:])}
    parts["enrollments.csv"] = "course_id,user_id,role,status\nc1,u1,student,active\n"
    del parts["groups_membership.csv"]
    made = Conversion(package(parts), tmp_path, FULL)
    assert not made.problems
    assert all("mode" not in each.params for each in made.converted.files)
    assert any("users_2.csv may be a part of it" in note for note in made.converted.notes)
    del parts["users_2.csv"]
    assert any("mode" in each.params for each in Conversion(package(parts), tmp_path, FULL).converted.files)
    more = Conversion(oneroster({**FILES, "users2": USERS_1_1}), tmp_path)
    assert "users2.csv is not read: OneRoster has no such file" in more.converted.notes


def test_nobody_leaves_groups_because_a_package_does_not_say_who_is_in_them(tmp_path: Path):
    full = "bulk: yes\nbulk_params: {group_members: {mode: full}}"
    modes = []
    for without in ("admins.csv", "groups_membership.csv"):
        files = {name: text for name, text in CANVAS.items() if name != without}
        made = Conversion(package(files), tmp_path, full).converted
        modes.append(["mode" in each.params for each in made.files if each.file_type == "group_members"])
    assert modes == [[True], [False]]


def test_a_line_that_was_taken_for_a_comment_may_be_somebody(tmp_path: Path):
    mapping = FULL.replace("bulk: yes\n", "")
    hashed = {**FILES, "enrollments": ENROLLMENTS.replace("e3,", "#3,")}
    made = Conversion(oneroster(hashed), tmp_path, mapping).converted
    assert ["mode" in each.params for each in made.files] == [False, True, False]
    assert "enrollments.csv: lines that begin with #, and were skipped: 1" in made.notes


def zipped(name: str, content: bytes = b"x", mode: int = 0, encrypted: bool = False) -> bytes:
    stream = io.BytesIO(oneroster(FILES))
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as target:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr, info.compress_type = 3, mode << 16, zipfile.ZIP_DEFLATED
        target.writestr(info, content)
    found = bytearray(stream.getvalue())
    if encrypted:
        found[found.rindex(b"PK\1\2") + 8] |= 1
    return bytes(found)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (zipped("../../etc/users.csv"), "leads out of the archive"),
        (zipped("/etc/users.csv"), "absolute"),
        (zipped("C:\\users.csv"), "absolute"),
        (zipped("link.csv", b"/etc/passwd", stat.S_IFLNK | 0o777), "symbolic link"),
        (zipped("bomb.csv", b"0" * 30_000_000), "ZIP bombs"),
        (zipped("secret.csv", encrypted=True), "encrypted"),
        (zipped("Users.csv"), "users.csv: it is there twice"),
    ],
)
def test_a_hostile_archive_is_rejected(content: bytes, word: str, tmp_path: Path):
    assert word in rejection(content, tmp_path)
    with pytest.raises(PackageRejected):
        kind_of(Source(content))


def test_an_archive_that_is_too_large_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    limits = archive.ZipLimits(
        entries=3, entry_bytes=10_000, total_bytes=20_000, ratio=250, thing="file", others="exports"
    )
    monkeypatch.setattr(archive, "LIMITS", limits)
    assert "it has 7 entries" in rejection(oneroster(FILES), tmp_path)


def test_files_of_which_nothing_is_made_are_checked_and_told_in_notes(tmp_path: Path):
    once = Conversion(oneroster(FILES), tmp_path)
    others = {
        "demographics": "sourcedId,sex,birthDate\np1,female,1990-01-01\np77,none,1990\n",
        "results": 'sourcedId,lineItemSourcedId\n"r1,l1\n',
        "lineItems": "",
    }
    made = Conversion(oneroster({**FILES, **others}), tmp_path)
    assert made.texts == once.texts and not made.problems
    notes = "; ".join(made.converted.notes)
    for told in (
        "demographics.csv was checked; nothing of it becomes part of a site",
        "demographics.csv, column sex: expected: male, female",
        "lines where that is not so: 1, the first is 3",
        "demographics.csv, column sourcedId: 1 line refers to what users.csv does not have",
        "results.csv: the column scoreStatus is missing",
        "results.csv: lines that can't be read: 1, the first is 2",
        "lineItems.csv: the file is empty",
    ):
        assert told in notes


def test_every_file_of_the_standards_has_a_suite():
    for kind in KINDS.values():
        names = {suite for file in kind.files for suite in file.suites} | kind.looked_at
        assert {path.stem for path in (INCLUDE / "expectations/feeds" / kind.name).glob("*.json")} == names
        for name in names:
            suite = suite_of(kind.name, name)
            known = {column.name for column in suite.columns}
            meta = suite.document["meta"]["toolsync"]
            assert {each["kwargs"]["column"] for each in suite.expectations} <= known
            assert {each["column"] for each in meta["references"]} | {meta.get("identity") or "status"} <= known | {
                "status"
            }
            assert {each["file"] for each in meta["references"]} <= {file.name for file in kind.files}


def test_every_suite_is_used_on_its_file(tmp_path: Path):
    """Roles are checked, too, and references to people that they have."""
    made = Conversion(oneroster({**FILES_1_2, "roles": ROLES + "r10,,,p88,first,teacher,,,s1,\n"}, "1.2"), tmp_path)
    assert made.problems == [("roles.csv", 7, "roleType")]
    wrong = Conversion(oneroster({**FILES_1_2, "roles": ROLES.replace("p9,primary", "p9,first")}, "1.2"), tmp_path)
    assert wrong.problems == [
        ("users.csv", 5, "sourcedId"),
        ("roles.csv", 6, "roleType"),
    ]
    made = Conversion(oneroster({**FILES_1_2, "roles": ROLES + "r10,,,p88,primary,teacher,,,s1,\n"}, "1.2"), tmp_path)
    assert made.problems == [("roles.csv", 7, "userSourcedId")]
    assert SESSIONS.count("\n") == 4
