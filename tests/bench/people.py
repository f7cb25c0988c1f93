"""How fast people come into courses, groups and cohorts, and leave: the benchmarks that `make bench` calls."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench
    from tests.support.site import Site

PEOPLE, COURSES, COHORT_COURSES = 100_000, 500, 3
ENROLLED, COURSES_EACH, GROUPS_EACH = 5_000, 20, 4
HEADER = "cmd,rolename,uid,cid,enrol,gcmd,g1"


def people_in_courses(bench: Bench, large: bool) -> None:
    """100,000 enrolments with groups: made, made again, ended; and 100,000 cohort members that three courses follow."""
    from tests.bench.__main__ import show

    bench.prepare(fill)
    pairs = ENROLLED * COURSES_EACH
    made = bench.run("enrolments", HEADER, enrolments("add"))
    again = bench.run("enrolments", HEADER, enrolments("add"))
    show(f"enrolments: {pairs:,} people into {COURSES} courses, groups", made, bench.bare_load())
    show("enrolments: the same again", again)
    show("enrolments: all of them out", bench.run("enrolments", HEADER, enrolments("del")))
    bench.restore()
    members = bench.run("cohorts", "cmd,cid,userid", (f"add,FOLLOWED,bench{n}" for n in range(1, PEOPLE + 1)))
    show(f"cohorts: {PEOPLE:,} members, {COHORT_COURSES} courses follow", members, bench.bare_load())


def enrolments(command: str) -> Iterator[str]:
    """Every person in 20 courses and one of 4 groups of each, in no order."""
    pairs = [(person, nth) for person in range(1, ENROLLED + 1) for nth in range(COURSES_EACH)]
    random.Random(1).shuffle(pairs)
    group = "gaddcreate,Group {}" if command == "add" else ","
    for person, nth in pairs:
        course = (person * 7 + nth * (COURSES // COURSES_EACH)) % COURSES + 1
        yield f"{command},student,bench{person},BENCH{course},manual,{group.format(person % GROUPS_EACH)}"


def numbers(last: int) -> str:
    """A table of the numbers `n` from 1 on, for a FROM clause."""
    digits = "(" + " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10)) + ")"
    places = range(len(str(last)))
    value = " + ".join(f"t{place}.d * {10**place}" for place in places)
    tables = " JOIN ".join(f"{digits} t{place}" for place in places)
    return f"(SELECT {value} AS n FROM {tables} HAVING n BETWEEN 1 AND {last}) numbers"


def fill(site: Site, people: int = PEOPLE) -> None:
    """Accounts `bench1` …, courses `BENCH1` … with manual enrolment, and a cohort that three of them follow."""
    last = {table: site.value(f"SELECT MAX(id) FROM {{{table}}}") for table in ("user", "course", "context", "cohort")}
    statements = [
        f"""INSERT INTO {{user}} (id, username, idnumber, email, firstname, lastname, auth, confirmed, mnethostid)
            SELECT {last["user"]} + n, CONCAT('bench', n), CONCAT('B', n), CONCAT('bench', n, '@example.org'), 'A', 'B', 'manual', 1, 1
              FROM {numbers(people)} ORDER BY n""",
        f"""INSERT INTO {{course}} (id, category, fullname, shortname, idnumber, format)
            SELECT {last["course"]} + n, 1, CONCAT('Bench ', n), CONCAT('BENCH', n), CONCAT('BENCH', n), 'topics'
              FROM {numbers(COURSES)} ORDER BY n""",
        f"""INSERT INTO {{context}} (contextlevel, instanceid, depth, path)
            SELECT 30, id, 2, CONCAT('/1/', {last["context"]} + id - {last["user"]})
              FROM {{user}} WHERE id > {last["user"]} ORDER BY id""",
        f"""INSERT INTO {{context}} (contextlevel, instanceid, depth, path)
            SELECT 50, c.id, 3, CONCAT(k.path, '/', {last["context"] + people} + c.id - {last["course"]})
              FROM {{course}} c JOIN {{context}} k ON k.contextlevel = 40 AND k.instanceid = c.category
             WHERE c.id > {last["course"]} ORDER BY c.id""",
        f"""INSERT INTO {{enrol}} (enrol, courseid, roleid)
            SELECT 'manual', id, 5 FROM {{course}} WHERE id > {last["course"]} ORDER BY id""",
        f"""INSERT INTO {{cohort}} (id, contextid, name, idnumber, descriptionformat, timecreated, timemodified)
            VALUES ({last["cohort"] + 1}, 1, 'Followed', 'FOLLOWED', 1, 1, 1)""",
        f"""INSERT INTO {{enrol}} (enrol, courseid, sortorder, roleid, customint1, customint2)
            SELECT 'cohort', {last["course"]} + n, 1, 5, {last["cohort"] + 1}, 0 FROM {numbers(COHORT_COURSES)}""",
    ]
    for statement in statements:
        site.rows(statement)
