"""A server whose statistics are older than the rows: of tables that it takes for empty, as after a dump was read in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.bench.people import COURSES, fill
from tests.moodle.test_servers import set_to
from tests.support.site import Site
from toolsync.settings import settings

pytestmark = pytest.mark.usefixtures("airflow")
PEOPLE, LINES = 2_000, 200
MORE = PEOPLE / 2  # rows of the site that may be read besides: no table of people is gone through
TABLES = (
    "user", "user_info_data", "user_enrolments", "course", "context", "enrol", "role_assignments", "groups", "groups_members", "cohort", "cohort_members",
    "grade_grades", "grade_items", "sessions", "user_preferences", "user_lastaccess", "course_modules", "block_instances",
)  # fmt: skip
READS_OF_THE_SITE = {
    "MySQL": "SELECT SUM(count_fetch) FROM performance_schema.table_io_waits_summary_by_table WHERE object_schema = DATABASE()",
    "MariaDB": "SELECT SUM(rows_read) FROM information_schema.table_statistics WHERE table_schema = DATABASE()",
}
# In their order; lines about every ninth person (p, next to whom is q, whose course is o), so that a table that is gone through shows.
FILES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "accounts by username": ("users", "username,firstname,lastname,email,city", "bench{p},A,B,{n}@example.org,Lyon", {}),
    "accounts by idnumber": ("users", "idnumber,username,email", "B{p},bench{p},{n}@example.com", {"user_id_field": "idnumber"}),
    "renamed accounts": ("users", "username,oldusername", "renamed{n},bench{q}", {"allow_rename": True}),
    "accounts in courses": ("users", "username,course1,role1,group1", "bench{p},BENCH{c},student,1", {}),
    "enrolments": ("enrolments", "cmd,rolename,uid,cid,enrol", "add,student,bench{p},BENCH{d},manual", {}),
    "disabled enrolments": ("enrolments", "cmd,rolename,uid,cid", "disable,student,bench{p},BENCH{o}", {}),
    "shifted roles": ("enrolments", "cmd,rolename,uid,cid", "shift,teacher,{n}@example.com,BENCH{o}", {"user_id_field": "email"}),
    "group members": ("group_members", "courseid,groupid,userid", "BENCH{o},Club,bench{p}", {"group_id_field": "name"}),
    "ended enrolments": ("enrolments", "cmd,rolename,uid,cid,enrol", "del,student,bench{p},BENCH{o},manual", {}),
    "cohort members": ("cohorts", "cmd,cid,userid", "add,FOLLOWED,bench{p}", {}),
    "cohort bindings": ("cohort_bindings", "cmd,cohort,course,role", "add,COH1,BENCH{c},student", {}),
    "meta links": ("course_meta_links", "master,meta,cmd", "BENCH{c},BENCH{d},add", {}),
    "changed courses": ("courses", "shortname,fullname,idnumber", "BENCH{c},Course {n},I{n}", {"force_update": True}),
    "changed groups": ("groups", "cmd,courseid,type,name,idnumber", "add,BENCH{c},group,New {n},G{n}", {}),
    "groups gone": ("groups", "cmd,courseid,type,name,idnumber", "del,BENCH{c},group,Club,CLUB", {}),
    "deleted accounts": ("users", "username,deleted", "bench{p},1", {}),
}  # fmt: skip


def lines(header: str, line: str) -> str:
    def about(n: int) -> dict[str, int]:
        p = n * 9 % PEOPLE + 1
        return {
            "n": n,
            "p": p,
            "q": p + 1,
            "o": (p - 1) % COURSES + 1,
            "c": n * 7 % COURSES + 1,
            "d": (n * 7 + 1) % COURSES + 1,
        }

    return "\n".join([header, *(line.format(**about(n)) for n in range(LINES)), ""])


@pytest.fixture
def large_site(site: Site) -> Iterator[Site]:
    """With as many people as let an index be worth its while."""
    populate(site)
    with set_to(site, "innodb_stats_auto_recalc", "OFF", "ON"):
        look_again(site)
        yield site
        look_again(site)


def populate(site: Site) -> None:
    """Put each person into a course, which has one group; all these have one idnumber, as only one in a course may."""
    fill(site, PEOPLE)
    course = f"{{course}} c ON c.shortname = CONCAT('BENCH', (SUBSTRING(u.username, 6) - 1) MOD {COURSES} + 1)"
    people = f"{{user}} u JOIN {course}"
    for statement in (
        "INSERT INTO {groups} (courseid, name, idnumber) SELECT id, 'Club', 'CLUB' FROM {course} WHERE shortname LIKE 'BENCH%%'",
        f"""INSERT INTO {{user_enrolments}} (status, enrolid, userid, timeend)
            SELECT 0, e.id, u.id, 0 FROM {people} JOIN {{enrol}} e ON e.courseid = c.id AND e.enrol = 'manual' WHERE u.username LIKE 'bench%%'""",
        f"""INSERT INTO {{role_assignments}} (roleid, contextid, userid)
            SELECT 5, x.id, u.id FROM {people} JOIN {{context}} x ON x.contextlevel = 50 AND x.instanceid = c.id WHERE u.username LIKE 'bench%%'""",
    ):
        site.rows(statement)


def look_again(site: Site) -> None:
    site.rows(f"ANALYZE TABLE {', '.join(f'{{{table}}}' for table in TABLES)}")


def forget(site: Site) -> None:
    """Make tables anew, and fill them without telling the server's statistics."""
    for table in TABLES:
        site.rows(f"CREATE TABLE {{toolsync_anew}} LIKE {{{table}}}")
        site.rows(f"INSERT INTO {{toolsync_anew}} SELECT * FROM {{{table}}}")
        site.rows(f"DROP TABLE {{{table}}}")
        site.rows(f"RENAME TABLE {{toolsync_anew}} TO {{{table}}}")


