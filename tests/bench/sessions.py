"""People at work on a Moodle site, for `make bench live`: each session has its own connection, in autocommit mode as Moodle's.

A process of its own: it reads where the site is from the first line of standard input (JSON), works until standard input ends, and writes what it measured to standard output.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import MySQLdb

STUDENT, TEACHING = 5, 4  # ids of roles
TABLE = re.compile(r"mdl_(\w+)")
# What people do, and how often: of 100 actions, so many.
MIX = {"page": 40, "log-in": 20, "participants": 8, "enrolment": 12, "group": 10, "role": 5, "cohort": 5}


@dataclass(frozen=True)
class Action:
    """Something that somebody did.

    :param at: when it began, as `time.monotonic` tells it.
    :param kind: a key of `MIX`.
    :param seconds: how long it took.
    :param slowest: the seconds of its slowest statement.
    :param statement: what that was: `UPDATE user`.
    :param error: the server's error number; None: it went well.
    """

    at: float
    kind: str
    seconds: float
    slowest: float
    statement: str
    error: int | None


class Session:
    """Somebody after the other, who do something on the site.

    :param number: of this session, of `sessions`; two sessions never are the same person.
    :param site: where it is, and how many people and courses it has, see `live.py`.
    :param pause: seconds between two actions, on average.
    """

    def __init__(self, number: int, sessions: int, site: dict[str, Any], pause: float) -> None:
        self._db = MySQLdb.connect(
            db=site["database"], user=site["user"], passwd=site["password"], unix_socket=site["socket"],
            charset="utf8mb4", autocommit=True,
        )  # fmt: skip
        self._site = site
        self._pause = pause
        self._random = random.Random(number)
        self._numbers = range(number + 1, site["people"] + 1, sessions)
        self._sids = (f"{number:04}{serial:028}" for serial in itertools.count())
        self._slowest, self._statement = 0.0, ""
        self.actions: list[Action] = []
        self._run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        self._run("SET SESSION sql_mode = 'STRICT_ALL_TABLES'")

    def work(self, stop: threading.Event) -> None:
        """Do one thing after the other until `stop` is set."""
        kinds, weights = list(MIX), list(MIX.values())
        acts: dict[str, Callable[[], None]] = {
            "page": self._read_page, "log-in": self._log_in, "participants": self._list_participants,
            "enrolment": self._enrol, "group": self._join_group, "role": self._give_role, "cohort": self._list_cohort,
        }  # fmt: skip
        while not stop.wait(self._random.expovariate(1 / self._pause)):
            kind = self._random.choices(kinds, weights)[0]
            at, self._slowest, error = time.monotonic(), -1.0, None
            try:
                acts[kind]()
            except MySQLdb.Error as refused:
                error = refused.args[0]
                self._db.rollback()
            self.actions.append(Action(at, kind, time.monotonic() - at, self._slowest, self._statement, error))

    def _run(self, statement: str, *values: Any) -> Any:
        began = time.monotonic()
        try:
            with self._db.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else cursor.lastrowid
        finally:
            self._took(statement, time.monotonic() - began)

    def _took(self, statement: str, seconds: float) -> None:
        """Remember the slowest statement."""
        if seconds > self._slowest:
            table = TABLE.search(statement)
            self._slowest, self._statement = seconds, f"{statement.split()[0]} {table[1] if table else ''}".strip()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.begin()
        yield
        began = time.monotonic()
        self._db.commit()
        self._took("COMMIT", time.monotonic() - began)

    # Who, and where

    def _somebody(self) -> tuple[int, int]:
        """The number and the id of a person."""
        number = self._random.choice(self._numbers)
        found = self._run(
            "SELECT * FROM mdl_user WHERE mnethostid = 1 AND username = %s AND deleted <> 1", f"bench{number}"
        )
        return number, found[0][0]

    def _somewhere(self) -> int:
        return self._site["first_course"] + self._random.randrange(self._site["courses"])

    def _elsewhere(self, number: int) -> int:
        """A course that no command file has this person in: that both enrol somebody at the same moment is an error in Moodle itself, too."""
        while (course := self._somewhere()) % 25 == (self._site["first_course"] + number * 7) % 25:
            pass
        return course

    # What they do, as Moodle does it

    def _log_in(self) -> None:
        _, user = self._somebody()
        now = int(time.time())
        self._run(
            "UPDATE mdl_user SET lastlogin = currentlogin, currentlogin = %s, lastaccess = %s, lastip = %s WHERE id = %s",
            now, now, "192.0.2.7", user,
        )  # fmt: skip
        self._run("DELETE FROM mdl_sessions WHERE userid = %s AND timemodified < %s", user, now - 7200)
        row = self._run(
            "INSERT INTO mdl_sessions (state, sid, userid, sessdata, timecreated, timemodified, firstip, lastip) "
            "VALUES (0, %s, 0, NULL, %s, %s, '192.0.2.7', '192.0.2.7')", next(self._sids), now, now,
        )  # fmt: skip
        self._run("UPDATE mdl_sessions SET userid = %s, timemodified = %s WHERE id = %s", user, now, row)
        self._log("core", "loggedin", user, 0, 1)
        if self._random.random() < 0.5:
            self._run("DELETE FROM mdl_sessions WHERE id = %s", row)

    def _read_page(self) -> None:
        _, user = self._somebody()
        course, now = self._somewhere(), int(time.time())
        self._run("SELECT * FROM mdl_course WHERE id = %s", course)
        context = self._run("SELECT * FROM mdl_context WHERE contextlevel = 50 AND instanceid = %s", course)[0][0]
        self._run("SELECT * FROM mdl_course_sections WHERE course = %s ORDER BY section", course)
        self._run(
            "SELECT cm.*, m.name FROM mdl_course_modules cm JOIN mdl_modules m ON m.id = cm.module WHERE cm.course = %s",
            course,
        )
        self._run(
            "SELECT ue.* FROM mdl_user_enrolments ue JOIN mdl_enrol e ON e.id = ue.enrolid WHERE ue.userid = %s AND e.courseid = %s",
            user, course,
        )  # fmt: skip
        self._run("UPDATE mdl_user SET lastaccess = %s, lastip = %s WHERE id = %s", now, "192.0.2.7", user)
        if known := self._run("SELECT id FROM mdl_user_lastaccess WHERE userid = %s AND courseid = %s", user, course):
            self._run("UPDATE mdl_user_lastaccess SET timeaccess = %s WHERE id = %s", now, known[0][0])
        else:
            self._run(
                "INSERT INTO mdl_user_lastaccess (userid, courseid, timeaccess) VALUES (%s, %s, %s)", user, course, now
            )
        self._log("core", "viewed", user, course, context)

    def _list_participants(self) -> None:
        course = self._somewhere()
        people = (
            "FROM mdl_user u JOIN mdl_user_enrolments ue ON ue.userid = u.id JOIN mdl_enrol e ON e.id = ue.enrolid "
            "WHERE e.courseid = %s AND u.deleted = 0"
        )
        self._run(f"SELECT COUNT(DISTINCT u.id) {people}", course)
        self._run(
            f"SELECT DISTINCT u.id, u.firstname, u.lastname, u.email, u.lastaccess {people} ORDER BY u.lastname LIMIT 20",
            course,
        )

    def _enrol(self) -> None:
        number, user = self._somebody()
        course, now = self._elsewhere(number), int(time.time())
        with self._transaction():
            enrol = self._run("SELECT id FROM mdl_enrol WHERE courseid = %s AND enrol = 'manual'", course)[0][0]
            if self._run("SELECT * FROM mdl_user_enrolments WHERE enrolid = %s AND userid = %s", enrol, user):
                return
            self._run(
                "INSERT INTO mdl_user_enrolments (status, enrolid, userid, timestart, timeend, modifierid, timecreated, timemodified) "
                "VALUES (0, %s, %s, %s, 0, %s, %s, %s)", enrol, user, now, user, now, now,
            )  # fmt: skip
            self._assign(STUDENT, user, course)
        self._log("core", "created", user, course, 1)

    def _give_role(self) -> None:
        _, user = self._somebody()
        self._assign(TEACHING, user, self._somewhere())

    def _assign(self, role: int, user: int, course: int) -> None:
        now = int(time.time())
        context = self._run("SELECT id FROM mdl_context WHERE contextlevel = 50 AND instanceid = %s", course)[0][0]
        if not self._run(
            "SELECT id FROM mdl_role_assignments WHERE roleid = %s AND userid = %s AND contextid = %s",
            role,
            user,
            context,
        ):
            self._run(
                "INSERT INTO mdl_role_assignments (roleid, contextid, userid, timemodified, modifierid, component, itemid, sortorder) "
                "VALUES (%s, %s, %s, %s, %s, '', 0, 0)", role, context, user, now, user,
            )  # fmt: skip
        flag = self._run(
            "SELECT id FROM mdl_cache_flags WHERE name = %s AND flagtype = 'accesslib/dirtyusers'", str(user)
        )
        if flag:
            self._run(
                "UPDATE mdl_cache_flags SET timemodified = %s, expiry = %s WHERE id = %s", now, now + 28800, flag[0][0]
            )
        else:
            self._run(
                "INSERT INTO mdl_cache_flags (flagtype, name, timemodified, value, expiry) VALUES ('accesslib/dirtyusers', %s, %s, '1', %s)",
                str(user), now, now + 28800,
            )  # fmt: skip

    def _join_group(self) -> None:
        _, user = self._somebody()
        groups = self._run("SELECT * FROM mdl_groups WHERE courseid = %s AND name LIKE 'Club%%'", self._somewhere())
        group, now = groups[0][0], int(time.time())
        if not self._run("SELECT id FROM mdl_groups_members WHERE groupid = %s AND userid = %s", group, user):
            self._run(
                "INSERT INTO mdl_groups_members (groupid, userid, timeadded, component, itemid) VALUES (%s, %s, %s, '', 0)",
                group, user, now,
            )  # fmt: skip
            self._run("UPDATE mdl_groups SET timemodified = %s WHERE id = %s", now, group)

    def _list_cohort(self) -> None:
        _, user = self._somebody()
        self._run(
            "SELECT c.* FROM mdl_cohort c JOIN mdl_cohort_members m ON m.cohortid = c.id WHERE m.userid = %s", user
        )
        self._run(
            "SELECT u.id, u.firstname, u.lastname FROM mdl_cohort_members m JOIN mdl_user u ON u.id = m.userid WHERE m.cohortid = %s LIMIT 50",
            self._site["cohort"],
        )

    def _log(self, component: str, action: str, user: int, course: int, context: int) -> None:
        self._run(
            "INSERT INTO mdl_logstore_standard_log (eventname, component, action, target, crud, edulevel, contextid, contextlevel, contextinstanceid, "
            "userid, courseid, anonymous, other, timecreated, origin, ip) VALUES (%s, %s, %s, 'course', 'r', 2, %s, 50, %s, %s, %s, 0, 'N;', %s, 'web', '192.0.2.7')",
            "\\core\\event\\course_viewed", component, action, context, course, user, course, int(time.time()),
        )  # fmt: skip


def main() -> None:
    site = json.loads(sys.stdin.readline())
    count = site["sessions"]
    sessions = [Session(number, count, site, count / site["rate"]) for number in range(count)]
    stop = threading.Event()
    threads = [threading.Thread(target=session.work, args=(stop,)) for session in sessions]
    for thread in threads:
        thread.start()
    print("working", flush=True)
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    json.dump([[*vars(action).values()] for session in sessions for action in session.actions], sys.stdout)


if __name__ == "__main__":
    main()
