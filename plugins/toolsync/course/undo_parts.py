"""The parts of undo bundles, staged to be put back. `include/sql/undo` puts them back; a bundle of a deleted or reset course is such a part, too."""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

from more_itertools import map_reduce

from toolsync.cabinet.bundles import Bundle, bundles
from toolsync.cabinet.claims import CLAIM_ID
from toolsync.cabinet.data_sets import DataSet
from toolsync.cabinet.folders import Cabinet
from toolsync.course.kin import highest_ids
from toolsync.course.staged_rows import StagedRows
from toolsync.course.undo_bundles import (
    BY_COURSE,
    By,
    bundles_of,
    mark_restored,
    read_bundle,
    read_index,
    timestamp,
    writing_order,
)
from toolsync.params import WITHOUT_SQL, known_types
from toolsync.reporting.pieces import BATCH, piece_name
from toolsync.running.image_sql import QUIET, VOLATILE
from toolsync.running.images import hashed_columns
from toolsync.running.state import RunState
from toolsync.running.things import refers_to
from toolsync.sites import Site

# What is rendered where nobody knows which tables a bundle has rows of: the SQL as people look at it.
SAMPLE = (
    *("user", "enrol", "user_enrolments", "role_assignments", "role_capabilities", "cohort_members", "groups_members"),
    *("course_categories", "course", "course_sections", "course_modules", "context", "files"),
)

log = logging.getLogger(__name__)


class Part(NamedTuple):
    """A part of a bundle.

    :param file_type: of the file that the run was of.
    :param run: its claim.
    :param part: a number; of a course's bundle, its name.
    """

    file_type: str
    run: str
    part: str

    @property
    def of_course(self) -> bool:
        """Whether it is the bundle of a course."""
        return not self.part.isdecimal()

    def lines(self, site: Site) -> Iterator[dict[str, Any]]:
        """Its lines, as `Bundle.read` has them.

        :raises FileNotFoundError: it is not there.
        :raises ValueError: it is not complete.
        """
        cabinet = Cabinet(self.file_type, site)
        return read_bundle(cabinet, self.part) if self.of_course else Bundle(cabinet, self.run).read(int(self.part))


@dataclass
class Undone:
    """What parts hold of a table.

    :param changed: the columns in which rows were changed.
    :param hashed: those in which a row that was made is compared.
    :param loud: those changed columns that somebody meant to change.
    :param refers: the columns that say what a row that was made is about.
    """

    deleted: bool = False
    made: bool = False
    changed: list[str] = field(default_factory=list)
    hashed: list[str] = field(default_factory=list)
    loud: list[str] = field(default_factory=list)
    refers: list[str] = field(default_factory=list)


class UndoneTables(Mapping[str, Undone]):
    """What parts hold, by table: each table after those that its rows need. Nobody looks before the SQL does.

    :param parts: None: a few tables of any run.
    """

    def __init__(self, state: RunState, parts: Iterable[Part] | None) -> None:
        self._state = state
        self._parts = parts

    @cached_property
    def _tables(self) -> dict[str, Undone]:
        return _undone_tables(self._state, self._parts)

    def __getitem__(self, table: str) -> Undone:
        return self._tables[table]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def _undone_tables(state: RunState, parts: Iterable[Part] | None) -> dict[str, Undone]:
    schema = state.session.schema
    schema.read_all()
    found: dict[str, Undone] = {}
    changed: dict[str, set[str]] = {}
    if parts is None:
        every = {name: schema.columns(name) for name in SAMPLE}
        found = {name: Undone(deleted=True, made=True) for name in every}
        changed = {name: set(columns) for name, columns in every.items()}
    for rows, columns in _contents(parts or (), state.site):
        for change, tables in rows.items():
            for table in tables:
                of_table = found.setdefault(table, Undone())
                of_table.deleted |= change == "deleted"
                of_table.made |= change == "made"
                if change == "changed":
                    changed.setdefault(table, set()).update(columns.get(table) or schema.columns(table))
    known = {table: of_table for table, of_table in found.items() if schema.has(table)}
    for table, of_table in known.items():
        every_column = schema.columns(table)
        of_table.changed = [
            name for name in every_column if name in changed.get(table, ()) and name != "id" and name not in VOLATILE
        ]
        of_table.loud = [name for name in of_table.changed if name not in QUIET]
        of_table.hashed = hashed_columns(every_column)
        of_table.refers = [name for name in every_column if refers_to(table, name)]
    return {table: known[table] for table in state.session.references.ordered(known)}


