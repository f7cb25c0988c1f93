"""The site's own log of what a batch did: the rows in `logstore_standard_log` that Moodle's events of the same acts would have left.

They are written in the transaction of the batch, once its lines are done, from the rows that `Images` knows to be made, changed and taken away, by the SQL
in `include/sql/shared/moodle_log`.
"""

from __future__ import annotations

from collections.abc import Iterable

from more_itertools import chunked

from toolsync.moodle.errors import TO_INNODB
from toolsync.moodle.session import MoodleSession
from toolsync.running.images import IMAGE, RANGES_AT_ONCE, Images, Ranges
from toolsync.running.sql_folder import SqlFolder

FOLDER = "shared/moodle_log"
STORE, LOG = "logstore_standard", "logstore_standard_log"
# The tables of the site whose rows the events are about. Of each, the SQL sees three work tables, below.
TABLES = (
    "cohort",
    "cohort_members",
    "context",
    "course",
    "course_categories",
    "course_format_options",
    "course_sections",
    "customfield_data",
    "enrol",
    "grade_grades",
    "grade_items",
    "groupings",
    "groupings_groups",
    "groups",
    "groups_members",
    "role_assignments",
    "tag_instance",
    "user",
    "user_enrolments",
    "user_info_data",
)
# `made`: ids of new rows. `gone`: rows that were taken away, as they were. `changed`: rows that are no longer as they were, as they were.
MADE, GONE, CHANGED = WHAT = ("made", "gone", "changed")


def work_table(what: str, table: str) -> str:
    """The work table that holds the rows of a table that were made, or are gone, or changed."""
    return f"toolsync_log_{what}_{table}"


CONTEXTS_GONE = work_table(GONE, "context")  # each event looks for its context there
WORK_TABLES = tuple(work_table(what, table) for table in TABLES for what in WHAT)


def why_not(session: MoodleSession) -> str | None:
    """Why the site keeps no log that could be written to, in a sentence; None: it does."""
    enabled = session.value("SELECT value FROM {config_plugins} WHERE plugin = 'tool_log' AND name = 'enabled_stores'")
    nothing = "Nothing was written to Moodle's log (Param moodle_log):"
    if STORE not in (enabled or "").split(",") or not session.schema.has(LOG):
        return f"{nothing} the site's standard log is not enabled (Site administration > Plugins > Logging > Manage log stores)."
    if engine := session.without_rollback.get(f"{session.prefix}{LOG}"):
        return f"{nothing} its table is {engine}, so what is written there can't be rolled back. {TO_INNODB}."
    return None


class MoodleLog:
    """Writes the events of one transaction after the other.

    :param folder: the SQL in `FOLDER`, rendered for the site.
    :param images: what the transaction has changed.
    """

    def __init__(self, folder: SqlFolder, images: Images) -> None:
        self._folder = folder
        self._images = images
        self._session = folder.state.session
        self._tables = folder.state.tables

    def write(self) -> None:
        """Write the events of what the transaction has done so far. Whatever the log tells of must be written before."""
        if self._images.nothing:
            return
        changed = self._images.changed
        for table in TABLES:
            self._define(table)
            made = self._images.made(table)
            if made:
                self._fill_made(table, made)
            if table in changed:
                self._fill_changed(table, made)
        self._folder.run(self._folder.work)
        self._folder.clean_up()
        self._tables.clear(WORK_TABLES)

    def _define(self, table: str) -> None:
        for what in WHAT:
            name, columns = work_table(what, table), "t.id" if what == MADE else "t.*"
            keys = "PRIMARY KEY (id)"
            if name == CONTEXTS_GONE:
                keys += ", KEY (contextlevel, instanceid)"
            like = f"({keys}) AS SELECT {columns} FROM {{{table}}} t LIMIT 0"
            self._tables.define(name, f"CREATE TEMPORARY TABLE {name} {like}")

    def _fill_made(self, table: str, made: Ranges) -> None:
        for condition in _within(made, "t.id"):
            self._fill(work_table(MADE, table), f"SELECT t.id FROM {{{table}}} t WHERE {condition}")

    def _fill_changed(self, table: str, made: Ranges) -> None:
        image, columns = IMAGE + table, self._session.schema.columns(table)
        same = " AND ".join(f"BINARY b.`{column}` <=> BINARY t.`{column}`" for column in columns)
        gone, changed = work_table(GONE, table), work_table(CHANGED, table)
        self._fill(gone, f"SELECT b.* FROM {image} b LEFT JOIN {{{table}}} t ON t.id = b.id WHERE t.id IS NULL")
        self._fill(changed, f"SELECT b.* FROM {image} b STRAIGHT_JOIN {{{table}}} t ON t.id = b.id WHERE NOT ({same})")
        for name in filter(self._tables.has_rows, (gone, changed)):
            for condition in _within(made, "id"):
                self._session.execute(f"DELETE FROM {name} WHERE {condition}")

    def _fill(self, name: str, select: str) -> None:
        self._tables.count(name, self._session.execute(f"INSERT INTO {name} {select}"))


def _within(ranges: Ranges, column: str) -> Iterable[str]:
    """The conditions that a number is in one of some ranges, not too many in each."""
    for some in chunked(ranges, RANGES_AT_ONCE):
        yield " OR ".join(f"{column} BETWEEN {first} AND {last}" for first, last in some)
