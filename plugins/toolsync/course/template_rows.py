"""The rows of template courses, read in one consistent snapshot and staged in temporary tables (`copy_steps.py` has their names).

INSERT … SELECT from the site's tables can't do that: at READ COMMITTED each statement sees another state of them, and above it the template's rows would be
locked. So a second connection reads them by plain SELECTs: what people do to the template meanwhile is not in the copy, and nobody waits. Templates that this
transaction itself created or changed are read inside it, since no other connection sees them yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from more_itertools import chunked, partition

from toolsync.course.conditions import all_of
from toolsync.course.copies import Copies, site_copies
from toolsync.course.copy_steps import linked_table, template_table
from toolsync.course.graph import LINKS, ROOT, Link, Table
from toolsync.moodle.errors import SiteChanged
from toolsync.moodle.schema import Schema
from toolsync.moodle.session import MoodleSession
from toolsync.running.state import RunState

TEMPLATES = 20  # templates held in memory at once
COURSE_LEVEL = 50  # of contexts
IDS = 1000  # ids in one IN (…)
BORROWED = "toolsync_borrowed"  # borrowed.sql has the question banks of others that a copy gets along
CONTEXT = "context"
# What the context of a question bank holds of it: tables, each with the condition on a row, `t`.
IN_BANKS = {
    "question_categories": "",
    "files": "(t.component = 'question' OR LEFT(t.component, 6) = 'qtype_')",
    "tag_instance": "t.component = 'core_question' AND t.itemtype = 'question'",
}
CourseRow = tuple[int, list[Any]]  # a course id, and the values of all columns of a row


def read_templates(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int]]:
    """Stage the rows of templates that are copied.

    :param rows: course ids.
    :return: the same.
    """
    copies = site_copies(state.session.schema)
    for table in copies.tables:
        state.tables.create_like(
            template_table(table.name),
            table.name,
            number="toolsync_course",
            key="toolsync_course, id",
            found_by=copies.named_by(table.name),
        )
    wanted = [courseid for (courseid,) in rows]
    others, ours = map(list, partition(state.changed_courses.__contains__, wanted))
    _read(ours, state.session, state)
    if others:
        with state.snapshot() if state.snapshot else nullcontext(state.session) as snapshot:
            _read(others, snapshot, state)
    return [(courseid,) for courseid in wanted]


def check_pairs(rows: Iterable[Sequence[Any]], _state: RunState) -> list[tuple[int, int]]:
    """Make sure that nobody else got in between: each new row is paired with what it was made from, and what is changed is there.

    :param rows: the number of rows, or of tables, for which that is not so.
    :raises SiteChanged: the batch has to begin again.
    """
    if any(number for (number,) in rows):
        raise SiteChanged("somebody else changed these courses or categories at the same moment")
    return []


def remember_changed(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int]]:
    """Remember the courses that this transaction created or changed.

    :param rows: course ids.
    """
    state.changed_courses.update(courseid for (courseid,) in rows)
    return []


def _read(courses: Sequence[int], source: MoodleSession, state: RunState) -> None:
    """Stage the rows of courses.

    :param source: reads them.
    """
    copies = site_copies(state.session.schema)
    banks: dict[int, list[int]] = {}  # the contexts of borrowed ones, by template
    if BORROWED in state.tables.filled:
        for courseid, contextid in state.session.rows(f"SELECT templateid, contextid FROM {BORROWED}"):
            banks.setdefault(courseid, []).append(contextid)
    alone, borrowing = map(list, partition(banks.__contains__, courses))
    # Two templates may borrow the same bank, so these are read one by one.
    for some in (*chunked(alone, TEMPLATES), *([courseid] for courseid in borrowing)):
        walk = _Walk(source, state.session.schema, copies, banks.get(some[0], []))
        for table, rows in walk.rows_of(some).items():
            _stage(table, rows, state)


def _stage(table: str, rows: Sequence[CourseRow], state: RunState) -> None:
    """Stage rows of a table, and the ids of those in whose texts ids may stand."""
    schema, tables = state.session.schema, state.tables
    copies, columns = site_copies(schema), schema.columns(table)
    tables.load(template_table(table), ["toolsync_course", *columns], ((courseid, *row) for courseid, row in rows))
    kinds = copies.texts(copies.content.tables[table], schema.text_columns)
    texts = [(columns.index(column), kind) for column, kind in kinds.items()]
    linked = [(courseid, row[0]) for courseid, row in rows if any(_may_have_ids(row[at], kind) for at, kind in texts)]
    if linked:
        if not tables.has(linked_table(table)):
            key = "toolsync_course BIGINT NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (toolsync_course, id)"
            tables.create(linked_table(table), key)
        tables.load(linked_table(table), ["toolsync_course", "id"], linked)


def _may_have_ids(text: str | None, kind: str) -> bool:
    return bool(text) and (kind != LINKS or ".php" in str(text))


class _Walk:
    """Reads the rows of courses, by table, as the graph leads to them.

    :param source: reads them.
    :param banks: the contexts of question banks of others that the one course borrows. Their rows become those of its own bank.
    """

    def __init__(self, source: MoodleSession, schema: Schema, copies: Copies, banks: Collection[int]) -> None:
        self.source = source
        self.schema = schema
        self.copies = copies
        self.banks = banks

    def rows_of(self, courses: Sequence[int]) -> dict[str, list[CourseRow]]:
        """Read everything.

        :param courses: one, if it borrows banks.
        """
        found: dict[str, dict[int, CourseRow]] = {ROOT: {courseid: (courseid, []) for courseid in courses}}  # by row id
        for table, link in self.copies.walked.ways():
            rows = found.setdefault(table.name, {})
            for courseid, row in self._children(table, link, _keys(found.get(link.table, {}), link, self.schema)):
                rows.setdefault(row[0], (courseid, row))
            if self.banks and link.table == CONTEXT and table.name in IN_BANKS:
                for courseid, row in self._borrowed(table, link, found[CONTEXT]):
                    rows.setdefault(row[0], (courseid, row))
        del found[ROOT]
        return {name: list(rows.values()) for name, rows in found.items() if rows}

    def _children(self, table: Table, link: Link, parents: Mapping[Any, int]) -> Iterator[tuple[int, list[Any]]]:
        """The rows to which a link leads, each with its course.

        :param parents: the courses of the values of its column.
        """
        names = ", ".join(f"t.`{name}`" for name in self.schema.columns(table.name))
        condition = link.condition.replace("%", "%%")
        for keys in chunked(sorted(parents), IDS):
            marks = ", ".join(["%s"] * len(keys))
            for key, *row in self.source.rows(
                f"SELECT {link.named}, {names} FROM {{{table.name}}} t WHERE {link.named} IN ({marks}){condition}",
                keys,
            ):
                yield parents[key], row

    def _borrowed(self, table: Table, link: Link, contexts: Mapping[int, CourseRow]) -> Iterator[tuple[int, list[Any]]]:
        """The rows of a table that belong to borrowed banks, put into the course's own context.

        :param contexts: those of the course, by id.
        """
        level = self.schema.columns(CONTEXT).index("contextlevel")
        at = self.schema.columns(table.name).index(link.column)
        own, courseid = next((key, course) for key, (course, row) in contexts.items() if row[level] == COURSE_LEVEL)
        link = replace(link, when=all_of(link.when, IN_BANKS[table.name]))
        for _, row in self._children(table, link, dict.fromkeys(self.banks, courseid)):
            row[at] = own
            yield courseid, row


def _keys(parents: dict[int, CourseRow], link: Link, schema: Schema) -> dict[Any, int]:
    """The values by which a link's column names rows of its parent, each with the course of that row."""
    if link.key == "id":
        return {key: courseid for key, (courseid, _) in parents.items()}
    at = schema.columns(link.table).index(link.key)
    return {row[at]: courseid for courseid, row in parents.values() if row[at] is not None}
