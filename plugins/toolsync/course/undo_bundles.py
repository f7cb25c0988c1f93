"""Undo bundles: what a run took from a course that it deleted, reset or gave another content, kept so that it can be put back.

A bundle is a compressed file in the cabinet, `<type>/undo`, one a course, written before the run commits. It holds JSON lines: a header, then for each table
the rows that went (whole), the rows that were changed (before and after) and the ids of rows that were made, and a last line that says that it is whole.
Beside it lies an index (`.json`): of which course, when, by whom, which file contents its rows refer to, and when it was put back.

The SQL of a type calls `keep` for the rows in its tables `toolsync_of_*`, which all go, and `finish` for the rows that it copied into
`toolsync_before_*` and that may have changed, and for those in `toolsync_made_*`.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import tempfile
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import IO, Any

from toolsync import __version__
from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.file_pool import FilePool, at_hand
from toolsync.moodle.session import MoodleSession
from toolsync.running.state import RunState, UndoLog

FOLDER = "undo"
FORMAT = 1
SUFFIX, INDEX = ".undo.gz", ".json"
CHUNK = 1000  # rows of one JSON line
IN_MEMORY = 1 << 20  # bytes of a bundle before it goes into a temporary file
WRITERS = 8  # bundles made durable at once: disks and networks wait more than they work
UNDOABLE = ("courses_delete", "courses_reset", "courses")  # types that make bundles
DRAFTS = """
INSERT INTO {files} (contenthash, pathnamehash, contextid, component, filearea, itemid, filepath, filename, userid, filesize, timecreated, timemodified)
SELECT c.contenthash, SHA1(CONCAT('/', x.id, '/user/draft/', UNIX_TIMESTAMP(), '/', c.contenthash)), x.id, 'user', 'draft', UNIX_TIMESTAMP(), '/',
       c.contenthash, x.instanceid, 0, UNIX_TIMESTAMP() - 432000, UNIX_TIMESTAMP() - 432000
  FROM toolsync_content c
  JOIN {config} a ON a.name = 'siteadmins'
  JOIN {context} x ON x.contextlevel = 30 AND x.instanceid = CAST(SUBSTRING_INDEX(a.value, ',', 1) AS UNSIGNED)
 WHERE NOT EXISTS (SELECT 1 FROM {files} f WHERE f.contenthash = c.contenthash)
