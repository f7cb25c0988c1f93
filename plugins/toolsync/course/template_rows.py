"""The rows of template courses, read in one consistent snapshot and staged: `toolsync_tpl_<table>`, with the template's id in `toolsync_course`.

`toolsync_linked_<table>` has the ids of those in whose texts other ids may stand; it is there only when there are any.

INSERT … SELECT can't do that: at READ COMMITTED each statement sees another moment, and above it the rows of the template would be locked. So plain
SELECTs in a second connection read them: people who work in the template meanwhile change nothing in the copy, and wait for nothing. Templates that the
run's own transaction made or changed are read in that transaction, since nobody else sees them yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from more_itertools import chunked

from toolsync.course.copies import LINKS, Copies, site_copies
from toolsync.course.copy_steps import linked_table, template_table
from toolsync.course.graph import ROOT, Link
from toolsync.moodle.errors import SiteChanged
from toolsync.moodle.schema import Schema
from toolsync.moodle.session import MoodleSession
from toolsync.running.state import RunState

COURSES = 20  # templates held in memory at once
IDS = 1000  # in one IN (…)
FEW = 100  # rows that are loaded sooner by an INSERT


def read(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int]]:
    """Stage the rows of templates that are copied.

    :param rows: course ids.
    :return: the same.
    """
    wanted = [row[0] for row in rows]
    for table in site_copies(state.session.schema).tables:
        state.tables.create_like(
            template_table(table.name), table.name, number="toolsync_course", key="toolsync_course, id"
        )
    ours = [courseid for courseid in wanted if courseid in state.changed_courses]
    others = [courseid for courseid in wanted if courseid not in state.changed_courses]
    _stage(ours, state.session, state)
    if others:
        with state.snapshot() if state.snapshot else nullcontext(state.session) as snapshot:
            _stage(others, snapshot, state)
    return [(courseid,) for courseid in wanted]


def check_pairs(rows: Iterable[Sequence[Any]], _state: RunState) -> list[tuple[int, int]]:
    """Make sure that all new rows are known, and no others.

    :param rows: in how many tables they are not.
    :raises SiteChanged: somebody else's rows are among them.
    """
    if any(number for (number,) in rows):
        raise SiteChanged("somebody added to a course while a template was copied into it")
    return []


def remember_changed(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int]]:
    """Remember courses that this transaction made or changed.

    :param rows: course ids.
    """
    state.changed_courses.update(row[0] for row in rows)
    return []


def _stage(courses: Sequence[int], source: MoodleSession, state: RunState) -> None:
    """:param source: where the courses are read."""
    copies = site_copies(state.session.schema)
    for some in chunked(courses, COURSES):
        for table, rows in _walk(some, source, state.session.schema, copies).items():
            stage(table, rows, state)


def stage(name: str, rows: Sequence[tuple[int, Sequence[Any]]], state: RunState) -> None:
    """Stage rows of a table that are to be copied.

    :param rows: course id and the values of all columns of each row.
    """
    schema, tables = state.session.schema, state.tables
    copies, columns = site_copies(schema), schema.columns(name)
    load = tables.insert if len(rows) <= FEW else tables.load
    load(template_table(name), ["toolsync_course", *columns], ((courseid, *row) for courseid, row in rows))
    kinds = copies.texts(copies.content.tables[name], schema.text_columns)
    places = [(columns.index(column), kind) for column, kind in kinds.items()]
    linked = [(courseid, row[0]) for courseid, row in rows if any(may_have_ids(row[at], kind) for at, kind in places)]
    if linked:
        if not tables.has(linked_table(name)):
            key = "toolsync_course BIGINT NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (toolsync_course, id)"
            tables.create(linked_table(name), key)
        tables.insert(linked_table(name), ["toolsync_course", "id"], linked)


def may_have_ids(text: str | None, kind: str) -> bool:
    """Whether other rows' ids may stand in a text.

    :param kind: how they would.
    """
    return bool(text) and (kind != LINKS or ".php" in str(text))


def _walk(
    courses: Sequence[int], source: MoodleSession, schema: Schema, copies: Copies
) -> dict[str, list[tuple[int, Sequence[Any]]]]:
    """The rows of courses, with the course of each, as the graph leads to them.

    :param source: where they are read.
    :param schema: of the site.
    """
    found: dict[str, dict[int, tuple[int, Sequence[Any]]]] = {ROOT: {courseid: (courseid, ()) for courseid in courses}}
    for table, link in copies.walked.ways():
        parents = _values(found.get(link.table, {}), link, schema)
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


def _values(parents: dict[int, tuple[int, Sequence[Any]]], link: Link, schema: Schema) -> dict[Any, int]:
    """What a link's column may hold, and the course that it means."""
    if link.key == "id":
        return {key: courseid for key, (courseid, _) in parents.items()}
    at = schema.columns(link.table).index(link.key)
    return {row[at]: courseid for courseid, row in parents.values() if row[at] is not None}
