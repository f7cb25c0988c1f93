"""Undo bundles put back: what the SQL of `courses_restore` asks of the cabinet.

`find` looks up the bundle that a line means, `load` stages its rows in temporary tables, `missing_contents` asks the site's data folder,
`done` marks the bundle once the transaction is committed.

For a table `quiz` the rows that went are in `toolsync_back_quiz`, those that were changed in `toolsync_was_quiz` (before) and `toolsync_became_quiz` (after),
those that were made in `toolsync_unmake_quiz`; each has the column `toolsync_line`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from toolsync.cabinet.folders import Cabinet
from toolsync.course.undo_bundles import UNDOABLE, WRITERS, indexes, moment, read_bundle, read_index, write_index
from toolsync.moodle.file_pool import EMPTY, FilePool, at_hand
from toolsync.running.state import RunState

HELD = 50_000  # rows staged at once
ITS_OWN = {"badge", "bigbluebuttonbn_recordings"}  # tables of which a deletion changes rows of no other course
Bundle = tuple[str, str, dict[str, Any]]  # type, name, index
Found = tuple[int, str | None, str | None, int | None, str | None, int | None, str | None]
DOES = {"delete": "courses_delete", "reset": "courses_reset", "replace": "courses"}  # the type, by what is to be undone


def find(rows: Iterable[Sequence[Any]], _state: RunState) -> list[Found]:
    """The bundle that each line means: the newest of its course that was not put back.

    :param rows: line, the column that names the course, what it holds, the name of the bundle, and what is to be undone (`delete`, `reset`, `replace`, `any`).
    :return: line, type and name of the bundle, the course's id and short name, when it was made (Unix seconds); or what is the matter.
    """
    known = [(file_type, name, index) for file_type in UNDOABLE for name, index in indexes(Cabinet(file_type))]
    known.sort(key=lambda bundle: moment(bundle[2]), reverse=True)
    by_key: dict[str, list[Bundle]] = {}
    return [
        (line, *_find(_candidates(known, by_key, column, asked, name), column, name, what))
        for line, column, asked, name, what in rows
    ]


def touches(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, str, str | None]]:
    """Which lines must wait for one another: those whose bundles hold changes of other courses wait for all, the others only for one about the same course.

    :param rows: as for `find`.
    :return: line, thing, mode.
    """
    found = []
    for line, file_type, name, courseid, *_ in find(rows, state):
        if file_type and name:
            changed = set(read_index(Cabinet(file_type), name)["rows"]["changed"]) - ITS_OWN
            alone = file_type != "courses_delete" or bool(changed)
            found += [(line, "bundles", None if alone else "apart"), (line, f"course {courseid}", None)]
    return found


def _candidates(
    known: list[Bundle], by_key: dict[str, list[Bundle]], column: str, asked: str, name: str | None
) -> list[Bundle]:
    if name:
        return [bundle for bundle in known if bundle[1] == name]
    if not by_key:
        for bundle in known:
            by_key.setdefault(str(bundle[2]["course"][column]).casefold(), []).append(bundle)
    return by_key.get(asked.casefold(), [])


def _find(
    candidates: list[Bundle], column: str, name: str | None, what: str
) -> tuple[str | None, str | None, int | None, str | None, int | None, str | None]:
    wanted = [bundle for bundle in candidates if what == "any" or bundle[0] == DOES[what]]
    waiting = [bundle for bundle in wanted if not bundle[2]["restored"]]
    nothing = (None,) * 5
    if not wanted:
        return *nothing, "there is no undo bundle " + (f"{name}" if name else f"of a course with this {column}")
    if not waiting:
        return *nothing, f"put back already, on {wanted[0][2]['restored']}"
    if len({bundle[2]["course"]["id"] for bundle in waiting}) > 1:
        names = ", ".join(bundle[1] for bundle in waiting)
        return *nothing, f"several courses with this {column} can be put back; name the bundle: {names}"
    file_type, found, index = waiting[0]
    made = int(datetime.fromisoformat(index["made"]).timestamp())
    return file_type, found, index["course"]["id"], index["course"]["shortname"], made, None


def load(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, str]]:
    """Stage the rows of bundles.

    :param rows: line, type and name of the bundle.
    :return: line and what keeps its bundle from being put back.
    """
    problems: list[tuple[int, str]] = []
    staged = _Staged(state)
    for line, file_type, name in rows:
        try:
            for piece in read_bundle(Cabinet(file_type), name):
                staged.add(line, piece)
        except (OSError, EOFError) as error:
            problems.append((line, f"the bundle can't be read: {error}"))
        except ValueError as error:
            problems.append((line, str(error)))
    staged.flush()
    return problems


class _Staged:
    """Rows of many bundles on their way into temporary tables, so many at once that the way is short."""

    def __init__(self, state: RunState) -> None:
        self.schema = state.session.schema
        self.tables = state.tables
        self._rows: dict[tuple[str, tuple[str, ...]], list[tuple[Any, ...]]] = {}
        self._held = 0

    def add(self, line: int, piece: dict[str, Any]) -> None:
        """Take a piece of a bundle.

        :raises ValueError: the site has no such table or column.
        """
        table, columns, rows = piece["table"], tuple(piece["columns"]), piece["rows"]
        if lost := [column for column in columns if not self.schema.has(table, column)]:
            raise ValueError(
                f"the site has no column {table}.{lost[0]} any more: it is not the version that the bundle was made of"
            )
        if piece["change"] == "made":
            self._take("unmake", table, ("id",), line, rows)
        elif piece["change"] == "deleted":
            self._take("unmake", table, ("id",), line, [])  # which the checks look at
            self._take("back", table, columns, line, rows)
        else:
            width = len(columns)
            self._take("was", table, columns, line, [row[:width] for row in rows])
            self._take("became", table, columns, line, [row[width:] for row in rows])

    def flush(self) -> None:
        for (name, columns), rows in self._rows.items():
            self.tables.load(name, ["toolsync_line", *columns], rows)
        self._rows.clear()
        self._held = 0

    def _take(self, side: str, table: str, columns: tuple[str, ...], line: int, rows: Sequence[Sequence[Any]]) -> None:
        name = f"toolsync_{side}_{table}"
        if self.tables.has(name):
            pass
        elif side == "unmake":
            self.tables.create(name, "toolsync_line INT UNSIGNED NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (id)")
        else:
            self.tables.create_like(name, table, number="toolsync_line", key="id")
        if rows:
            self._rows.setdefault((name, columns), []).extend((line, *row) for row in rows)
            self._held += len(rows)
        if self._held >= HELD:
            self.flush()


def missing_contents(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, str]]:
    """Which contents of files are not in the site's data folder any more. Nothing is known where that is out of reach.

    :param rows: line, file name, content hash.
    :return: line and a sentence.
    """
    if not at_hand(state.session):
        return []
    pool = FilePool(state.session.extra["dataroot"])
    lost: dict[int, list[str]] = {}
    for line, file_name, content in rows:
        if content != EMPTY and not pool.has(content):
            lost.setdefault(line, []).append(file_name)
    return [
        (line, f"the contents of {len(names)} files are not in the site's data folder any more: {', '.join(names[:5])}")
        for line, names in lost.items()
    ]


def done(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int]]:
    """Mark bundles as put back, after the commit.

    :param rows: line, type and name of the bundle.
    """
    bundles = [(file_type, name) for _, file_type, name in rows]

    now = datetime.now(UTC).isoformat(timespec="seconds")

    def mark(bundle: tuple[str, str]) -> None:
        cabinet, name = Cabinet(bundle[0]), bundle[1]
        write_index(cabinet, name, {**read_index(cabinet, name), "restored": now})

    def mark_all() -> None:
        with ThreadPoolExecutor(WRITERS) as threads:
            list(threads.map(mark, bundles))

    state.after_commit.append(mark_all)
    return []