def reads(site: Site) -> int:
    """How many rows the server has read, of the site's and other tables."""
    return sum(int(value) for _, value in site.rows("SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Handler_read%%'"))


def reads_of_the_site(site: Site) -> int:
    """How many rows of the site's tables the server has read. In work tables, MySQL goes one way or the other by chance."""
    return int(site.value(READS_OF_THE_SITE["MySQL" if site.is_mysql else "MariaDB"]))


def rows_read(
    site: Site, kind: str, file: str, count: Callable[[Site], int] = reads, **params: Any
) -> tuple[int, dict[str, int]]:
    """How many rows the server reads for a file, and what became of its lines, none of which failed."""
    for table in ("groups", "cache_flags"):  # what was written within the same second would be left alone
        site.rows(f"UPDATE {{{table}}} SET timemodified = timemodified - 60")
    before = count(site)
    result = site.run(f"toolsync_{kind}", file, **params)
    assert (result["state"], result["counts"]["failed"]) == ("success", 0), result
    return count(site) - before, result["counts"]


def rows_read_of_each(site: Site) -> dict[str, tuple[int, dict[str, int]]]:
    return {
        name: rows_read(site, kind, lines(header, line), reads_of_the_site, undo=True, **params)
        for name, (kind, header, line, params) in FILES.items()
    }


def test_no_more_rows_are_read_than_with_statistics(large_site: Site, pristine: Site):
    known = rows_read_of_each(large_site)
    large_site.restore(pristine)
    populate(large_site)
    forget(large_site)
    unknown = rows_read_of_each(large_site)
    assert {name: counts for name, (_, counts) in unknown.items()} == {
        name: counts for name, (_, counts) in known.items()
    }
    assert {name: counts for name, (_, counts) in known.items() if counts["unchanged"] > LINES / 2} == {}
    more = {name: rows - known[name][0] for name, (rows, _) in unknown.items()}
    assert {name: rows for name, rows in more.items() if rows > MORE} == {}, known


def test_what_one_person_or_many_courses_have_alike_is_read_once(large_site: Site):
    """One person is in every course; a group's idnumber is in every course."""
    everywhere = "\n".join(f"{{}},student,bench1,BENCH{n},manual" for n in range(1, LINES + 1))
    header = "cmd,rolename,uid,cid,enrol\n"
    assert large_site.run("toolsync_enrolments", header + everywhere.replace("{}", "add"))["state"] == "success"
    for kind, file in {
        "enrolments": "cmd,rolename,uid,cid\n" + everywhere.replace("{}", "disable").replace(",manual", ""),
        "groups": lines(*FILES["groups gone"][1:3]),
    }.items():
        rows, _ = rows_read(large_site, kind, file, simulate=True)
        assert rows < LINES * COURSES / 2, kind


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