"""
UNSAFE = re.compile(r"[^\w.-]+")


class UndoWriter:
    """Writes the bundles of one claimed file.

    :param cabinet: of the type.
    """

    def __init__(self, cabinet: Cabinet, claim: Claim) -> None:
        self.cabinet = cabinet
        self.claim = claim
        self._open: dict[int, _Bundle] = {}
        self._written: dict[str, int] = {}  # lines of the batch, by the names of their bundles

    def add(
        self, courseid: int, change: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Add rows to the bundle of a course.

        :param change: `deleted`, `changed` (each row before and after, one behind the other) or `made`.
        """
        if courseid not in self._open:
            self._open[courseid] = _Bundle()
        self._open[courseid].add(change, table, columns, rows)

    def abandon(self) -> None:
        """Forget what was begun and not written: its transaction was rolled back."""
        for bundle in self._open.values():
            bundle.close()
        self._open.clear()

    def settle(self, lines: set[int]) -> None:
        """A batch ended: the bundles of its other lines, which failed after all, go.

        :param lines: the lines that are done.
        """
        self.abandon()
        for name, line in self._written.items():
            if line not in lines:
                _remove(self.cabinet, name)
        self._written.clear()

    def write(self, courses: Mapping[int, dict[str, Any]], release: str) -> dict[int, str]:
        """Make the bundles of these courses durable.

        :param courses: what the index says of each, by id.
        :return: the names of the bundles; a course of which nothing went has none.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        begun = [(courseid, self._open.pop(courseid)) for courseid in courses if courseid in self._open]
        self.cabinet.folder(FOLDER).mkdir(parents=True, exist_ok=True)

        def save(item: tuple[int, _Bundle]) -> tuple[int, str | None]:
            courseid, bundle = item
            index = {
                "format": FORMAT,
                "toolsync": __version__,
                "type": self.cabinet.root.name,
                "claim": self.claim.id,
                "file": self.claim.name,
                "made": now,
                "moodle": release,
                "course": courses[courseid],
                "rows": bundle.counts,
                "contents": sorted(bundle.contents),
                "restored": None,
            }
            line = courses[courseid]["line"]
            name = bundle_name(courses[courseid]["shortname"], courseid, self.claim.id, line)
            self._written[name] = line
            return courseid, name if bundle.save(self.cabinet, name, index) else None

        with ThreadPoolExecutor(WRITERS) as threads:
            return {courseid: name for courseid, name in threads.map(save, begun) if name}


class _Bundle:
    """A bundle as it grows."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, int]] = {"deleted": {}, "changed": {}, "made": {}}
        self.contents: set[str] = set()
        self._spool: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (closed by `close`)
        self._stream = gzip.GzipFile(fileobj=self._spool, mode="wb", compresslevel=3, mtime=0)

    def add(self, change: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Add rows of a table.

        :param change: `deleted`, `changed` (each row before and after, one behind the other) or `made`.
        """
        counts = self.counts[change]
        counts[table] = counts.get(table, 0) + len(rows)
        if table == "files" and change != "made":
            at = columns.index("contenthash")
            self.contents.update(row[at] for row in rows)
        self._line({"table": table, "change": change, "columns": list(columns), "rows": rows})

    def save(self, cabinet: Cabinet, name: str, index: dict[str, Any]) -> bool:
        """Make it durable, the index last.

        :return: whether it holds anything.
        """
        if not any(self.counts.values()):
            self.close()
            return False
        self._line({"end": self.counts})
        self._stream.close()
        self._spool.seek(0)
        with cabinet.writing(FOLDER, name + SUFFIX) as (target, _):
            while block := self._spool.read(IN_MEMORY):
                target.write(block)
        write_index(cabinet, name, index)
        self.close()
        return True

    def close(self) -> None:
        self._spool.close()

    def _line(self, value: Any) -> None:
        self._stream.write(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_encoded).encode())
        self._stream.write(b"\n")


def bundle_name(shortname: str, courseid: int, claim_id: str, line: int) -> str:
    """Several lines of a file may take something from one course."""
    return f"{UNSAFE.sub('_', shortname)[:80]}_{courseid}_{claim_id}_{line}"


def write_index(cabinet: Cabinet, name: str, index: dict[str, Any]) -> None:
    with cabinet.writing(FOLDER, name + INDEX) as (target, _):
        target.write(json.dumps(index, ensure_ascii=False, indent=1).encode())


def read_index(cabinet: Cabinet, name: str) -> dict[str, Any]:
    return json.loads((cabinet.folder(FOLDER) / (name + INDEX)).read_bytes())


def indexes(cabinet: Cabinet) -> Iterator[tuple[str, dict[str, Any]]]:
    """The bundles of a type: name and index of each, oldest first."""
    folder = cabinet.folder(FOLDER)
    found = []
    if folder.exists():
        for path in folder.iterdir():
            if path.name.endswith(INDEX) and not path.name.startswith("."):
                found.append((path.name.removesuffix(INDEX), json.loads(path.read_bytes())))
    yield from sorted(found, key=lambda item: (*moment(item[1]), item[0]))


def moment(index: dict[str, Any]) -> tuple[str, str, int]:
    """When a bundle was made, to be compared with others."""
    return index["made"], index["claim"], index["course"]["line"]


def read_bundle(cabinet: Cabinet, name: str) -> Iterator[dict[str, Any]]:
    """The pieces of a bundle.

    :raises ValueError: it is not whole.
    """
    ended = False
    with (cabinet.folder(FOLDER) / (name + SUFFIX)).open("rb") as raw, gzip.open(raw) as stream:
        for line in io.TextIOWrapper(stream, encoding="utf-8"):
            piece = json.loads(line, object_hook=_decoded)
            if "end" in piece:
                ended = True
            else:
                yield piece
    if not ended:
        raise ValueError(f"{name} is not whole")


# How long bundles stay, and what they hold on to


def held_contents() -> set[str]:
    """The contents of files that the rows of bundles refer to: they stay in the site's data folder."""
    return {
        content for file_type in UNDOABLE for _, index in indexes(Cabinet(file_type)) for content in index["contents"]
    }


def expire(cabinet: Cabinet, state: RunState, days: float | None) -> int:
    """Remove the bundles of a type that are older than `days` (None: none), and the contents of files that nothing refers to any more.

    :return: how many bundles went.
    """
    if days is None:
        return 0
    before = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    old = [(name, index) for name, index in indexes(cabinet) if index["made"] < before]
    contents = {content for _, index in old for content in index["contents"]}
    for name, _ in old:
        _remove(cabinet, name)
    if contents := contents - held_contents():
        _free(contents, state)
    return len(old)


def _free(contents: set[str], state: RunState) -> None:
    session = state.session
    if at_hand(session):
        FilePool(session.extra["dataroot"]).discard_unused(contents, session)
        return
    # Out of reach: rows of an old draft area of the administrator, which Moodle's daily file cron removes, with contents that nothing else uses.
    state.tables.create("toolsync_content", "contenthash VARCHAR(40) NOT NULL PRIMARY KEY")
    state.tables.load("toolsync_content", ["contenthash"], [(content,) for content in contents])
    session.execute(DRAFTS)
    state.tables.drop()
    state.commit()


def _remove(cabinet: Cabinet, name: str) -> None:
    for suffix in (INDEX, SUFFIX):
        (cabinet.folder(FOLDER) / (name + suffix)).unlink(missing_ok=True)


# What the SQL calls


def keep(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, str]]:
    """Begin the bundles of courses with the rows in `toolsync_of_*`, all of which go.

    :param rows: line and course id.
    :return: nothing: the bundles are written by `finish`.
    """
    if state.undo is None:
        return []
    session, wanted = state.session, {courseid for _, courseid in rows}
    for part in sorted(name for name in state.tables.filled if name.startswith("toolsync_of_")):
        table = part.removeprefix("toolsync_of_")
        columns = session.schema.columns(table)
        names = ", ".join(f"t.`{name}`" for name in columns)
        found = session.stream(
            f"SELECT p.courseid, {names} FROM {part} p JOIN {{{table}}} t ON t.id = p.id ORDER BY p.courseid, p.id"
        )
        for courseid, chunk in _by_course(found):
            if courseid in wanted:
                state.undo.add(courseid, "deleted", table, columns, chunk)
    return []


