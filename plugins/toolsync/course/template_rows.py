"""The rows of template courses, read in one consistent snapshot and staged in temporary tables (`copy_steps.py` has their names).

INSERT … SELECT from the site's tables can't do that: at READ COMMITTED each statement sees another state of them, and above it the template's rows would be
locked. So a second connection reads them by plain SELECTs: what people do to the template meanwhile is not in the copy, and nobody waits. Templates that this
transaction itself created or changed are read inside it, since no other connection sees them yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from more_itertools import chunked, partition

from toolsync.course.copies import Copies, site_copies
from toolsync.course.copy_steps import linked_table, template_table
from toolsync.course.graph import LINKS, ROOT, Link
from toolsync.moodle.errors import SiteChanged
from toolsync.moodle.schema import Schema
from toolsync.moodle.session import MoodleSession
from toolsync.running.state import RunState

TEMPLATES = 20  # templates held in memory at once
IDS = 1000  # ids in one IN (…)
CourseRow = tuple[int, Sequence[Any]]  # a course id, and the values of all columns of a row


def read_templates(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int]]:
    """Stage the rows of templates that are copied.

    :param rows: course ids.
    :return: the same.
    """
    for table in site_copies(state.session.schema).tables:
        state.tables.create_like(
            template_table(table.name), table.name, number="toolsync_course", key="toolsync_course, id"
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
    for some in chunked(courses, TEMPLATES):
        for table, rows in _walk(some, source, state.session.schema, copies).items():
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


def _walk(courses: Sequence[int], source: MoodleSession, schema: Schema, copies: Copies) -> dict[str, list[CourseRow]]:
    """The rows of courses, by table, as the graph leads to them.

    :param source: reads them.
    """
    found: dict[str, dict[int, CourseRow]] = {ROOT: {courseid: (courseid, ()) for courseid in courses}}  # by row id
    for table, link in copies.walked.ways():
        parents = _keys(found.get(link.table, {}), link, schema)
        rows = found.setdefault(table.name, {})
        names = ", ".join(f"t.`{name}`" for name in schema.columns(table.name))
        for keys in chunked(sorted(parents), IDS):
            marks = ", ".join(["%s"] * len(keys))
            condition = link.condition.replace("%", "%%")
            for key, *row in source.rows(
                f"SELECT t.`{link.column}`, {names} FROM {{{table.name}}} t WHERE t.`{link.column}` IN ({marks}){condition}",
                keys,
            ):
                rows.setdefault(row[0], (parents[key], row))
    del found[ROOT]
    return {name: list(rows.values()) for name, rows in found.items() if rows}


def _keys(parents: dict[int, CourseRow], link: Link, schema: Schema) -> dict[Any, int]:
    """The values by which a link's column names rows of its parent, each with the course of that row."""
    if link.key == "id":
        return {key: courseid for key, (courseid, _) in parents.items()}
    at = schema.columns(link.table).index(link.key)
    return {row[at]: courseid for courseid, row in parents.values() if row[at] is not None}
