"""Where several rows of a work table would make one of the site, the same one does, in whatever order the server reads them; and whoever locks several rows of the site locks them in one order."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import pytest

from tests.support.site import Site
from toolsync.running.changes import Changes

pytestmark = pytest.mark.usefixtures("airflow")

BINDINGS = "cohort,course,makegroup\nFIRST,C103,Together\nSECOND,C103,Together\n"
# Joining, leaving and joining again are segments of their own: the last finds work tables that were filled before.
MEMBERS = "cmd,cid,userid\n" + "".join(
    f"{cmd},{cohort},{person}\n"
    for cmd in ("add", "del", "add")
    for person in ("u005", "u006")
    for cohort in ("FIRST", "SECOND")
)


def test_of_two_cohorts_with_one_group_the_same_puts_people_into_it(site: Site):
    assert site.run("toolsync_cohorts", "cid\nFIRST\nSECOND\n", auto_create=True)["counts"]["created"] == 2
    assert site.run("toolsync_cohort_bindings", BINDINGS)["counts"]["created"] == 2
    assert site.run("toolsync_cohorts", MEMBERS)["counts"]["created"] == 8
    by = site.rows(
        "SELECT u.username, h.idnumber FROM {groups_members} m JOIN {groups} g ON g.id = m.groupid AND g.name = 'Together' "
        "JOIN {enrol} e ON e.id = m.itemid JOIN {cohort} h ON h.id = e.customint1 JOIN {user} u ON u.id = m.userid ORDER BY u.username"
    )
    assert by == [("u005", "FIRST"), ("u006", "FIRST")]


@pytest.mark.parametrize("undo", [True, False])
def test_rows_of_the_site_are_locked_in_the_order_of_their_ids(site: Site, undo: bool):
    """Somebody keeps the middle one of the rows that go locked. The run waits there: it has those before it, and none after it."""
    people = [f"u{n:03}" for n in range(1, 25)]
    random.Random(2).shuffle(people)
    header = "cmd,rolename,uid,cid,enrol\n"
    enrolled = site.run("toolsync_enrolments", header + "".join(f"add,student,{p},C108,manual\n" for p in people))
    assert enrolled["state"] == "success"
    ids = [
        id
        for (id,) in site.rows(
            "SELECT ue.id FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid AND e.enrol = 'manual' "
            "JOIN {course} c ON c.id = e.courseid AND c.shortname = 'C108' JOIN {user} u ON u.id = ue.userid AND u.username IN %s ORDER BY ue.id",
            (people,),
        )
    ]
    middle = ids[len(ids) // 2]
    seen: set[int] = set()
    random.Random(3).shuffle(people)
    leaving = header + "".join(f"del,student,{p},C108,manual\n" for p in people)
    with site.connect() as holder, site.connect() as other:
        held(holder, f"SELECT id FROM mdl_user_enrolments WHERE id = {middle} FOR UPDATE")

        def look() -> None:
            among = f"SELECT id FROM mdl_user_enrolments FORCE INDEX (PRIMARY) WHERE id IN ({', '.join(map(str, ids))})"
            for _ in range(100):
                locked = set(ids) - {id for (id,) in held(other, f"{among} FOR UPDATE SKIP LOCKED")}
                other.rollback()
                if locked - {middle} and locked == seen:
                    break
                seen.clear()
                seen.update(locked)
                time.sleep(0.05)
            holder.rollback()

        looking = threading.Thread(target=look)
        looking.start()
        left = site.run("toolsync_enrolments", leaving, undo=undo)
        looking.join()
    assert left["counts"]["deleted"] == len(people), left
    assert seen == {id for id in ids if id <= middle}


def test_flags_are_written_last(site: Site, monkeypatch: pytest.MonkeyPatch):
    """Moodle writes a person's flag with each role: nobody waits for it while a batch has anything else to do."""
    file = "cmd,rolename,uid,cid\n{},student,u005,C108\n"
    flags = "SELECT id, name FROM {cache_flags} WHERE flagtype = 'accesslib/dirtyusers'"
    assert site.run("toolsync_enrolments", file.format("add"))["state"] == "success"
    site.rows("UPDATE {cache_flags} SET timemodified = timemodified - 60")
    flagged, free, keep = site.rows(flags), [], Changes.keep

    def look(*args: Any) -> Any:
        with site.connect() as other:
            free.extend(held(other, f"{flags.format(cache_flags='mdl_cache_flags')} FOR UPDATE SKIP LOCKED"))
            other.rollback()
        return keep(*args)

    monkeypatch.setattr(Changes, "keep", look)
    assert site.run("toolsync_enrolments", file.format("del"), undo=True)["counts"]["deleted"] == 1
    assert free == flagged != []
    assert site.rows(flags.replace("id, name", "COUNT(*)") + " AND timemodified >= UNIX_TIMESTAMP() - 30") == [(1,)]


def held(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a SELECT in a transaction that goes on."""
    connection.autocommit(False)
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        cursor.execute(sql)
        return list(cursor.fetchall())
