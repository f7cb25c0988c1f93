"""How fast courses go, and come back: a benchmark that `make bench` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.people import numbers
from tests.support.multiply import multiply

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench
    from tests.support.site import Site

PLAIN, PEOPLE, POPULATED = 1_000, 20, 20


def deleting(bench: Bench, large: bool) -> None:
    """1,000 plain courses with 20 people each, and 20 copies of a course that people worked in: deleted, put back."""
    from tests.bench.__main__ import show

    header = "shortname,fullname,category,idnumber,summary,startdate,enddate"
    rows = (f"GONE{n:04},Course {n},Category 1,G{n:04},,2026-09-01,2027-06-30" for n in range(PLAIN))
    bench.run("courses", header, rows)
    enrol(bench.site)
    names = [f"GONE{n:04}" for n in range(PLAIN)]
    show(f"delete: {PLAIN:,} plain courses of {PEOPLE} people", bench.run("courses_delete", "shortname", names))
    show("put back", bench.run("courses_restore", "shortname", names))
    bench.restore()
    copies = multiply(bench.site, "C101", POPULATED)
    show(f"delete: {POPULATED} populated courses", bench.run("courses_delete", "shortname", copies))
    show("put back", bench.run("courses_restore", "shortname", copies))


def enrol(site: Site) -> None:
    """People with a role in the plain courses."""
    site.rows(
        f"""INSERT INTO {{user_enrolments}} (enrolid, userid, timecreated, timemodified)
            SELECT e.id, 2 + n, 1, 1 FROM {{course}} c JOIN {{enrol}} e ON e.courseid = c.id AND e.enrol = 'manual', {numbers(PEOPLE)}
             WHERE c.shortname LIKE 'GONE%%'""",
        (),
    )
    site.rows(
        f"""INSERT INTO {{role_assignments}} (roleid, contextid, userid, timemodified, modifierid)
            SELECT 5, x.id, 2 + n, 1, 2 FROM {{course}} c JOIN {{context}} x ON x.contextlevel = 50 AND x.instanceid = c.id, {numbers(PEOPLE)}
             WHERE c.shortname LIKE 'GONE%%'""",
        (),
    )