def _contents(parts: Iterable[Part], site: Site) -> Iterator[tuple[dict[str, Any], dict[str, list[str]]]]:
    """Of each run or course: the tables that its bundle has rows of, by change, and the columns that were changed, by table."""
    runs = dict.fromkeys(part if part.of_course else part._replace(part="") for part in parts)
    for part in runs:
        with suppress(OSError, EOFError, ValueError):  # `load_parts` says so of its line
            yield from _contents_of(part, site)


def _contents_of(part: Part, site: Site) -> Iterator[tuple[dict[str, Any], dict[str, list[str]]]]:
    cabinet = Cabinet(part.file_type, site)
    if part.part:
        yield read_index(cabinet, part.part)["rows"], {}
        return
    bundle = Bundle(cabinet, part.run)
    index = bundle.index()
    if index and index["ended"]:
        yield index["rows"], index["columns"]
        return
    for number in bundle.parts():  # a run that was cut off
        for line in bundle.read(number):
            if "table" in line:
                columns = {line["table"]: line["columns"]} if line["change"] == "changed" else {}
                yield {line["change"]: {line["table"]: len(line["rows"])}}, columns


def types_with_bundles() -> list[str]:
    """The types whose runs may have bundles, in order."""
    return sorted(known_types() - WITHOUT_SQL)


def parts_of(site: Site, named: str) -> tuple[dict[str, Any], list[tuple[Part, str]]]:
    """The parts of the run that somebody names, the last first.

    :param named: its claim, or the name or path of one of its reports.
    :return: what the index of its bundle says, and each part with the lines of the file that it is about.
    :raises NoBundle: there is none.
    """
    numbers = re.findall(CLAIM_ID, named.rpartition("/")[2]) or re.findall(CLAIM_ID, named)
    if not numbers:
        raise NoBundle(
            f"{named!r} names no run: write the number of a run, such as 20261129-084200-123456-1a2b, or the name of its report."
        )
    run = numbers[-1]  # a tryback that was dropped again has the number of its own run in its name, before this one
    for file_type in types_with_bundles():
        cabinet = Cabinet(file_type, site)
        if file_type in BY_COURSE:
            if of_run := bundles_of(cabinet, run):
                newest = sorted(of_run, key=lambda found: writing_order(found[1]), reverse=True)
                return of_run[0][1], [
                    (Part(file_type, run, name), str(index["course"]["line"])) for name, index, _ in newest
                ]
            continue
        bundle = Bundle(cabinet, run)
        if (index := bundle.index()) is not None:
            return index, [(Part(file_type, run, str(part)), _lines(bundle, part)) for part in reversed(bundle.parts())]
    raise NoBundle(
        f"There is nothing to undo of the run {run}: it changed nothing, was a simulation, ran without Param undo, or its undo bundle is older than "
        "protection.undo_days (include/toolsync.yaml)."
    )


def _head(bundle: Bundle, part: int) -> dict[str, Any]:
    """The first line of a part."""
    with closing(bundle.read(part)) as lines:
        return next(lines)


def _lines(bundle: Bundle, part: int) -> str:
    head = _head(bundle, part)
    return str(head["first"]) if head["first"] == head["last"] else f"{head['first']}-{head['last']}"


class NoBundle(LookupError):
    """There is no bundle of what somebody names; the message says why."""


def load_parts(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, int | None, str | None, str | None]]:
    """Stage the rows of parts in temporary tables, which the SQL has made.

    :param rows: line, type, run, part.
    :return: line, when the part was written (Unix seconds), the outcome if it can't be put back or need not be, and why.
    """
    result: list[tuple[int, int | None, str | None, str | None]] = []
    types = set(types_with_bundles())
    for line, *named in rows:
        part = Part(*named)
        if part.file_type not in types:
            result.append((line, None, "failed", f"there is no type {part.file_type}"))
            continue
        staging = _Staging(state, line)
        try:
            made, idle = _looked_at(part, state)
            if idle:
                result.append((line, None, "unchanged", idle))
                continue
            for found in part.lines(state.site):
                if "table" in found:
                    staging.add(found)
            staging.flush()
        except (OSError, EOFError, ValueError, zlib.error) as error:
            staging.forget()
            result.append((line, None, "failed", _why_not(error, part)))
        else:
            result.append((line, made, None, None))
    if state.images:
        state.images.said["highest"] = highest_ids(state.session)
    return result


