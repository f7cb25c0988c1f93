"""The tryback of a package: a package of what failed, which can be corrected and dropped again."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

from tests.feeds.converting import Conversion
from tests.feeds.test_canvas import FILES as CANVAS
from tests.feeds.test_oneroster import FILES, FILES_1_2, ORGS, header
from tests.support.packages import oneroster, package
from tests.support.site import Site
from toolsync.feeds.origin import load_origins


def texts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def failed_lines(report: dict[str, Any]) -> set[int]:
    with Path(report["lines"]).open(newline="") as stream:
        return {int(row["line"]) for row in csv.DictReader(stream) if row["outcome"] == "failed"}


def test_it_holds_what_was_left_out_and_what_that_needs(tmp_path: Path):
    made = Conversion(oneroster({**FILES, "orgs": ORGS.replace("s1,,,", "s1,gone,,")}), tmp_path)
    found = texts(made.tryback())
    assert found["orgs.csv"].splitlines()[1:] == [
        "d1,,,Riverside,district,1,",
        's1,gone,,"North/South High",school,11,d1',
    ]
    assert [line[:2] for line in found["classes.csv"].splitlines()[1:]] == ["k2"]
    assert [line[:2] for line in found["enrollments.csv"].splitlines()[1:]] == ["e3"]
    assert "users.csv" not in found  # people are found by what identifies them, so the site knows them
    said = dict(line.split(",") for line in found["manifest.csv"].splitlines())
    assert said["file.orgs"] == said["file.enrollments"] == "delta" and said["file.users"] == "absent"
    assert said["oneroster.version"] == "1.1" and said["source.systemName"] == "Tests"

    mended = {name.removesuffix(".csv"): text for name, text in found.items() if name != "manifest.csv"}
    mended["orgs"] = mended["orgs"].replace("s1,gone,", "s1,,")
    again = Conversion(oneroster(mended, mode="delta"), tmp_path)
    assert not again.problems
    assert again.cells("courses", "idnumber", "category", "startdate") == [
        ("k2", "Riverside / North\\/South High", "2026-09-01")
    ]
    assert again.cells("enrolments", "uid", "cid") == [("p2", "k2")]


def test_lines_that_failed_on_the_site_come_back(site: Site, airflow: None, tmp_path: Path):
    users = FILES["users"] + "p4,,,true,s1,student,guest,,Some,Guest,,,,,,,,\n"
    enrollments = FILES["enrollments"] + "e8,,,k1,s1,p4,student,,,\n"
    made = Conversion(oneroster({**FILES, "users": users, "enrollments": enrollments}), tmp_path)
    reports = made.run(site)
    failed = {each: failed_lines(report) for each, report in reports.items()}
    assert [reports[each]["counts"]["failed"] for each in ("users", "enrolments")] == [1, 1]
    found = texts(made.tryback(**failed))
    assert found["users.csv"] == header(FILES["users"]) + "p4,,,true,s1,student,guest,,Some,Guest,,,,,,,,\n"
    assert found["enrollments.csv"] == header(FILES["enrollments"]) + "e8,,,k1,s1,p4,student,,,\n"


def test_people_come_back_with_what_they_are_and_sections_with_where_they_are_taught(tmp_path: Path):
    mapping = 'users: {columns: {institution: "{org.name}"}}'
    made = Conversion(oneroster(FILES_1_2, "1.2"), tmp_path, mapping)
    found = texts(made.tryback(users={2}))
    assert [line.split(",")[0] for line in found["roles.csv"].splitlines()[1:]] == ["r1", "r2"]
    again = Conversion(made.tryback(users={2}), tmp_path, mapping)
    assert again.rows("users") == made.rows("users")[:1]

    made = Conversion(package(CANVAS), tmp_path)
    [at] = [number for number, row in enumerate(made.rows("enrolments"), 2) if row["uid"] == "u3"]
    again = Conversion(made.tryback(enrolments={at}), tmp_path)
    assert again.cells("enrolments", "uid", "cid") == [("u3", "c3")]


def test_an_enrolment_comes_back_with_those_that_go_on_beside_it(tmp_path: Path):
    """Without them, the end of one would be the end of all."""
    lines = "e1,,,k1,s1,p1,teacher,,,\ne2,tobedeleted,,k1,s1,p1,aide,,2026-13-01,\ne3,,,k2,s1,p1,teacher,,,\n"
    made = Conversion(oneroster({**FILES, "enrollments": header(FILES["enrollments"]) + lines}), tmp_path)
    again = texts(made.tryback())["enrollments.csv"].replace("2026-13-01", "").splitlines()[1:]
    assert [line[:2] for line in again] == ["e1", "e2"]

    lines = "c3,u1,teacher,,active\n,u1,student,s3,deleted\nc2,u1,ta,,active\n,u2,student,s3,active\n"
    enrollments = f"course_id,user_id,role,section_id,status,end_date\n{lines}".replace("active\n", "active,\n")
    files = {**CANVAS, "enrollments.csv": enrollments.replace("deleted\n", "deleted,soon\n")}
    found = texts(Conversion(package(files), tmp_path).tryback())
    found["enrollments.csv"] = found["enrollments.csv"].replace("soon", "")
    made = Conversion(package(found), tmp_path)
    assert made.cells("enrolments", "cmd", "uid", "cid", "enrol") == [("add", "u1", "c3", "manual"), ("del", "u1", "c3", "-")]  # fmt: skip


def test_nothing_failed_and_nothing_is_written(tmp_path: Path):
    assert Conversion(oneroster(FILES), tmp_path).tryback(users=set()) == b""


def test_a_canvas_package_has_no_manifest_and_keeps_its_names_and_bytes(tmp_path: Path):
    files = {
        **CANVAS,
        "enrollments.csv": 'COURSE_ID;user_id;role;status\r\nc1;u1;"dean";active\r\nc1;u2;student;active\r\n',
    }
    made = Conversion(package(files), tmp_path)
    assert texts(made.tryback()) == {"enrollments.csv": 'COURSE_ID;user_id;role;status\r\nc1;u1;"dean";active\r\n'}
    by_name = Conversion(package(files), tmp_path, "users: {key: username}")
    assert texts(by_name.tryback())["users.csv"].splitlines()[1:] == ["u1,bsmith,Bob,Smith,,,bob@example.org,active"]


def test_a_tryback_states_no_whole_truth_even_where_packages_do(tmp_path: Path):
    mapping = "bulk: yes\nbulk_params: {enrolments: {mode: full}}\n"
    files = {**CANVAS, "courses.csv": CANVAS["courses.csv"].replace("c3,ENG3,", "c3,,")}
    made = Conversion(package(files), tmp_path, mapping)
    found = made.tryback(courses={2})
    again = Conversion(found, tmp_path, mapping)
    assert [(file, line) for file, line, _ in made.problems] == [
        ("courses.csv", 4),
        ("sections.csv", 4),
        ("xlists.csv", 2),
        ("enrollments.csv", 5),  # a section is not taught where it was before instead
        ("enrollments.csv", 7),
    ]
    assert [(file, line) for file, line, _ in again.problems] == [
        ("courses.csv", 3),
        ("sections.csv", 2),
        ("xlists.csv", 2),
        ("enrollments.csv", 2),
        ("enrollments.csv", 3),
    ]
    assert [each.file_type for each in again.converted.files] == ["courses"]
    assert all("mode" not in each.params for each in again.converted.files)


def test_where_lines_come_from_can_be_kept(tmp_path: Path):
    made = Conversion(oneroster(FILES), tmp_path).converted
    kept = io.BytesIO()
    for origin in made.origin.values():
        origin.save(kept)
    kept.seek(0)
    assert {name: list(origin) for name, origin in load_origins(kept).items()} == {
        name: list(origin) for name, origin in made.origin.items()
    }
