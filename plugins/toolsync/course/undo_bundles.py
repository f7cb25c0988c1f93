"""Undo bundles: the rows of a course that a run deletes or changes, kept so that the course can be put back as it was.

A bundle is a compressed file in the cabinet, in `<type>/undo`: one for each line whose course was deleted, reset or given other content, written before the
run commits. It holds JSON lines: for each table the deleted rows, the changed rows (before and after) and the ids of created rows, where the run
writes no other bundle, with a hash of what they hold (`hashed`: of which columns; versions before 0.2 kept none); the last line says that
the bundle is complete. An index (`.json`) beside it says of which course it is, which run wrote it, to which file contents its rows refer, and when and by
which run it was put back. Bundles that were written together have the same `written` (microseconds), later ones a higher one.

A run that writes no other bundle has an index of its own, `undo/<claim>/index.json`, as other runs have: what its bundles say together, so that a list of
runs need not read thousands of them. Runs of versions before 0.2 have none.

`undo_rows.py` fills bundles, `put_back.py` puts them back, `undo_expiry.py` removes old ones.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO, Any, NamedTuple

from toolsync import __version__
from toolsync.cabinet.bundles import CHANGES, FOLDER, READERS, Bundle
from toolsync.cabinet.claims import CLAIM_ID, Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.json_bytes import as_json, decoded, plain_rows

FORMAT = 1
SUFFIX = ".undo.gz"
INDEX_SUFFIX = ".json"
IN_MEMORY = 1 << 20  # bytes; a larger bundle is spooled to a temporary file
WRITERS = 8  # bundles written at once: disks and networks wait more than they work
UNDOABLE = ("courses_delete", "courses_reset", "courses")  # the types that write bundles
BY_COURSE = ("courses_delete", "courses_reset")  # those of them that write no other bundle
NAME = re.compile(rf".+_(?P<claim>{CLAIM_ID})_\d+")  # of a bundle
UNSAFE = re.compile(r"[^\w.-]+")  # characters of a short name that are not used in a file name


class By(NamedTuple):
    """The run that puts something back.

    :param type: of its file.
    :param claim: its id.
    :param at: when it has done so.
    """

    type: str
    claim: str | None
    at: datetime

    @property
    def noted(self) -> dict[str, Any]:
        """What indexes say of it."""
        return {"by_type": self.type, "by_claim": self.claim}


class UndoWriter:
    """Writes the bundles of one claimed file.

    :param cabinet: of the type.
    """

    def __init__(self, cabinet: Cabinet, claim: Claim) -> None:
        self.cabinet = cabinet
        self.claim = claim
        self.alone = cabinet.root.name in BY_COURSE
        self._open: dict[int, _Bundle] = {}  # by course id
        self._written: dict[str, int] = {}  # the lines of the current attempt at a batch, by bundle name
        self._settled: set[str] = set()  # the bundles of lines that are done, until the batch is committed

    def add(
        self, courseid: int, change: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], **more: Any
    ) -> None:
        """Add rows to the bundle of a course.

        :param change: `deleted`, `changed` (each row: its values before, then after) or `made`.
        :param more: what else the line says.
        """
        if courseid not in self._open:
            self._open[courseid] = _Bundle()
        self._open[courseid].add(change, table, columns, rows, **more)

    def abandon(self) -> None:
        """Forget the bundles that are not written yet, after a rollback."""
        for bundle in self._open.values():
            bundle.close()
        self._open.clear()

    def settle(self, lines: set[int]) -> None:
        """Before a batch commits: remove the bundles of lines that failed after all.

        :param lines: the lines that are done.
        """
        self.abandon()
        for name, line in self._written.items():
            if line in lines:
                self._settled.add(name)
            else:
                remove_bundle(self.cabinet, name)
        self._written.clear()

    def take_back(self, *, keep_settled: bool) -> None:
        """After a batch was rolled back: remove its bundles.

        :param keep_settled: nobody knows whether it was rolled back or committed, so keep those that `settle` left.
        """
        self.settle(set())
        if not keep_settled:
            for name in self._settled:
                remove_bundle(self.cabinet, name)
        self._settled.clear()

    def committed(self) -> None:
        """After a batch was committed: its bundles stay."""
        self._settled.clear()

    def write(self, courses: Mapping[int, dict[str, Any]], release: str) -> dict[int, str]:
        """Write the bundles of these courses, durably.

        :param courses: what the index says about each course, by course id (`INDEXED` of `undo_rows.py`).
        :param release: the site's Moodle release.
        :return: the name of each bundle, by course id; a course without rows has none.
        """
        now = datetime.now(UTC)

        def save(courseid: int) -> str | None:
            return self._save(self._open.pop(courseid), courses[courseid], now, release)

        begun = [courseid for courseid in courses if courseid in self._open]
        with ThreadPoolExecutor(WRITERS) as threads:
            names = dict(zip(begun, threads.map(save, begun), strict=True))
        return {courseid: name for courseid, name in names.items() if name}

    def _save(self, bundle: _Bundle, course: dict[str, Any], now: datetime, release: str) -> str | None:
        name = bundle_name(course["shortname"], course["id"], self.claim.id, course["line"])
        self._written[name] = course["line"]
        index = {
            "format": FORMAT,
            "toolsync": __version__,
            "type": self.cabinet.root.name,
            "claim": self.claim.id,
            "file": self.claim.name,
            "made": timestamp(now),
            "written": microseconds(now),
            "moodle": release,
            "course": course,
            "rows": bundle.counts,
            "contents": sorted(bundle.contents),
            "restored": None,
        }
        return name if bundle.save(self.cabinet, name, index) else None


class _Bundle:
    """A bundle that is being filled."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, int]] = {"deleted": {}, "changed": {}, "made": {}}  # rows by change and table
        self.contents: set[str] = set()  # hashes of the file contents that its rows refer to
        self._spool: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (closed by `close`)
        self._stream = gzip.GzipFile(fileobj=self._spool, mode="wb", compresslevel=3, mtime=0)

    def add(self, change: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], **more: Any) -> None:
        """Add rows of a table; for the parameters see `UndoWriter.add`."""
        counts = self.counts[change]
        counts[table] = counts.get(table, 0) + len(rows)
        if table == "files" and change != "made":
            at = columns.index("contenthash")
            self.contents.update(row[at] for row in rows)
        self._write_line({"table": table, "change": change, "columns": list(columns), **more, "rows": plain_rows(rows)})

    def save(self, cabinet: Cabinet, name: str, index: dict[str, Any]) -> bool:
        """Write the bundle to the cabinet, its index last.

        :return: whether there was anything to write.
        """
        if not any(self.counts.values()):
            self.close()
            return False
        self._write_line({"end": self.counts})
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

    def _write_line(self, value: Any) -> None:
        self._stream.write(as_json(value))
        self._stream.write(b"\n")