def highest_ids_then(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[str, int]]:
    """The highest ids in tables in which Moodle leaves rows, as they were when parts were written: known of those that put rows back, with their old ids.

    :param rows: type, run, part.
    :return: table and id.
    """
    found: dict[str, int] = {}
    for part in (Part(*named) for named in rows):
        if not part.of_course:
            said = _head(Bundle(Cabinet(part.file_type, state.site), part.run), int(part.part)).get("highest", {})
            found |= {name: min(highest, found.get(name, highest)) for name, highest in said.items()}
    return list(found.items())


def _why_not(error: Exception, part: Part) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no part {part.part} of the undo bundle {part.run} of {part.file_type}"
    return str(error) if isinstance(error, ValueError) else f"the undo bundle can't be read: {error}"


def _looked_at(part: Part, state: RunState) -> tuple[int | None, str | None]:
    """When a part was written; or why it need not be put back, in a sentence.

    :raises FileNotFoundError: there is no such bundle.
    :raises ValueError: it is of another site.
    """
    cabinet = Cabinet(part.file_type, state.site)
    if part.of_course:  # the SQL says what became of the course
        return _seconds(read_index(cabinet, part.part)["made"]), None
    bundle = Bundle(cabinet, part.run)
    index = bundle.index()
    if index is None:
        raise FileNotFoundError(part.run)
    identifier = state.session.value("SELECT value FROM {config} WHERE name = 'siteidentifier'")
    if index["site"] != identifier:
        raise ValueError("the undo bundle is of another site")
    if not index["ended"] and not _committed(part, cabinet, state):
        return None, "nothing of this part reached the site: the run was cut off before"
    undone = index["undone"] or {"parts": {}}
    # What somebody has made of it since is theirs, unless the undo was undone in turn.
    if undone["parts"].get(part.part) == 0 and not _is_undone(undone, state.site):
        return None, f"it was undone before, at {undone['at']} (run {undone['by_claim']})"
    head = _head(bundle, int(part.part))
    # The index is written last: the run may have gone on for long after this part, and people with it.
    return min(head.get("at", _seconds(index["made"])), _seconds(index["made"])), None


def _committed(part: Part, cabinet: Cabinet, state: RunState) -> bool:
    """Whether the batch of a part was committed by a run that was cut off: its outcomes are kept, or the site has its mark."""
    if cabinet.files.exists(cabinet.folder("work") / part.run / piece_name(BATCH, int(part.part))):
        return True
    names = state.session.rows(
        "SELECT name FROM {cache_flags} WHERE flagtype = 'toolsync' AND name LIKE %s", (f"{part.run}/%",)
    )
    return any(int(name.split("/")[1]) >= int(part.part) for (name,) in names)


def _seconds(made: str) -> int:
    return int(datetime.fromisoformat(made).timestamp())