def finish(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, str]]:
    """Complete the bundles of courses and make them durable.

    :param rows: line, course id, shortname, fullname, idnumber.
    :return: line and the name of its bundle.
    """
    if state.undo is None:
        return []
    session = state.session
    courses = {row[1]: dict(zip(("line", "id", "shortname", "fullname", "idnumber"), row, strict=True)) for row in rows}
    for before in sorted(name for name in state.tables.filled if name.startswith("toolsync_before_")):
        _keep_changes(session, state.undo, before.removeprefix("toolsync_before_"), before, courses)
    for made in sorted(name for name in state.tables.filled if name.startswith("toolsync_made_")):
        table = made.removeprefix("toolsync_made_")
        found = session.stream(f"SELECT courseid, id FROM {made} ORDER BY courseid, id")
        for courseid, chunk in _by_course(found):
            if courseid in courses:
                state.undo.add(courseid, "made", table, ["id"], chunk)
    names = state.undo.write(courses, session.release)
    return [(courses[courseid]["line"], name) for courseid, name in names.items()]


def _keep_changes(session: MoodleSession, undo: UndoLog, table: str, before: str, courses: Container[int]) -> None:
    columns = session.schema.columns(table)
    was, now = (", ".join(f"{side}.`{name}`" for name in columns) for side in "bt")
    gone = session.stream(
        f"SELECT b.toolsync_course, {was} FROM {before} b LEFT JOIN {{{table}}} t ON t.id = b.id WHERE t.id IS NULL "
        "ORDER BY b.toolsync_course, b.id"
    )
    for courseid, chunk in _by_course(gone):
        if courseid in courses:
            undo.add(courseid, "deleted", table, columns, chunk)
    same = " AND ".join(f"BINARY b.`{name}` <=> BINARY t.`{name}`" for name in columns)
    changed = session.stream(
        f"SELECT b.toolsync_course, {was}, {now} FROM {before} b STRAIGHT_JOIN {{{table}}} t ON t.id = b.id WHERE NOT ({same}) "
        "ORDER BY b.toolsync_course, b.id"
    )
    for courseid, chunk in _by_course(changed):
        if courseid in courses:
            undo.add(courseid, "changed", table, columns, chunk)


def _by_course(found: Iterable[Sequence[Any]]) -> Iterator[tuple[int, list[list[Any]]]]:
    """Rows, ascending by the course in front of them, in chunks of one course."""
    for courseid, rows in groupby(found, key=itemgetter(0)):
        chunk: list[list[Any]] = []
        for row in rows:
            chunk.append(list(row[1:]))
            if len(chunk) == CHUNK:
                yield courseid, chunk
                chunk = []
        if chunk:
            yield courseid, chunk


def _encoded(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    raise TypeError(f"a column of type {type(value).__name__}")


def _decoded(value: dict[str, Any]) -> Any:
    return bytes.fromhex(value["hex"]) if value.keys() == {"hex"} else value
