"""Undo bundles put back: what the SQL of `courses_restore` needs from the cabinet.

`find_bundles` finds the bundle that a line means, `load_bundles` stages its rows in temporary tables, `missing_contents` looks into the site's data folder,
and `mark_put_back` marks the bundle once the transaction is committed.

Of a table `quiz`, the deleted rows are staged in `toolsync_back_quiz`, the changed ones in `toolsync_was_quiz` (before) and `toolsync_became_quiz` (after),
and the ids of created ones in `toolsync_unmake_quiz`, with a hash, NULL where the bundle has none; each of these has a column `toolsync_line`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from more_itertools import map_reduce

from toolsync.cabinet.folders import Cabinet
from toolsync.course.kin import highest_ids
from toolsync.course.order import Deletion, put_back
from toolsync.course.staged_rows import StagedRows
from toolsync.course.undo_bundles import (
    BY_COURSE,
    UNDOABLE,
    By,
    claim_in,
    indexes,
    mark_restored,
    read_bundle,
    writing_order,
)
from toolsync.course.undo_parts import note_undone
from toolsync.moodle.file_pool import EMPTY, FilePool, at_hand
from toolsync.running.state import RunState
from toolsync.sites import Site

MADE = ("id", "hash")  # what is staged of a row that was created
SHOWN_FILES = 5  # names in a message about missing contents
ITS_OWN = {"badge", "bigbluebuttonbn_recordings"}  # tables in which a deletion changes rows of the deleted course only
TYPE_OF = {
    "delete": "courses_delete",
    "reset": "courses_reset",
    "replace": "courses",
}  # the type that does each of these
FoundRow = tuple[int, str | None, str | None, int | None, str | None, int | None, str | None]


class NoBundle(LookupError):
    """No bundle can be put back for a line; the message says why."""


@dataclass(frozen=True)
class Bundle:
    """A bundle in the cabinet.

    :param file_type: the type that wrote it.
    """

    file_type: str
    name: str
    index: dict[str, Any]

    @property
    def course(self) -> dict[str, Any]:
        return self.index["course"]

    @property
    def made(self) -> int:
        """When it was written, in Unix seconds."""
        return int(datetime.fromisoformat(self.index["made"]).timestamp())


class _Bundles:
    """All bundles of the cabinet, newest first."""

    def __init__(self, site: Site) -> None:
        bundles = [Bundle(file_type, *found) for file_type in UNDOABLE for found in indexes(Cabinet(file_type, site))]
        self.bundles = sorted(bundles, key=lambda bundle: writing_order(bundle.index), reverse=True)
        self._by_course: dict[str, dict[str, list[Bundle]]] = {}  # by column, and by what it holds

    def find(self, column: str, value: str, name: str | None, undo_of: str) -> Bundle:
        """The bundle that a line means: the newest one of its course that has not been put back.

        :param column: the column that identifies the course: `shortname`, `idnumber` or `id`.
        :param value: what it holds.
        :param name: the name of the bundle; None: the line gives none.
        :param undo_of: `delete`, `reset`, `replace` or `any`.
        :raises NoBundle: there is none, or there are several courses with one.
        """
        candidates = [bundle for bundle in self.bundles if bundle.name == name] if name else self._of(column, value)
        wanted = [bundle for bundle in candidates if undo_of == "any" or bundle.file_type == TYPE_OF[undo_of]]
        if not wanted:
            raise NoBundle(f"there is no undo bundle {name or f'of a course with this {column}'}")
        waiting = [bundle for bundle in wanted if not bundle.index["restored"]]
        if not waiting:
            raise NoBundle(f"already put back, on {wanted[0].index['restored']}")
        if len({bundle.course["id"] for bundle in waiting}) > 1:
            names = ", ".join(bundle.name for bundle in waiting)
            raise NoBundle(f"there are undo bundles of several courses with this {column}: name one of {names}")
        return waiting[0]

    def _of(self, column: str, value: str) -> list[Bundle]:
        if column not in self._by_course:
            self._by_course[column] = map_reduce(self.bundles, lambda bundle: str(bundle.course[column]).lower())
        candidates = self._by_course[column].get(value.lower(), [])
        return [bundle for bundle in candidates if str(bundle.course[column]) == value] or candidates


def find_bundles(rows: Iterable[Sequence[Any]], state: RunState) -> list[FoundRow]:
    """Find the bundle that each line means.

    :param rows: line, the column that identifies the course, what it holds, the name of the bundle (or None), and what is to be undone.
    :return: line, type and name of the bundle, id and short name of its course, when it was written (Unix seconds), None; or, of a line without a bundle,
        the reason as the last value.
    """
    bundles = _Bundles(state.site)
    found: list[FoundRow] = []
    for line, *asked in rows:
        try:
            bundle = bundles.find(*asked)
        except NoBundle as reason:
            found.append((line, None, None, None, None, None, str(reason)))
        else:
            course = bundle.course
            found.append((line, bundle.file_type, bundle.name, course["id"], course["shortname"], bundle.made, None))
    return found


def bundle_touches(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, str, str | None]]:
    """Which lines have to wait for each other: lines about the same course; and, for all other lines, one whose bundle also holds changes of other courses.

    :param rows: as for `find_bundles`.
    :return: line, thing, mode, as for `touches.sql`.
    """
    bundles = _Bundles(state.site)
    touches: list[tuple[int, str, str | None]] = []
    for line, *asked in rows:
        try:
            bundle = bundles.find(*asked)
        except NoBundle:
            continue
        alone = bundle.file_type != "courses_delete" or bool(set(bundle.index["rows"]["changed"]) - ITS_OWN)
        touches += [(line, "bundles", None if alone else "apart"), (line, f"course {bundle.course['id']}", None)]
    return touches


def load_bundles(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, str]]:
    """Stage the rows of bundles in temporary tables.

    :param rows: line, type and name of the bundle.
    :return: line and the reason why its bundle can't be put back.
    """
    problems: list[tuple[int, str]] = []
    staging = _Staging(state)
    for line, file_type, name in rows:
        try:
            for part in read_bundle(Cabinet(file_type, state.site), name):
                staging.add(line, part)
        except (OSError, EOFError) as error:
            problems.append((line, f"the bundle can't be read: {error}"))
        except ValueError as error:
            problems.append((line, str(error)))
    staging.flush()
    if state.images:
        state.images.said["highest"] = highest_ids(state.session)
    return problems


class _Staging(StagedRows):
    """Makes the tables that the SQL does not make."""

    def add(self, line: int, part: dict[str, Any]) -> None:
        """Add the rows of a part of a bundle.

        :raises ValueError: the site lacks the table or a column of it.
        """
        table, columns, rows = part["table"], tuple(part["columns"]), part["rows"]
        self.need(table, columns if part["change"] != "made" else ("id",))
        if part["change"] == "made":
            known = [at for at, name in enumerate(columns) if name in MADE]
            self.hold(
                "unmake", table, tuple(columns[at] for at in known), line, [[row[at] for at in known] for row in rows]
            )
            if table == "grade_items":
                self.hold("unmake", "grade_grades", MADE, line, [])  # the checks of the SQL need the table
        elif part["change"] == "deleted":
            self.hold("unmake", table, MADE, line, [])  # the checks of the SQL need the table
            self.hold("back", table, columns, line, rows)
        else:
            width = len(columns)
            self.hold("was", table, columns, line, [row[:width] for row in rows])
            self.hold("became", table, columns, line, [row[width:] for row in rows])

    def hold(self, side: str, table: str, columns: tuple[str, ...], line: int, rows: Sequence[Sequence[Any]]) -> None:
        name = f"toolsync_{side}_{table}"
        if not self.tables.is_there(name):  # the SQL makes some, which stay from segment to segment
            self._create(name, table, only_ids=side == "unmake")
        super().hold(side, table, columns, line, rows)

    def _create(self, name: str, table: str, *, only_ids: bool) -> None:
        if only_ids:
            self.tables.create(
                name, "toolsync_line INT UNSIGNED NOT NULL, id BIGINT NOT NULL, hash CHAR(16) NULL, PRIMARY KEY (id)"
            )
        else:
            self.tables.create_like(name, table, number="toolsync_line", key="id")


def places(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, int]]:
    """Where courses stand in their categories once deleted ones are back.

    :param rows: category, course id, place (of a course that is back: when it was deleted), and the name of its bundle, None if it is not back. All courses
        of the categories concerned, in their order.
    :return: course id and place, from 1.
    """
    known = dict(indexes(Cabinet("courses_delete", state.site)))
    result: list[tuple[int, int]] = []
    for category, group in groupby(rows, key=itemgetter(0)):
        siblings = list(group)
        back = {name: (course, place) for _, course, place, name in siblings if name}
        deletions = [_deletion(index) for index in known.values() if index["course"].get("category") == category]
        # Versions before 0.2 left the others where they were, so the places of all that they deleted are as of one state, the oldest.
        old = [place for name, place in back.items() if "written" not in known[name]]
        deletions += [Deletion(course, place, byhand=False, written=0, back=None) for course, place in old]
        order = put_back(
            [course for _, course, _, name in siblings if not name], {course for course, _ in back.values()}, deletions
        )
        result += [(course, place) for place, course in enumerate(order, start=1)]
    return result


def _deletion(index: dict[str, Any]) -> Deletion:
    course = index["course"]
    return Deletion(course["id"], course["place"], bool(course["byhand"]), index["written"], index.get("back"))


def missing_contents(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, str]]:
    """Which contents of files are no longer in the site's data folder. Nothing is reported where that folder can't be reached.

    :param rows: line, file name, content hash.
    :return: line and a note.
    """
    if not at_hand(state.session):
        return []
    pool = FilePool(state.session.extra["dataroot"])
    missing: dict[int, list[str]] = {}
    for line, file_name, content in rows:
        if content != EMPTY and not pool.has(content):
            missing.setdefault(line, []).append(file_name)
    return [
        (
            line,
            f"the contents of {len(names)} files are no longer in the site's data folder: {', '.join(names[:SHOWN_FILES])}",
        )
        for line, names in missing.items()
    ]


def mark_put_back(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int]]:
    """Mark bundles as put back, as soon as the transaction is committed.

    :param rows: line, type and name of the bundle.
    """
    marked = list(rows)

    def mark_all() -> None:
        by = By("courses_restore", state.claim_id, datetime.now(UTC))
        for file_type, of_type in map_reduce(marked, itemgetter(1), itemgetter(2)).items():
            cabinet = Cabinet(file_type, state.site)
            mark_restored(cabinet, of_type, by)
            if file_type in BY_COURSE:  # the other type has a bundle of the run, with parts of its own
                for run, names in map_reduce(of_type, claim_in).items():
                    note_undone(cabinet, run, dict.fromkeys(names, 0), None, by)

    state.after_commit.append(mark_all)
    return []