class _Staging(StagedRows):
    """Stages one line: a part of which not all can be read is not put back.

    :param line: the line that names the part.
    """

    def __init__(self, state: RunState, line: int) -> None:
        super().__init__(state)
        self.session = state.session
        self.line = line
        self._loaded: set[str] = set()

    def add(self, found: dict[str, Any]) -> None:
        """Add the rows of a line of a part.

        :raises ValueError: the site lacks the table or a column of it.
        """
        table, columns, rows = found["table"], tuple(found["columns"]), found["rows"]
        self.need(table, columns if found["change"] != "made" else found.get("hashed", ()))
        if found["change"] == "made":
            if "hashed" in found and list(found["hashed"]) != hashed_columns(self.schema.columns(table)):
                raise ValueError(
                    f"the columns of the site's table {table} are no longer those of the bundle: its version of Moodle has changed since"
                )
            known = [place for place, name in enumerate(columns) if name in {"id", "hash"} or refers_to(table, name)]
            self._take("unmake", table, tuple(columns[at] for at in known), [[row[at] for at in known] for row in rows])
        elif found["change"] == "deleted":
            self._take("back", table, columns, rows)
        else:
            kept = [place for place, name in enumerate(columns) if name not in VOLATILE]
            names, width = tuple(columns[at] for at in kept), len(columns)
            self._take("was", table, names, [[row[at] for at in kept] for row in rows])
            self._take("became", table, names, [[row[width + at] for at in kept] for row in rows])

    def forget(self) -> None:
        """Take out again what was loaded."""
        for name in sorted(self._loaded):
            self.session.execute(f"DELETE FROM {name} WHERE toolsync_line = {self.line}")

    def flush(self) -> None:
        self._loaded.update(name for name, _ in self._rows)
        super().flush()

    def _take(self, side: str, table: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        self.hold(side, table, columns, self.line, rows)


def mark_undone(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int]]:
    """Note in their indexes that parts were put back, as soon as the transaction is committed. Data sets whose runs they are of begin anew before that.

    :param rows: line, type, run and part, the number of rows that were put back, and of those that could not be.
    """
    marked = list(rows)

    def forget_data_sets() -> None:
        for file_type, run in dict.fromkeys((file_type, run) for _, file_type, run, *_ in marked):
            for data_set in _data_sets_of(file_type, run, state.site):
                if data_set.begin_anew(run):
                    log.info(
                        "The next file of the data set %s (%s) is applied wholly: a run of it is undone.",
                        data_set.name,
                        data_set.cabinet.file_type,
                    )

    def mark() -> None:
        by = By("undo", state.claim_id, datetime.now(UTC))
        for (file_type, run), of_run in map_reduce(marked, itemgetter(1, 2)).items():
            cabinet = Cabinet(file_type, state.site)
            parts = {part: left for *_, part, _, left in of_run}
            for idle in (False, True):
                named = [Part(*part) for _, *part, count, left in of_run if not left and idle == (not count)]
                mark_restored(cabinet, [part.part for part in named if part.of_course], by, again=not idle)
            note_undone(cabinet, run, parts, sum(count for *_, count, _ in of_run), by)

    state.before_commit.append(forget_data_sets)  # what they say is no longer so
    state.after_commit.append(mark)
    return []


def note_undone(cabinet: Cabinet, run: str, parts: Mapping[str, int], rows: int | None, by: By) -> None:
    """Note in the index of a run's bundle that parts of it were put back.

    :param run: its claim.
    :param parts: how many rows of each could not be put back.
    :param rows: how many were put back; None: nobody has counted.
    """
    bundle = Bundle(cabinet, run)
    if (of_run := bundle.index()) is None:  # it has just expired, or is of a version that kept none of courses
        return
    before = of_run["undone"] or {}
    if not before or _is_undone(before, cabinet.site):  # then the run's rows were as it had left them
        before = {"parts": {}}
    parts = {**before["parts"], **parts}
    of_run["undone"] = {
        "at": timestamp(by.at),
        **by.noted,
        "rows": None if rows is None else (before.get("rows") or 0) + rows,
        "left": sum(parts.values()),
        "parts": parts,
    }
    bundle.save_index(of_run)


def _data_sets_of(file_type: str, run: str, site: Site) -> Iterator[DataSet]:
    """The data sets whose files a run has applied, or undone."""
    index = Bundle(Cabinet(file_type, site), run).index() or {}
    if name := index.get("data_set"):
        yield DataSet(Cabinet(file_type, site), name)
    if file_type != "undo":
        return
    for undone_type in types_with_bundles():
        cabinet = Cabinet(undone_type, site)
        for bundle in bundles(cabinet):
            of_run = bundle.index() or {}
            if of_run.get("data_set") and (of_run["undone"] or {}).get("by_claim") == run:
                yield DataSet(cabinet, of_run["data_set"])


def undoing(undone: Mapping[str, Any], site: Site) -> dict[str, Any] | None:
    """What the bundle says of the run that has undone another one; None: there is none.

    :param undone: what the index of the other one says of that.
    """
    by = undone.get("by_claim")
    return Bundle(Cabinet(undone.get("by_type") or "undo", site), by).index() if by else None


def _is_undone(undone: Mapping[str, Any], site: Site) -> bool:
    """Whether an undo was itself undone."""
    index = undoing(undone, site)
    return bool(index and index["undone"])
