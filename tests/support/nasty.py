"""Bad cells on otherwise good lines: nobody should ever read a message of the database server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from tests.support.generated import File
from tests.support.sandbox import Sandbox, opened
from toolsync.reading.staging import Stager
from toolsync.reading.suite import load_suite
from toolsync.reading.values import read_zone
from toolsync.reporting.outcomes import Outcomes
from toolsync.running.execution import Execution, StagedLine

RAW = re.compile(
    r"the database refuses|Data too long|Incorrect \w+|Out of range|Duplicate entry|Illegal mix|Truncated|cannot be null|at row \d|SQL syntax",
    re.IGNORECASE,
)
NASTIEST = [
    "", " ", "x" * 300, "y " * 35_000, "😀", "a\u200bb", "'", "\\", "<b>", "-1", "0", "99999999999999999999", "2147483648", "1e9",
    "2026-13-45", "NULL", "=1+1", "a|b,c/d", "\udcff",
]  # fmt: skip
NASTY = [
    *NASTIEST, "\0", "\udced\udca0\udc80", '"', "a\\", "\\N", "@SUM(A1)", "%s %d %", "{user}", "{{ 7 * 7 }}", "a/b", " / ", "//", "/ a", ",", "|", "a|",
    "é" * 256, "😀" * 120, "İ" * 100, "ß", "ﬁ", "日本語", "tab\there", "two\nlines", "../../x", "\u202eabc", "1", "1.5", "true", "yes", "no", "all", "none", "*", "-",
    "z" * 51, "z" * 101, "z" * 256, "9223372036854775807", "9223372036854775808", "-9223372036854775809", "4294967296", "65536", "0x10", "+5", "00", "2026-09-01",
    "1789000000", "9999-12-31", "0000-00-00", "u001", "C101", "G1", "COH1", "student", "manual", "k" * 1334, "10 days", "SCI", "<script>", "&lt;", "&#44", "a b c",
]  # fmt: skip


class Raw(File):
    """A file whose cells may hold what no text holds: a lone surrogate stands for its byte."""

    @property
    def text(self) -> str:
        return "".join(",".join(map(_quoted, row)) + "\n" for row in [self.columns, *self.rows])

    def open(self, mode: str) -> BytesIO:
        return BytesIO(self.text.encode(errors="surrogateescape"))


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


@dataclass(frozen=True)
class Good:
    """Good lines of a type.

    :param kind: the type.
    :param cells: of a line, by column; `{n}` is its number.
    :param beside: more cells where the bad cell is in a column of that name, a regular expression.
    :param before: what the site must have for line `{n}`: the line of another good file.
    :param few: the columns that stand for all others in a short test, a regular expression: lines about one course run one after the other.
    """

    name: str
    kind: str
    cells: Mapping[str, str]
    beside: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[str, Mapping[str, str]] | None = None
    few: str = ".*"

    def line(self, column: str, value: str, number: int) -> dict[str, str]:
        cells = dict(self.cells)
        for pattern, more in self.beside.items():
            if re.fullmatch(pattern, column):
                cells |= more
        return {name: text.replace("{n}", str(number)) for name, text in cells.items()} | {column: value}

    def columns(self, sandbox: Sandbox) -> list[str]:
        """Every column of the type, and one of each family."""
        found: list[str] = []
        for spec in load_suite(self.kind).columns:
            if spec.type == "ignored":
                continue
            if "*" in spec.name:
                table = "user_info_field" if self.kind == "users" else "customfield_field"
                names = [name for (name,) in sandbox.session.rows(f"SELECT shortname FROM {{{table}}} ORDER BY id")]
                found += [spec.name.replace("*", name) for name in names]
            else:
                found.append(spec.name.replace("#", "1"))
        return found


PERSON = {"username": "fz{n}", "firstname": "F", "lastname": "L", "email": "fz{n}@example.org"}
IN_COURSE = {
    r"(role|enrol|group|start|end|enrolperiod|enrolstatus|type)1": {"course1": "C101"},
    "cohortid": {"cohort": "fz{n}"},
}
COURSE = {"shortname": "fz{n}", "fullname": "Fz {n}", "category": "Science"}
OF_COURSES = {
    r"enrolment_1_.*": {"enrolment_1": "self"},
    r"enrolment_1_cohortidnumber": {"enrolment_1": "cohort", "enrolment_1_role": "student"},
    r"enrolment_1_metacoursename": {"enrolment_1": "meta"},
    r"enrolment_1_addtogroup": {
        "enrolment_1": "cohort",
        "enrolment_1_cohortidnumber": "COH1",
        "enrolment_1_role": "student",
    },
    r"enrolment_1_groupname": {
        "enrolment_1": "cohort",
        "enrolment_1_cohortidnumber": "COH1",
        "enrolment_1_role": "student",
    },
    r"teacher1_role": {"teacher1_account": "u001"},
    r"category_(path|idnumber)": {"category": ""},
}
GOODS = [
    Good("new accounts", "users", PERSON, IN_COURSE),
    Good("accounts", "users", {"username": "fz{n}"}, IN_COURSE, {"allow_rename": True}, ("users", PERSON)),
    Good("new courses", "courses", COURSE, OF_COURSES),
    Good("courses", "courses", {"shortname": "fz{n}"}, OF_COURSES, {"force_update": True, "template_mode": "add"}, ("courses", COURSE)),
    Good("enrolments", "enrolments", {"rolename": "student", "uid": "fz{n}", "cid": "C102"}, {"g1": {"gcmd": "gaddcreate"}, "gcmd": {"g1": "G1"}},
         before=("users", PERSON)),
    Good("new groups", "groups", {"courseid": "C101", "name": "fz{n}"}),
    Good("new groupings", "groups", {"courseid": "C101", "name": "fz{n}", "type": "grouping"}),
    Good("groups", "groups", {"courseid": "C101", "name": "fy{n}", "updateid": "fz{n}"}, options={"group_id_field": "name"},
         before=("groups", {"courseid": "C101", "name": "fz{n}"})),
    Good("group members", "group_members", {"courseid": "C101", "groupid": "C101G1", "userid": "u001"}),
    Good("new cohorts", "cohorts", {"cid": "fz{n}", "cname": "Fz {n}"}),
    Good("cohorts by name", "cohorts", {"cid": "Fz {n}"}, options={"cohort_id_field": "name"}),
    Good("cohorts", "cohorts", {"cid": "fz{n}"}, before=("cohorts", {"cid": "fz{n}", "cname": "Fz {n}"})),
    Good("cohort bindings", "cohort_bindings", {"cohort": "fz{n}", "course": "C103"}, before=("cohorts", {"cid": "fz{n}", "cname": "Fz {n}"})),
    Good("meta links", "course_meta_links", {"master": "C101", "meta": "C102"}),
    Good("accounts by idnumber", "users", {"idnumber": "ID001"}, options={"user_id_field": "idnumber"}, few="idnumber|id|username|email"),
    Good("accounts by id", "users", {"id": "3"}, options={"user_id_field": "id", "allow_rename": True}, few="idnumber|id|username|email"),
    Good("accounts by email", "users", {"email": "u001@example.org"}, options={"user_id_field": "email"}, few="email"),
    Good("courses by idnumber", "courses", COURSE | {"idnumber": "fz{n}", "category": "1"}, {"category_(path|idnumber)": {"category": ""}},
         {"course_id_field": "idnumber", "category_id_field": "id"}, few="idnumber|shortname|category.*|template|rename"),
    Good("courses by category's idnumber", "courses", COURSE | {"category": "SCI"}, options={"category_id_field": "idnumber"}, few="category.*"),
    Good("courses by id", "courses", {"id": "3"}, options={"course_id_field": "id", "force_update": True}, few="idnumber|id|shortname"),
    Good("enrolments by id", "enrolments", {"rolename": "student", "uid": "3", "cid": "3"},
         options={"user_id_field": "id", "course_id_field": "id"}, few="uid|cid|rolename|enrol"),
    Good("enrolments by idnumber", "enrolments", {"rolename": "student", "uid": "ID001", "cid": "IDC101"},
         options={"user_id_field": "idnumber", "course_id_field": "idnumber"}, few="uid|cid"),
    Good("group members by id", "group_members", {"courseid": "3", "groupid": "3", "userid": "3"},
         options={"user_id_field": "id", "course_id_field": "id", "group_id_field": "id", "purge_empty": "all"}),
    Good("group members by name", "group_members", {"courseid": "IDC101", "groupid": "G1", "userid": "u001@example.org"},
         options={"user_id_field": "email", "course_id_field": "idnumber", "group_id_field": "name"}),
    Good("cohorts by id", "cohorts", {"cid": "1"}, options={"cohort_id_field": "id", "user_id_field": "id"}),
    Good("bindings by id", "cohort_bindings", {"cohort": "1", "course": "3"}, options={"cohort_id_field": "id", "course_id_field": "id"}),
    Good("bindings by name", "cohort_bindings", {"cohort": "First years", "course": "IDC101"}, options={"cohort_id_field": "name", "course_id_field": "idnumber"}),
    Good("meta links by id", "course_meta_links", {"master": "3", "meta": "4"}, options={"course_id_field": "id"}),
    Good("deletions by id", "courses_delete", {"id": "3"}, options={"course_id_field": "id"}, few="id"),
    Good("checks by id", "courses_check", {"id": "3"}, options={"course_id_field": "id"}),
    Good("checks by idnumber", "courses_check", {"idnumber": "IDC101"}, options={"course_id_field": "idnumber"}),
    Good("checks", "courses_check", {"shortname": "C101"}),
    Good("deletions", "courses_delete", {"shortname": "C101"}),
    Good("resets", "courses_reset", {"shortname": "C101"}, few=r"shortname|idnumber|id|startdate|events|grades|roles|local_roles|group.*|modules|quiz"),
    Good("putting back", "courses_restore", {"shortname": "C101"}),
]  # fmt: skip


def raw_messages(sandbox: Sandbox, good: Good, values: Sequence[str], columns: Sequence[str] = ()) -> list[str]:
    """Execute a file with one bad cell a line, on the pristine site.

    :param columns: that get bad cells, and that the file has beside those of a good line; by default all of the type.
    :return: what people would read of the database server's own words: column, value, message.
    """
    bad = list(columns or good.columns(sandbox))
    cases = [(column, value) for column in bad for value in values]
    lines = [good.line(column, value, number) for number, (column, value) in enumerate(cases)]
    names = list(dict.fromkeys([*good.cells, *bad, *(name for line in lines for name in line)]))
    file = Raw(
        good.kind, tuple(names), tuple(tuple(line.get(name, "") for name in names) for line in lines), good.options
    )
    with sandbox.undone():
        if good.before:
            kind, cells = good.before
            rows = tuple(
                tuple(text.replace("{n}", str(number)) for text in cells.values()) for number in range(len(cases))
            )
            made = sandbox.execute(File(kind, tuple(cells), rows, {"auto_create": True} if kind == "cohorts" else {}))
            assert {status for _, status, *_ in made.lines} == {"created"}, made.lines[:3]
        return [
            f"{good.name}, {cases[number][0]} = {cases[number][1][:40]!r}: {message}"
            for number, message in _told(sandbox, file)
            if RAW.search(message)
        ]


def _told(sandbox: Sandbox, file: File) -> Iterator[tuple[int, str]]:
    """Every message about a file, with the number of its line from 0."""
    from toolsync.reading.validator import Validator

    suite, command = load_suite(file.kind), opened(file)
    records = [record for some in command.records() for record in some if not record.continued]
    there = [number for number, row in enumerate(file.rows) if any(cell.strip() for cell in row)]
    numbers = {record.line: number for record, number in zip(records, there, strict=True)}
    found = Validator(suite, command.header).check(records)
    failed = {problem.line for problem in found.problems}
    yield from ((numbers[problem.line], problem.message) for problem in found.problems)
    stager = Stager(suite, command.header, read_zone(sandbox.session.timezone), sandbox.session.schema.limits)
    lines = [
        StagedLine(record.line, *stager.values(record), stager.misfit(record))
        for record in records
        if record.line not in failed and record.values is not None
    ]
    outcomes = _executed(sandbox, file, command, lines)
    for line, _, _, message in outcomes.lines:
        if message:
            yield numbers[line], message
    yield from ((numbers[line], message) for line, _, message in outcomes.problems + outcomes.notes)


def _executed(sandbox: Sandbox, file: File, command: Any, lines: list[StagedLine]) -> Outcomes:
    folder = sandbox.folder(file, command)
    execution = Execution(folder, [(spec.name, spec.type) for spec in load_suite(file.kind).plain_columns])
    outcomes = sandbox.later(execution.run, lines)
    failed = {line for line, status, *_ in outcomes.lines if status == "failed"}
    left = [line for line in lines if line.line not in failed]
    if folder.end and left:
        outcomes.add(sandbox.later(execution.end, left))
    return outcomes