def bundle_name(shortname: str, courseid: int, claim_id: str, line: int) -> str:
    """The name of a bundle. It contains the line, since several lines of a file can change the same course."""
    return f"{UNSAFE.sub('_', shortname)[:80]}_{courseid}_{claim_id}_{line}"


def claim_in(name: str) -> str:
    """The claim that made a bundle, as its name says; empty: it does not."""
    match = NAME.fullmatch(name)
    return match["claim"] if match else ""


def write_index(cabinet: Cabinet, name: str, index: dict[str, Any]) -> None:
    with cabinet.writing(FOLDER, name + INDEX_SUFFIX) as (target, _):
        target.write(json.dumps(index, ensure_ascii=False, indent=1).encode())


def mark_restored(cabinet: Cabinet, names: Iterable[str], by: By, *, again: bool = True) -> None:
    """Note in the indexes of bundles that they were put back.

    :param again: also of those that another run has put back before.
    """
    noted = {"restored": timestamp(by.at), "back": microseconds(by.at), **by.noted}

    def mark(name: str) -> None:
        with suppress(FileNotFoundError):  # it has just expired
            index = read_index(cabinet, name)
            if again or not index["restored"]:
                write_index(cabinet, name, {**index, **noted})

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(mark, names))


def read_index(cabinet: Cabinet, name: str) -> dict[str, Any]:
    return json.loads(cabinet.files.read(cabinet.folder(FOLDER) / (name + INDEX_SUFFIX)))


