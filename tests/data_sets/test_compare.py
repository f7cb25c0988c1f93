"""Which lines run, by type: those about a thing of which anything changed. No site is needed."""

from __future__ import annotations

import io
from itertools import chain
from typing import Any

import pytest

from toolsync.data_sets.compare import Compared, compare
from toolsync.data_sets.things import things_of
from toolsync.reading.command_file import CommandFile
from toolsync.reading.suite import load_suite
from toolsync.run import load_dag


class Text:
    """A file in memory."""

    def __init__(self, text: str) -> None:
        self.content = text.encode()

    def open(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self.content)


def compared(kind: str, text: str, known: bytes = b"", **params: Any) -> Compared:
    options = {**load_dag(f"toolsync_{kind}").params.dump(), **params}
    suite = load_suite(kind)
    file = CommandFile.open(Text(text), suite=suite, key_column=options[suite.key.param] if suite.key else None)
    things = things_of(kind, file.header, options)
    return compare(chain.from_iterable(file.records()), things, "salt", known)


def runs(kind: str, before: str, after: str, failed: set[int] | None = None, **params: Any) -> list[int]:
    """The lines of `after` that run, counted from 1 without the header."""
    known = compared(kind, before, **params).done({line + 1 for line in failed or ()})
    now = compared(kind, after, known, **params)
    return [line - 1 for line in now.lines[now.runs].tolist()]


def lines(header: str, *rows: str) -> str:
    return "".join(f"{row}\n" for row in (header, *rows))


USERS, ENROLMENTS, COHORTS = "username,oldusername,city", "cmd,rolename,uid,cid", "cmd,cidnumber,cname,userid"
COURSES = "shortname,rename,fullname,template,enrolment_1,enrolment_1_metacoursename"
CASES: list[tuple[str, str, list[str], list[str], list[int]]] = [
    # A line changes, one comes, one goes.
    ("users", USERS, ["a,,Ulm", "b,,Ulm"], ["a,,Ulm", "b,,Rom", "c,,Rom"], [2, 3]),
    ("users", USERS, ["a,,Ulm", "b,,Ulm"], ["b,,Ulm"], []),
    ("users", USERS, ["a,,Ulm", "b,,Ulm"], ["b,,Ulm", "a,,Ulm"], []),
    # Several lines about one account: by another case, by the name that it had.
    ("users", USERS, ["a,,Ulm", "b,,Ulm"], ["a,,Ulm", "b,,Ulm", "Á,,Rom"], [1, 3]),
    ("users", USERS, ["a,,Ulm", "A,,Rom"], ["A,,Rom"], [1]),
    ("users", USERS, ["a,,Ulm", "A,,Rom"], ["A,,Rom", "a,,Ulm"], [1, 2]),
    ("users", USERS, ["a,,Ulm", "b,a,Ulm", "c,,Ulm"], ["a,,Rom", "b,a,Ulm", "c,,Ulm"], [1, 2]),
    # Nothing says whom a line is about.
    ("users", USERS, [",,Ulm"], [",,Ulm"], [1]),
    ("enrolments", ENROLMENTS, ["add,s,u,A", "add,s,u,B"], ["add,t,u,A", "add,s,u,B"], [1]),
    # Whoever leaves a course may leave others with it.
    ("enrolments", ENROLMENTS, ["add,s,u,A", "add,s,u,B", "add,s,v,A"], ["del,,u,A", "add,s,u,B", "add,s,v,A"], [1, 2]),
    ("enrolments", ENROLMENTS, ["del,,u,A", "add,s,u,B"], ["del,,u,A", "add,s,u,B", "add,s,u,C"], [1, 2, 3]),
    ("group_members", "courseid,groupid,userid", ["A,g,u", "A,h,u", "A,g,v"], ["A,i,u", "A,h,u", "A,g,v"], [1, 2]),
    ("groups", "courseid,name", ["A,g", "A,h", "B,g"], ["A,g", "A,i", "B,g"], [1, 2]),
    ("cohorts", COHORTS, ["add,C,N,u", "add,C,N,v"], ["add,C,N,u", "add,C,N,v", "add,C,N,w"], [3]),
    # What lines say of the cohort itself.
    ("cohorts", COHORTS, ["add,C,N,u", "add,C,N,v"], ["add,C,N,u", "add,C,M,v"], [1, 2]),
    ("cohorts", COHORTS, ["add,C,N,u", "add,C,M,v"], ["add,C,N,u", "add,C,M,v", "add,C,M,w"], [1, 2, 3]),
    ("cohorts", COHORTS, ["add,C,N,u", "add,D,N,u"], ["add,C,N,u", "free,C,,", "add,D,N,u"], [1, 2]),
    ("cohorts", COHORTS, ["free,C,,", "add,C,N,u"], ["add,C,N,u"], [1]),
    ("cohort_bindings", "cohort,course", ["C,A", "D,A", "C,B"], ["C,A", "C,B"], [1]),
    ("course_meta_links", "master,meta", ["A,X", "B,X", "A,Y"], ["A,X", "A,Y"], [1]),
    ("course_meta_links", "master,meta", ["A,X", "X,Y", "B,Y"], ["A,X", "X,Y", "B,Y", "C,X"], [1, 2, 3, 4]),
    ("courses", COURSES, ["A,,a,,,", "B,,b,,,"], ["A,,z,,,", "B,,b,,,"], [1]),
    ("courses", COURSES, ["A,B,a,,,", "B,,b,,,", "C,,c,,,"], ["A,B,a,,,", "B,,z,,,", "C,,c,,,"], [1, 2]),
    ("courses", COURSES, ["A,,a,,,", "B,,b,A,,", "C,,c,,meta,A"], ["A,,z,,,", "B,,b,A,,", "C,,c,,meta,A"], [1, 2, 3]),
    ("courses", COURSES, ["A,,a,,,", "B,,b,A,,", "C,,c,,meta,A"], ["A,,a,,,", "B,,z,A,,", "C,,c,,meta,A"], [1, 2, 3]),
    ("courses", "shortname,sortorder", ["A,1", "B,2"], ["A,1", "B,2", "C,3"], [1, 2, 3]),
]


