"""The Moodle in the database: its version and state, its tables, and what the account may do there."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from toolsync.checking.findings import Finding, look, ok, wrong
from toolsync.checking.ground import Ground
from toolsync.course.graph_check import INSTALLED, find_unknown, newer_than_tested
from toolsync.course.graph_files import GraphError, course_graph
from toolsync.moodle.contexts import TO_MAKE, without_context
from toolsync.moodle.errors import GRANTS, TO_INNODB, takes_no_locks
from toolsync.moodle.hook import KEEP_APART, LOCK, NO_LOCKS
from toolsync.moodle.schema import COLUMNS, SITE
from toolsync.moodle.session import MoodleSession
from toolsync.running.moodle_log import LOG

NAMED = 5  # tables in a sentence
# Where files write most: a right may be given for some tables only.
WRITTEN = ("user", "course", "enrol", "user_enrolments", "role_assignments", "groups", "cohort", "context", "files")
ADDRESS = "SELECT h.wwwroot FROM {mnet_host} h JOIN {config} c ON c.name = 'mnet_localhost_id' AND h.id = c.value + 0"
ENOUGH = {"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE TEMPORARY TABLES"}
# Rights that docs/settings.md asks for in some cases, or that give nothing.
HARMLESS = {"USAGE", "SESSION_VARIABLES_ADMIN", "REPLICATION CLIENT", "REPLICA MONITOR", "BINLOG MONITOR", "SHOW VIEW"}


def check_site(ground: Ground) -> Iterator[Finding]:
    """Whether it is a Moodle that can be worked with, and which one."""
    session = ground.moodle
    name = session.value("SELECT shortname FROM {course} WHERE category = 0")
    address = address_of(ground)
    yield ok(
        f"The site {name} runs Moodle {session.release}, at {address or 'an address that its tables do not tell'}."
    )
    if newer := newer_than_tested(session):
        yield look(
            newer,
            "Look at the first results, or simulate. Files about whole courses are left alone: docs/operating.md#a-new-version-of-moodle.",
        )


def address_of(ground: Ground) -> str:
    """The site's address, as the connection or Moodle's table of hosts says it; empty: neither does."""
    return str(ground.extra.get("wwwroot") or ground.moodle.value(ADDRESS) or "")


def check_state(ground: Ground) -> Iterator[Finding]:
    """Whether the site is being upgraded, or closed."""
    session = ground.moodle
    config = dict(
        session.rows("SELECT name, value FROM {config} WHERE name IN ('upgraderunning', 'maintenance_enabled')")
    )
    if float(config.get("upgraderunning") or 0) > time.time():
        yield look("An upgrade of Moodle is running.", "Run no files until it is done.")
    elif config.get("maintenance_enabled") == "1":
        yield look("The site is in maintenance mode.", "Run no files while somebody upgrades it or puts a backup back.")
    else:
        yield ok("No upgrade of Moodle is running, and the site is open.")


def check_tables(ground: Ground) -> Iterator[Finding]:
    """The collations and engines of its tables, courses and categories without a context, and other sites in the database."""
    session = ground.moodle
    if session.collations.others:
        told, _, do = session.collations.told().partition(" Convert ")
        yield look(told, f"Convert {do} Until then, files that need such a table go back to the inbox.")
    else:
        yield ok(f"All tables have one collation, {session.collation}.")
    log = f"{session.prefix}{LOG}"
    if old := sorted(session.without_rollback.keys() - {log}):
        yield wrong(
            f"Tables that are not InnoDB: {', '.join(old[:NAMED])} ({len(old)} in all). "
            "Nothing can be rolled back there, so files that write to them are not done.",
            f"{TO_INNODB}.",
        )
    if log in session.without_rollback:
        yield look(
            f"The site's log, {log}, is not InnoDB. Nothing can be rolled back there, so Param moodle_log does nothing.",
            f"{TO_INNODB}.",
        )
    if told := without_context(session, order=True):
        yield wrong(f"{told}. Files that enrol people, or put courses into categories, are not done.", f"{TO_MAKE}.")
    names = {name for name, _, _ in session.rows(COLUMNS)}
    prefixes = {name.removesuffix(SITE[0]) for name in names if name.endswith(SITE[0])}
    if others := sorted(other for other in prefixes - {session.prefix} if {other + name for name in SITE} <= names):
        shown = ", ".join(other or "no prefix" for other in others)
        yield look(
            f"The database holds another Moodle, too (prefix: {shown}); the connection means the one with {session.prefix}.",
            "Look whether that is the site that you mean: `prefix` in the extra of the connection says it.",
        )


def check_course_graph(ground: Ground) -> Iterator[Finding]:
    """Whether the course graph knows all tables that may hold rows of courses."""
    session = ground.moodle
    try:
        graph = course_graph()
    except GraphError as error:
        yield look(
            f"A file of include/course_graph is wrong: {error}.",
            "Correct it. Until then, whole courses are not copied, reset, deleted or put back, and no run is undone; everything else is done.",
        )
        return
    installed = [plugin for (plugin,) in session.rows(INSTALLED)]
    unknown = find_unknown(graph, session.schema.numbers(), installed)
    found = [*map(str, unknown.of_courses), *unknown.columns]
    if found:
        yield look(
            f"The course graph does not know tables or columns that may hold rows of courses: {'; '.join(found[:NAMED])}"
            f"{f' and {len(found) - NAMED} more' if len(found) > NAMED else ''}.",
            "Describe them beside include/course_graph/moodle.yaml, as the README there explains; the report of a file that needs it has a draft. Until then, "
            "whole courses are not copied, reset, deleted or put back; everything else is done.",
        )
    else:
        yield ok("The course graph knows all tables that may hold rows of courses.")


def check_rights(ground: Ground) -> Iterator[Finding]:
    """Whether the account may do what runs do. It is tried, and nothing of it stays."""
    import MySQLdb

    session = ground.moodle
    _try_to_write(session)
    session.execute("CREATE TEMPORARY TABLE toolsync_check (line INT NOT NULL)")
    session.execute("INSERT INTO toolsync_check (line) VALUES (1)")
    session.execute("DROP TEMPORARY TABLE toolsync_check")
    session.rollback()
    yield ok("The account may do what it needs: it was tried, and taken back.")
    try:
        session.value("SELECT GET_LOCK(CONCAT('toolsync check ', CONNECTION_ID()), 0)")  # it ends with the session
        free = session.value(f"SELECT IS_FREE_LOCK({LOCK})")
    except MySQLdb.Error as error:
        if not takes_no_locks(error):
            raise
        yield look(NO_LOCKS.format(error.args[1]), KEEP_APART)
        return
    yield ok(
        f"The lock that keeps one writer to a site can be asked for; {'nobody' if free else 'a run'} holds it now."
    )


def _try_to_write(session: MoodleSession) -> None:
    """Write a row that nobody reads, and take it back; ask each table for a change of no row."""
    try:
        row = ("toolsync", "check", int(time.time()), "")
        session.execute(
            "INSERT INTO {cache_flags} (flagtype, name, timemodified, value, expiry) VALUES (%s, %s, %s, %s, 0)", row
        )
        session.execute("UPDATE {cache_flags} SET value = '1' WHERE flagtype = 'toolsync' AND name = 'check'")
        session.execute("DELETE FROM {cache_flags} WHERE flagtype = 'toolsync' AND name = 'check'")
        for table in filter(session.schema.has, WRITTEN):
            session.execute(f"INSERT INTO {{{table}}} SELECT * FROM {{{table}}} WHERE FALSE")
            session.execute(f"UPDATE {{{table}}} SET id = id WHERE FALSE")
            session.execute(f"DELETE FROM {{{table}}} WHERE FALSE")
    finally:
        session.rollback()


def check_excess(ground: Ground) -> Iterator[Finding]:
    """Whether the account may do more than it needs."""
    session = ground.server
    more: set[str] = set()
    for (grant,) in session.rows("SHOW GRANTS"):
        if match := re.match(r"GRANT (.+?) ON (\S+) TO ", grant):  # what follows may hold the hash of the password
            given = {right.strip().upper() for right in re.sub(r"\([^)]*\)", "", match[1]).split(",")}
            more |= {f"{right} in all databases" for right in given & ENOUGH} if match[2] == "*.*" else set()
            more |= given
        if "WITH GRANT OPTION" in grant:
            more.add("GRANT OPTION")
    more -= ENOUGH | HARMLESS
    if more:
        shown = sorted(more)
        yield look(
            f"The account may do more than it needs: {', '.join(shown[:NAMED])}{f' and {len(shown) - NAMED} more' if len(shown) > NAMED else ''}.",
            f"Give Tool Sync an account of its own, with {GRANTS} on the Moodle database.",
        )
    else:
        yield ok("The account may do nothing that it does not need.")