def read_indexes(
    cabinet: Cabinet, names: Sequence[str], *, damaged: bool = True
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and index of each of these bundles, but those that have just expired in another run.

    :param damaged: whether to fail at one that can't be read; otherwise it is left out.
    :raises ValueError: one can't be read.
    """

    def read(name: str) -> dict[str, Any] | None:
        try:
            return read_index(cabinet, name)
        except FileNotFoundError:
            return None
        except ValueError:
            if damaged:
                raise
            return None

    with ThreadPoolExecutor(READERS) as threads:
        yield from (
            (name, index) for name, index in zip(names, threads.map(read, names), strict=True) if index is not None
        )


def indexes(cabinet: Cabinet) -> Iterator[tuple[str, dict[str, Any]]]:
    """The bundles of a type: name and index of each, oldest first."""
    names = [
        path.name.removesuffix(INDEX_SUFFIX)
        for path in cabinet.files.entries(cabinet.folder(FOLDER))
        if path.name.endswith(INDEX_SUFFIX) and not path.name.startswith(".")
    ]
    yield from sorted(read_indexes(cabinet, names), key=lambda item: (*writing_order(item[1]), item[0]))


def bundles_of(cabinet: Cabinet, claim_id: str) -> list[tuple[str, dict[str, Any], int]]:
    """The bundles that a run wrote, in the order of its lines: name, index and size in bytes of each."""
    sizes = cabinet.files.tree(cabinet.folder(FOLDER))
    names = [name.removesuffix(SUFFIX) for name in sizes if re.search(rf"_{claim_id}_\d+{re.escape(SUFFIX)}$", name)]
    found = [(name, index, sizes[name + SUFFIX]) for name, index in read_indexes(cabinet, names)]
    return sorted(found, key=lambda bundle: bundle[1]["course"]["line"])


def sum_up(cabinet: Cabinet, claim_id: str) -> dict[str, Any] | None:
    """Write the index of a run that writes no other bundles than those of courses, once it has ended.

    :return: how many bundles there are, with how many rows by change and table, and bytes; None: none.
    """
    of_run = bundles_of(cabinet, claim_id)
    if not of_run:
        return None
    indexed = {name: index for name, index, _ in of_run}
    totals = {"parts": len(of_run), "rows": rows_of(indexed.values()), "bytes": sum(size for *_, size in of_run)}
    *_, last = sorted(indexed.values(), key=writing_order)
    back = {name: index for name, index in indexed.items() if index["restored"]}  # meanwhile
    undone = None
    if back:
        newest = max(back.values(), key=lambda index: index["restored"])
        noted = {name: newest.get(name) for name in ("by_type", "by_claim")}
        undone = {"at": newest["restored"], **noted, "parts": dict.fromkeys(back, 0), "left": 0}
    told = {name: last[name] for name in ("format", "toolsync", "type", "claim", "file", "made", "moodle")}
    Bundle(cabinet, claim_id).save_index({**told, **totals, "ended": True, "undone": undone})
    return totals


def rows_of(indexed: Iterable[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """How many rows bundles have in all, by change and table.

    :param indexed: their indexes.
    """
    sums: dict[str, Counter[str]] = {change: Counter() for change in CHANGES}
    for index in indexed:
        for change, tables in index["rows"].items():
            sums[change].update(tables)
    return {change: dict(tables) for change, tables in sums.items()}


def writing_order(index: dict[str, Any]) -> tuple[str, str, int]:
    """A sort key that puts bundles in the order in which they were written."""
    return index["made"], index["claim"], index["course"]["line"]


def read_bundle(cabinet: Cabinet, name: str) -> Iterator[dict[str, Any]]:
    """The parts of a bundle: rows of one table with one kind of change each.

    :raises ValueError: its last line is missing.
    """
    ended = False
    with (cabinet.folder(FOLDER) / (name + SUFFIX)).open("rb") as raw, gzip.open(raw) as stream:
        for line in io.TextIOWrapper(stream, encoding="utf-8"):
            part = json.loads(line, object_hook=decoded)
            if "end" in part:
                ended = True
            else:
                yield part
    if not ended:
        raise ValueError(f"the bundle {name} is incomplete: its end is missing")


def remove_bundle(cabinet: Cabinet, name: str) -> None:
    for suffix in (INDEX_SUFFIX, SUFFIX):
        cabinet.files.remove(cabinet.folder(FOLDER) / (name + suffix))


def timestamp(time: datetime | None = None) -> str:
    """A time, or the present time, as indexes hold it. Such texts sort as their times do."""
    return (time or datetime.now(UTC)).isoformat(timespec="seconds")


def microseconds(time: datetime) -> int:
    return int(time.timestamp() * 1_000_000)
