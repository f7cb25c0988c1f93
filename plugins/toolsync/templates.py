"""The rows of template courses, read in one consistent snapshot and staged: `toolsync_tpl_<table>`, with the template's id in `toolsync_course`.

INSERT … SELECT can't do that: at READ COMMITTED each statement sees another moment, and above it the rows of the template would be locked. So plain
SELECTs in a second connection read them: people who work in the template meanwhile change nothing in the copy, and wait for nothing. Templates that the
run's own transaction made or changed are read in that transaction, since nobody else sees them yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import islice
from typing import Any, TypeVar

from toolsync.course_copies import ROOT, Copies, template_rows
from toolsync.course_graph import Link, course_graph
from toolsync.moodle import MoodleSession

COURSES = 20  # templates held in memory at once
IDS = 1000  # in one IN (…)
T = TypeVar("T")


def read(rows: Iterable[Sequence[Any]], session: MoodleSession) -> list[tuple[int]]:
    """Stage the rows of templates that are copied.

    :param rows: course ids.
    :return: the same.
    """
    wanted = [row[0] for row in rows]
    copies = course_graph().on(session).copies
    for table in copies.tables:
        session.create_temporary(
            template_rows(table.name),
            f"(PRIMARY KEY (id, toolsync_course)) AS SELECT CAST(0 AS SIGNED) AS toolsync_course, t.* FROM {{{table.name}}} t LIMIT 0",
        )
    ours = [courseid for courseid in wanted if courseid in session.changed_courses]
    others = [courseid for courseid in wanted if courseid not in session.changed_courses]
    _stage(ours, session, session, copies)
    if others:
        with session.snapshot() if session.snapshot else nullcontext(session) as snapshot:
            _stage(others, snapshot, session, copies)
    return [(courseid,) for courseid in wanted]


def changed(rows: Iterable[Sequence[Any]], session: MoodleSession) -> list[tuple[int]]:
    """Remember courses that this transaction made or changed.

    :param rows: course ids.
    """
    session.changed_courses.update(row[0] for row in rows)
    return []


def _stage(courses: Sequence[int], source: MoodleSession, session: MoodleSession, copies: Copies) -> None:
    for some in _chunks(courses, COURSES):
        for table, rows in _walk(some, source, copies).items():
            columns = ["toolsync_course", *session.columns(table)]
            session.load(template_rows(table), columns, ((courseid, *row) for courseid, row in rows))


def _walk(courses: Sequence[int], source: MoodleSession, copies: Copies) -> dict[str, list[tuple[int, Sequence[Any]]]]:
    """The rows of courses, with the course of each, as the graph leads to them."""
    found: dict[str, dict[int, tuple[int, Sequence[Any]]]] = {ROOT: {courseid: (courseid, ()) for courseid in courses}}
    for table, link in copies.walked.ways():
        parents = _values(found.get(link.table, {}), link, source)
        rows = found.setdefault(table.name, {})
        names = ", ".join(f"t.`{name}`" for name in source.columns(table.name))
        for keys in _chunks(sorted(parents), IDS):
            marks = ", ".join(["%s"] * len(keys))
            condition = link.condition.replace("%", "%%")
            for key, *row in source.rows(
                f"SELECT t.`{link.column}`, {names} FROM {{{table.name}}} t WHERE t.`{link.column}` IN ({marks}){condition}",
                keys,
            ):
                rows.setdefault(row[0], (parents[key], row))
    del found[ROOT]
    return {name: list(rows.values()) for name, rows in found.items() if rows}


def _values(parents: dict[int, tuple[int, Sequence[Any]]], link: Link, source: MoodleSession) -> dict[Any, int]:
    """What a link's column may hold, and the course that it means."""
    if link.key == "id":
        return {key: courseid for key, (courseid, _) in parents.items()}
    at = source.columns(link.table).index(link.key)
    return {row[at]: courseid for courseid, row in parents.values() if row[at] is not None}


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
