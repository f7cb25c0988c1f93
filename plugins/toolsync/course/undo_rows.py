"""The rows that go into undo bundles, as the SQL of a type collected them in temporary tables.

`toolsync_of_<table>`: ids of rows that are deleted; of a reset, `toolsync_gone_<table>`. `toolsync_before_<table>`: rows as they were, which the run may
have changed or deleted. `toolsync_made_<table>`: ids of rows that the run created; a hash is kept with them, which tells whether somebody changed them since.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from more_itertools import chunked

from toolsync.moodle.session import MoodleSession
from toolsync.running.images import hash_of, hashed_columns
from toolsync.running.state import RunState, UndoLog
from toolsync.running.things import references

CHUNK = 1000  # rows in one JSON line
DELETED = "toolsync_of_"
REMOVED = "toolsync_gone_"
BEFORE = "toolsync_before_"
MADE = "toolsync_made_"
# What an index says about its course. The last three are of a deleted one: its place in its category, and whether somebody had sorted the courses there.
INDEXED = ("line", "id", "shortname", "fullname", "idnumber", "category", "place", "byhand")


def keep_deleted_rows(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, str]]:
    """Begin the bundles of courses with the rows that are about to be deleted.

    :param rows: line and course id.
    :return: nothing; `write_bundles` writes the bundles.
    """
    return _keep(DELETED, rows, state)


def keep_removed_rows(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int]]:
    """Begin the bundles of courses with the rows that a reset is about to delete.

    :param rows: line and course id.
    :return: nothing; `write_bundles` writes the bundles.
    """
    _keep(REMOVED, rows, state)
    return []


def _keep(prefix: str, rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, str]]:
    """Read the rows whose ids are in the temporary tables with such names."""
    if state.undo is None:
        return []
    courses = {courseid for _, courseid in rows}
    for ids, table in _filled(state, prefix):
        columns = state.session.schema.columns(table)
        names = ", ".join(f"t.`{name}`" for name in columns)
        found = state.session.stream(
            f"SELECT p.courseid, {names} FROM {ids} p STRAIGHT_JOIN {{{table}}} t ON t.id = p.id ORDER BY p.courseid, p.id"
        )
        _add(state.undo, courses, "deleted", table, columns, found)
    return []


def write_bundles(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, str]]:
    """Complete the bundles of courses and write them.

    :param rows: the values of `INDEXED`.
    :return: line and the name of its bundle.
    """
    if state.undo is None:
        return []
    session = state.session
    courses = {row[1]: dict(zip(INDEXED, row, strict=True)) for row in rows}
    for before, table in _filled(state, BEFORE):
        _add_changes(session, state.undo, courses, table, before)
    for made, table in _filled(state, MADE):
        _add_made(session, state.undo, courses, table, made)
    names = state.undo.write(courses, session.release)
    return [(courses[courseid]["line"], name) for courseid, name in names.items()]


def _add_made(session: MoodleSession, undo: UndoLog, courses: Container[int], table: str, made: str) -> None:
    """Add the ids of rows that were made; where the run keeps them nowhere else, each with a hash of what it holds, and what it refers to."""
    if not undo.alone:
        _add(
            undo,
            courses,
            "made",
            table,
            ["id"],
            session.stream(f"SELECT courseid, id FROM {made} ORDER BY courseid, id"),
        )
        return
    every = session.schema.columns(table)
    hashed, refers = hashed_columns(every), references(table, every)
    about = "".join(f", t.`{column}`" for column in refers)
    found = session.stream(
        f"SELECT m.courseid, t.id, {hash_of(hashed)}{about} FROM {made} m STRAIGHT_JOIN {{{table}}} t ON t.id = m.id ORDER BY m.courseid, m.id"
    )
    _add(undo, courses, "made", table, ["id", "hash", *refers], found, hashed=hashed)


def _filled(state: RunState, prefix: str) -> list[tuple[str, str]]:
    """The temporary tables with such names that hold rows, each with the table of the site."""
    return [(name, name.removeprefix(prefix)) for name in sorted(state.tables.filled) if name.startswith(prefix)]


def _add_changes(session: MoodleSession, undo: UndoLog, courses: Container[int], table: str, before: str) -> None:
    """Compare rows with what they were, and add those that are gone or different."""
    columns = session.schema.columns(table)
    old, new = (", ".join(f"{alias}.`{name}`" for name in columns) for alias in "bt")
    same = " AND ".join(f"BINARY b.`{name}` <=> BINARY t.`{name}`" for name in columns)
    # Of a reset, most are gone: their other half would be nothing but NULLs, in hundreds of thousands of rows.
    for change, selected, joined, condition in (
        ("changed", f"{old}, {new}", "STRAIGHT_JOIN", f"NOT ({same})"),
        ("deleted", old, "LEFT JOIN", "t.id IS NULL"),
    ):
        found = session.stream(
            f"SELECT b.toolsync_course, {selected} FROM {before} b {joined} {{{table}}} t ON t.id = b.id WHERE {condition} ORDER BY b.toolsync_course, b.id"
        )
        _add(undo, courses, change, table, columns, found)


def _add(
    undo: UndoLog,
    courses: Container[int],
    change: str,
    table: str,
    columns: Sequence[str],
    found: Iterable[Sequence[Any]],
    **more: Any,
) -> None:
    """Add rows to the bundles of their courses.

    :param courses: ids of the courses that have a bundle; rows of others are passed over.
    :param found: course id, then the values of the row; ascending by course id.
    :param more: what else the lines of the bundle say.
    """
    for courseid, rows in _by_course(found):
        if courseid in courses:
            undo.add(courseid, change, table, columns, rows, **more)


def _by_course(found: Iterable[Sequence[Any]]) -> Iterator[tuple[int, list[list[Any]]]]:
    for courseid, rows in groupby(found, key=itemgetter(0)):
        for chunk in chunked(rows, CHUNK):
            yield courseid, [list(row[1:]) for row in chunk]