@pytest.mark.parametrize(("kind", "header", "before", "after", "expected"), CASES)
def test_lines_that_run(kind: str, header: str, before: list[str], after: list[str], expected: list[int]):
    assert runs(kind, lines(header, *before), lines(header, *after)) == expected


def test_all_lines_of_the_first_file_run_and_none_of_the_second():
    for kind, header, before, *_ in CASES:
        text = lines(header, *before)
        assert compared(kind, text).runs.all()
        if before != [",,Ulm"]:
            assert runs(kind, text, text) == []


def test_what_failed_runs_again_with_what_it_is_about():
    text = lines(USERS, "a,,Ulm", "A,,Rom", "b,,Ulm")
    assert runs("users", text, text, failed={2}) == [1, 2]
    # That others say the same of a cohort is true as soon as one of them is done.
    text = lines(COHORTS, "add,C,N,u", "add,C,N,v", "add,C,N,w")
    assert runs("cohorts", text, text, failed={2}) == [2]
    assert runs("cohorts", text, text, failed={1, 2, 3}) == [1, 2, 3]


def test_while_a_file_is_applied_only_what_it_leaves_alone_is_known():
    before, after = lines(USERS, "a,,Ulm", "b,,Ulm"), lines(USERS, "a,,Ulm", "b,,Rom", "c,,Rom")
    meanwhile = compared("users", after, compared("users", before).done(())).left_alone()
    again = compared("users", before, meanwhile)
    assert again.lines[again.runs].tolist() == [3]


def test_accounts_found_by_another_column():
    header = "username,idnumber,city"
    before, after = [",1,Ulm", ",2,Ulm"], [",01,Rom", ",2,Ulm"]
    assert runs("users", lines(header, *before), lines(header, *after), user_id_field="idnumber") == [1]


def test_a_very_long_way_from_line_to_line_ends():
    """Each account is renamed to the next one: all lines are about one thing in the end."""
    rows = [f"n{n},n{n + 1},Ulm" for n in range(300)]
    assert runs("users", lines(USERS, *rows), lines(USERS, "n0,n1,Rom", *rows[1:])) == list(range(1, 301))


def test_what_is_kept_is_read_again():
    now = compared("users", lines(USERS, "a,,Ulm", "b,a,Ulm"))
    again = Compared.from_bytes(now.as_bytes())
    assert again.done({2}) == now.done({2}) and again.left_alone() == now.left_alone() == b""
