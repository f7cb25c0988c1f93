"""Files as spreadsheets and other programs leave them, through the whole pipeline; their trybacks are dropped again."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site

pytestmark = pytest.mark.usefixtures("airflow")


def remarks(result: dict[str, Any]) -> list[tuple[str, ...]]:
    """Line, column, value and message of each failed line."""
    with open(result["lines"], newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return [(r["line"], r["column"], r["value"], r["message"]) for r in rows if r["outcome"] == "failed"]


def test_short_and_long_lines(site: Site):
    lines = [
        "cmd;cid;uid;rolename;enrol;gcmd;g1;g2",
        "add;C103;u041;student;manual;gaddcreate;Red;Blue",
        "add;C103;u042;student;manual;gaddcreate;Red",
        "add;C103;u043;student",
        "add;C103;u044;student;manual;;;;",
        "add;C103;u045;student;manual;;;;;x",
        "add;C103;u046;student;manual;gaddcreate;Red;Blue; ;",
    ]
    result = site.run("toolsync_enrolments", "\n".join(lines) + "\n")
    assert remarks(result) == [
        ("6", "", "", "cell 10 has a value, and the header has 8: put a value that holds a semicolon in quotes")
    ]
    assert Path(result["tryback"]).read_text() == f"{lines[0]}\n{lines[5]}\n"
    enrolled = site.rows(
        "SELECT u.username FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid JOIN {course} c ON c.id = e.courseid "
        "JOIN {user} u ON u.id = ue.userid WHERE c.shortname = 'C103' AND u.username LIKE 'u04%' ORDER BY 1"
    )
    assert [name for (name,) in enrolled] == ["u041", "u042", "u043", "u044", "u046"]


def test_columns_without_a_name(site: Site):
    text = "username,firstname,lastname,email,,,\nann.one,Ann,One,ann.one@example.org,,,\nann.two,Ann,Two,two@example.org,,x,\n,,,,,,\n"
    result = site.run("toolsync_users", text)
    assert result["counts"]["created"] == 1
    [(line, _, value, message)] = remarks(result)
    assert (line, value) == ("3", "") and message.startswith("column 6 has a value, but no name in the header")
    report = Path(result["report"]).read_text()
    assert report.count("columns 5 to 7 have no name and are ignored; a line with a value there fails") == 1
    assert Path(result["tryback"]).read_text() == "".join(text.splitlines(keepends=True)[i] for i in (0, 2))


def test_the_line_sep_is_in_the_tryback(site: Site):
    lines = ["\ufeffsep=;", "username;email", "u001;one@example.org", "u002;none", ""]
    result = site.run("toolsync_users", "\r\n".join(lines))
    assert [remark[:3] for remark in remarks(result)] == [("4", "email", "none")]
    tryback = Path(result["tryback"]).read_bytes()
    assert tryback == "\r\n".join([*lines[:2], *lines[3:]]).encode()
    again = site.run("toolsync_users", tryback.decode().replace("none", "two@example.org"))
    assert again["counts"]["updated"] == 1 and again["counts"]["failed"] == 0


def test_a_line_sep_that_contradicts_the_param(site: Site):
    result = site.run("toolsync_users", "sep=;\nusername;email\nu001;x@example.org\n", delimiter=",")
    said = "line 1, sep=, says that the delimiter is a semicolon, and Param delimiter that it is a comma"
    assert said in Path(result["report"]).read_text()


def test_a_name_with_an_invisible_character(site: Site, pristine: Site):
    text = "\ufeff\ufeffusername,\u200bfirstname,last name,e-mail\nann.h,Ann,H,ann.h@example.org\n"
    result = site.run("toolsync_users", text)
    report = Path(result["report"]).read_text()
    assert "unknown column U+200Bfirstname: its name holds U+200B, which nobody sees; is it firstname?" in report
    assert "unknown column last name; is it lastname?" in report and "unknown column e-mail; is it email?" in report
    assert site.changed(pristine) == []


def test_a_value_with_an_invisible_character(site: Site, pristine: Site):
    result = site.run("toolsync_enrolments", "rolename,uid,cid\nstudent,u041\u200b,C103\nstudent,u042,C\u200b103\n")
    found = remarks(result)
    assert [remark[:3] for remark in found] == [("2", "uid", "u041U+200B"), ("3", "cid", "CU+200B103")]
    report = Path(result["report"]).read_text()
    assert "\u200b" not in report and "u041U+200B" in report
    assert site.changed(pristine) == []


@pytest.mark.parametrize(
    ("dag", "text", "line", "column", "day"),
    [
        ("enrolments", "cmd,rolename,uid,cid,starttime,endtime\nadd,student,u042,C103,46266.375,\n", "2", "starttime", "2026-09-01 09:00"),
        ("enrolments", "cmd,rolename,uid,cid,starttime,endtime\nadd,student,u043,C103,,46568\n", "2", "endtime", "2027-06-30"),
        ("courses", "shortname,fullname,category,startdate\nXL1,XL 1,Science,46266\n", "2", "startdate", "2026-09-01"),
        ("courses_reset", "shortname,startdate,events\nC101,46266,no\n", "2", "startdate", "2026-09-01"),
        ("users", "username,course1,enroltimestart1\nu041,C103,46266\n", "2", "enroltimestart1", "2026-09-01"),
        ("cohort_bindings", "cohort,course,enrolend\nCH1,C103,46266\n", "2", "enrolend", "2026-09-01"),
    ],
)  # fmt: skip
def test_a_spreadsheets_number_of_a_day(
    site: Site, pristine: Site, dag: str, text: str, line: str, column: str, day: str
):
    result = site.run(f"toolsync_{dag}", text)
    assert [remark[:2] for remark in remarks(result)] == [(line, column)]
    assert remarks(result)[0][3] == f"this looks like a spreadsheet's number for {day}: write the date"
    assert Path(result["tryback"]).read_text() == text
    assert site.changed(pristine) == []


def test_a_spreadsheets_number_in_a_field_of_the_site(site: Site):
    values = ["46266", '"46266,5"', "46266.25", "-1", "365", "0", "2026-09-01"]
    lines = [f"u{number:03},{value}" for number, value in enumerate(values, start=3)]
    result = site.run("toolsync_users", "\n".join(["username,profile_field_birthday", *lines, ""]))
    number = "this looks like a spreadsheet's number for 2026-09-01: write the date"
    other = "expected a date: 2026-09-01, 2026-09-01 08:00, or Unix seconds of 9 digits and more"
    assert [remark[3] for remark in remarks(result)] == [number, number, number, other, other]
    text = "shortname,customfield_audit\nC101,46266\nC102,365\nC103,2026-05-05\n"
    result = site.run("toolsync_courses", text, force_update=True)
    assert [remark[1:] for remark in remarks(result)] == [
        ("customfield_audit", "46266", number),
        ("customfield_audit", "365", other),
    ]


def test_a_timezone_that_is_not_there(site: Site):
    result = site.run("toolsync_users", "username,timezone\nu001,Nowhere/City\nu002,Asia/Tokyo\nu003,paris\nu004,5.5\n")
    assert remarks(result) == [
        ("2", "timezone", "Nowhere/City", "expected: a time zone such as Europe/Paris, or 99"),
        ("4", "timezone", "paris", "expected: a time zone such as Europe/Paris, or 99; is it Europe/Paris?"),
    ]


def test_the_tryback_of_a_list_is_deleted_by_the_same_delimiter(site: Site):
    result = site.run("toolsync_courses_delete", "C106|old\nNOPE\nC107x|C108\n", require_approval=False)
    assert (result["counts"]["deleted"], result["counts"]["failed"]) == (1, 2)
    tryback = Path(result["tryback"])
    assert tryback.read_text() == "shortname|description\nNOPE\nC107x|C108\n"
    again = site.run("toolsync_courses_delete", tryback, require_approval=False)
    assert (again["counts"]["deleted"], again["counts"]["failed"]) == (0, 2)
    assert Path(again["tryback"]).read_text() == "shortname|description\nNOPE\nC107x|C108\n"


def test_the_tryback_of_a_list_is_checked_by_the_same_delimiter(site: Site):
    site.rows("UPDATE {course} SET idnumber = 'TWICE' WHERE id IN (4, 5)")
    result = site.run("toolsync_courses_check", "IDC101|a\r\nTWICE\r\nTWICE|x;y\r\n", course_id_field="idnumber")
    tryback = Path(result["tryback"])
    assert tryback.read_bytes() == b"idnumber|description\r\nTWICE\r\nTWICE|x;y\r\n"
    again = site.run("toolsync_courses_check", tryback)
    assert again["counts"]["failed"] == 2 and Path(again["tryback"]).read_bytes() == tryback.read_bytes()
