"""A server whose statistics are older than the rows: of tables that it takes for empty, as after a dump was read in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.bench.people import fill
from tests.moodle.test_servers import set_to
from tests.support.site import Site
from toolsync.settings import settings

pytestmark = pytest.mark.usefixtures("airflow")
PEOPLE, LINES = 2_000, 200
TABLES = (
    "user", "user_info_data", "user_enrolments", "course", "context", "enrol", "role_assignments", "groups", "groups_members", "cohort", "cohort_members",
    "grade_grades", "grade_items", "sessions", "user_preferences", "user_lastaccess", "course_modules", "block_instances",
)  # fmt: skip
READS = "SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Handler_read%%'"
OFTEN = 2.5  # times as many rows are read at most
# Lines about every ninth person, so that a table that is gone through shows.
FILES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "accounts by username": (
        "users",
        "username,firstname,lastname,email,city",
        "bench{p},A,B,{n}@example.org,Lyon",
        {},
    ),
    "accounts by idnumber": ("users", "idnumber,username,email", "B{p},bench{p},{n}@example.org", {"user_id_field": "idnumber"}),
    "renamed accounts": ("users", "username,oldusername", "renamed{n},bench{p}", {"allow_rename": True}),
    "accounts in courses": ("users", "username,course1,role1,group1", "bench{p},BENCH{c},student,1", {}),
    "deleted accounts": ("users", "username,deleted", "bench{p},1", {}),
    "enrolments": ("enrolments", "cmd,rolename,uid,cid,enrol", "add,student,bench{p},BENCH{c},manual", {}),
    "ended enrolments": ("enrolments", "cmd,rolename,uid,cid,enrol", "del,student,bench{p},BENCH{p},manual", {}),
    "shifted roles": (
        "enrolments",
        "cmd,rolename,uid,cid",
        "shift,teacher,bench{p}@example.org,BENCH{p}",
        {"user_id_field": "email"},
    ),
    "group members": ("group_members", "courseid,groupid,userid", "BENCH{p},Club,bench{p}", {"group_id_field": "name"}),
    "cohort members": ("cohorts", "cmd,cid,userid", "add,FOLLOWED,bench{p}", {}),
    "meta links": ("course_meta_links", "master,meta,cmd", "BENCH{c},BENCH{d},add", {}),
    "changed courses": ("courses", "shortname,fullname,idnumber", "BENCH{c},Course {n},I{n}", {"force_update": True}),
    "changed groups": ("groups", "cmd,courseid,type,name,idnumber", "add,BENCH{c},group,New {n},G{n}", {}),
    "cohort bindings": ("cohort_bindings", "cmd,cohort,course,role", "add,COH1,BENCH{c},student", {}),
}  # fmt: skip


def lines(header: str, line: str) -> str:
    some = (line.format(n=n, p=n * 9 % PEOPLE + 1, c=n * 7 % 500 + 1, d=(n * 7 + 1) % 500 + 1) for n in range(LINES))
    return "\n".join([header, *some, ""])


@pytest.fixture
def large_site(site: Site) -> Iterator[Site]:
    """With as many people as let an index be worth its while, each in the course of their number, in its only group."""
    fill(site, PEOPLE)
    course = "{course} c ON c.shortname = CONCAT('BENCH', SUBSTRING(u.username, 6))"
    for statement in (
        "INSERT INTO {groups} (courseid, name) SELECT id, 'Club' FROM {course} WHERE shortname LIKE 'BENCH%%'",
        f"""INSERT INTO {{user_enrolments}} (status, enrolid, userid, timeend)
            SELECT 0, e.id, u.id, 0 FROM {{user}} u JOIN {course} JOIN {{enrol}} e ON e.courseid = c.id AND e.enrol = 'manual'""",
        f"""INSERT INTO {{role_assignments}} (roleid, contextid, userid)
            SELECT 5, x.id, u.id FROM {{user}} u JOIN {course} JOIN {{context}} x ON x.contextlevel = 50 AND x.instanceid = c.id""",
    ):
        site.rows(statement)
    with set_to(site, "innodb_stats_auto_recalc", "OFF", "ON"):
        look_again(site)
        yield site
        look_again(site)


def look_again(site: Site) -> None:
    site.rows(f"ANALYZE TABLE {', '.join(f'{{{table}}}' for table in TABLES)}")


def forget(site: Site) -> None:
    """Make tables anew, and fill them without telling the server's statistics."""
    for table in TABLES:
        site.rows(f"CREATE TABLE {{toolsync_anew}} LIKE {{{table}}}")
        site.rows(f"INSERT INTO {{toolsync_anew}} SELECT * FROM {{{table}}}")
        site.rows(f"DROP TABLE {{{table}}}")
        site.rows(f"RENAME TABLE {{toolsync_anew}} TO {{{table}}}")


def rows_read(site: Site, name: str) -> tuple[int, dict[str, int]]:
    """How many rows the server reads for a file that is only rehearsed, and what would become of its lines."""

    def count() -> int:
        return sum(int(value) for _, value in site.rows(READS))

    kind, header, line, params = FILES[name]
    before = count()
    result = site.run(f"toolsync_{kind}", lines(header, line), simulate=True, **params)
    assert result["state"] == "success", (name, result)
    return count() - before, result["counts"]


def test_no_more_rows_are_read_than_with_statistics(large_site: Site):
    known = {name: rows_read(large_site, name) for name in FILES}
    forget(large_site)
    unknown = {name: rows_read(large_site, name) for name in FILES}
    assert {name: counts for name, (_, counts) in unknown.items()} == {
        name: counts for name, (_, counts) in known.items()
    }
    assert all(sum(counts.values()) for _, counts in known.values())
    worse = {name: rows for name, (rows, _) in unknown.items() if rows > OFTEN * known[name][0]}
    assert not worse, {name: f"{rows:,} rows, not {known[name][0]:,}" for name, rows in worse.items()}


@pytest.mark.parametrize(
    ("kind", "header", "line", "table", "person"),
    [
        ("users", "username,city", "bench{n},Rome", "user", "id"),
        (
            "enrolments",
            "cmd,rolename,uid,cid,enrol",
            "del,student,bench{n},BENCH{n},manual",
            "user_enrolments",
            "userid",
        ),
    ],
)
def test_rows_that_others_keep_locked_are_not_waited_for(
    large_site: Site, monkeypatch: pytest.MonkeyPatch, kind: str, header: str, line: str, table: str, person: str
):
    monkeypatch.setitem(settings(), "lock_attempts", 1)
    monkeypatch.setitem(settings(), "lock_wait_seconds", 1)
    forget(large_site)
    changed = [
        id
        for (id,) in large_site.rows(
            f"SELECT t.id FROM {{{table}}} t JOIN {{user}} u ON u.id = t.{person} AND u.username REGEXP '^bench[0-9]{{1,2}}$' ORDER BY t.id"
        )
    ]
    with large_site.connect() as holder, holder.cursor() as cursor:
        holder.autocommit(False)
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        for before, after in pairwise([0, *changed, 2**62]):
            cursor.execute(
                f"SELECT id FROM mdl_{table} FORCE INDEX (PRIMARY) WHERE id > {before} AND id < {after} FOR UPDATE"
            )
        result = large_site.run(f"toolsync_{kind}", "\n".join([header, *(line.format(n=n) for n in range(1, 100)), ""]))
        holder.rollback()
    assert (result["state"], sum(result["counts"].values())) == ("success", 99), result
