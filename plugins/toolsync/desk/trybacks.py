"""Trybacks: lines that failed, corrected in place and sent back, or given up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Annotated, Any

from airflow.api_fastapi.logging.decorators import action_logging
from fastapi import APIRouter, Depends, HTTPException, Query

from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.names import names_like
from toolsync.cabinet.uploads import receiving, remove, uploads
from toolsync.desk.access import READS, TRIGGERS, OfDag, User
from toolsync.desk.cells import Layout, records_at
from toolsync.desk.corrected import CantCorrect, Places, corrections, encoding_of, places_of, write
from toolsync.desk.files import TRYBACK, Folder, Found, find
from toolsync.desk.heads import MOST_RECORDS, head_of, tryback_heads
from toolsync.desk.kept import Kept
from toolsync.desk.models_done import Corrections, GivenUp, Sent, TrybackAnswer, TrybackList, Version
from toolsync.desk.reports import layout_of, source_of, state_of, table_of
from toolsync.desk.table import LinesTable
from toolsync.reading.encodings import Evidence
from toolsync.reading.suite import has_suite, load_suite

router = APIRouter(prefix="/api/dags/{dag_id}/trybacks", tags=["tryback"])
MOST_COMPARED = 20_000  # lines of the archived file that are compared with records of a tryback
NOT_SENT = "Somebody else has just sent or changed this tryback. Nothing was sent."
NOT_GIVEN_UP = "Somebody else has just sent or changed this tryback. It was not given up."
_places: Kept[Places] = Kept(128 << 20)
_evidence: Kept[Evidence] = Kept(8 << 20)


@router.get("", summary="The trybacks of a DAG, the newest first", response_model=TrybackList, dependencies=[READS])
def trybacks(cabinet: OfDag, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Any:
    return {"trybacks": tryback_heads(Folder(cabinet, "tryback"), uploads(cabinet, MOST_RECORDS))[:limit]}


@router.get(
    "/{name}",
    summary="The records of a tryback, with their reasons",
    response_model=TrybackAnswer,
    dependencies=[TRIGGERS],
)
def tryback(
    cabinet: OfDag,
    name: str,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Any:
    opened = Tryback.open(cabinet, name)
    answer = {
        "name": name,
        "file": opened.file_name,
        "claim": opened.claim,
        "version": opened.version,
        "total": 0,
        "encoding": opened.layout.encoding if opened.layout else None,
        "rejected": opened.rejected,
        "reasons": opened.reasons,
        "header": [],
        "rows": [],
    }
    if opened.layout is None or opened.rejected or not opened.layout.header:
        return answer
    layout, places = opened.layout, opened.places
    page = range(offset, min(offset + limit, len(places.lines)))
    lines = [int(places.lines[at]) for at in page]
    records = records_at(layout, opened.key, opened.found.size, lines)
    table, originals = opened.originals()
    origins = [originals[at] for at in page] if originals else lines
    reasons = table.remarks_of([line for line in origins if line]) if table and originals else {}
    return {
        **answer,
        "total": len(places.lines),
        "header": layout.header,
        "rows": [
            {
                "number": at + 1,
                "line": origin,
                "cells": layout.shown(records[line]) if line in records else None,
                "remarks": reasons.get(origin or 0, []),
            }
            for at, line, origin in zip(page, lines, origins, strict=True)
        ],
    }


@router.post(
    "/{name}/send",
    summary="Send a tryback back, with corrections: it becomes an upload, which waits until it is run",
    response_model=Sent,
    dependencies=[TRIGGERS],
)
def send(cabinet: OfDag, user: User, name: str, body: Corrections) -> Any:
    opened = Tryback.open(cabinet, name)
    if body.version not in (None, opened.version):
        raise HTTPException(409, "The tryback has changed since you opened it. Open it again.")
    replaced: list[tuple[int, int, bytes]] = []
    if body.changes or body.drop or body.columns:
        if opened.layout is None or opened.rejected or not opened.layout.header:
            raise HTTPException(400, "The tryback can't be read as a table, so it can't be changed here: download it.")
        try:
            lines = opened.originals()[1] if body.changes else []
            replaced = corrections(opened.layout, opened.places, body.changes, body.drop, body.columns, lines)
        except CantCorrect as reason:
            raise HTTPException(400, str(reason)) from None
    encoding = opened.layout.encoding if opened.layout and not opened.unfit else None
    with (
        receiving(cabinet, opened.file_name or name, user.get_name(), name, encoding=encoding) as (stream, upload),
        _still_there(opened.found, NOT_SENT) as source,
    ):
        write(stream, source, opened.found.size, replaced)
    # The upload is on the disk by now. Whoever removes the tryback has sent it; of two at once, one does.
    if not _taken(cabinet, opened.found):
        remove(cabinet, upload)
        raise HTTPException(409, NOT_SENT)
    return {"upload": upload, "name": opened.file_name or name, "encoding": encoding}


@router.post(
    "/{name}/give_up",
    summary="Give a tryback up: it moves into the archive, and nothing else is done",
    response_model=GivenUp,
    # In Airflow's audit log, as runs and answers are.
    dependencies=[TRIGGERS, Depends(action_logging("toolsync_give_up"))],
)
def give_up(cabinet: OfDag, name: str, body: Version) -> Any:
    found = _the_tryback(cabinet, name)
    if body.version not in (None, _version(found)):
        raise HTTPException(409, "The tryback has changed since you opened it. Open it again.")
    archive = cabinet.folder("archive")
    cabinet.files.make_folder(archive)
    # Each writes a copy of its own: of two at once, the one who is too late removes no other.
    kept = next(one for one in names_like(name) if _copied(cabinet, found, archive / one))
    if not _taken(cabinet, found):
        cabinet.files.remove(archive / kept)
        raise HTTPException(409, NOT_GIVEN_UP)
    return {"name": kept}


def _copied(cabinet: Cabinet, found: Found, path: Any) -> bool:
    """Whether a name was free for a copy of a tryback.

    :raises HTTPException: 409: the tryback is gone.
    """
    with _still_there(found, NOT_GIVEN_UP) as source:
        return cabinet.files.add(path, source)


@contextmanager
def _still_there(found: Found, otherwise: str) -> Iterator[IO[bytes]]:
    """A tryback opened for reading.

    :param otherwise: what to say if it has gone since it was found.
    :raises HTTPException: 409: it has.
    """
    try:
        with found.opened.open("rb") as stream:
            yield stream
    except FileNotFoundError:
        raise HTTPException(409, otherwise) from None


def _the_tryback(cabinet: Cabinet, name: str) -> Found:
    """A tryback by its name.

    :raises HTTPException: 404.
    """
    found = find(cabinet, "tryback", name)
    if found is None:
        raise HTTPException(404, f"There is no tryback {name!r}: it was sent back, given up, or removed.")
    return found


def _taken(cabinet: Cabinet, found: Found) -> bool:
    """Remove a tryback that is still as it was found. Of several who do so at once, one is told True."""
    again = find(cabinet, "tryback", found.name)
    same = again is not None and _version(again) == _version(found)
    return same and cabinet.files.removed(cabinet.folder("tryback") / found.name)


def _version(found: Found) -> str:
    """What differs once a tryback is another one."""
    return f"{found.size} {found.stamp}".strip()


@dataclass(frozen=True)
class Tryback:
    """A tryback that was opened.

    :param claim: of the file that it comes from; None: its name does not say.
    :param file_name: the name of that file.
    :param layout: None: it is no CSV file.
    :param unfit: why no encoding fits its bytes; None: one does.
    """

    cabinet: Cabinet
    found: Found
    claim: str | None
    file_name: str | None
    layout: Layout | None
    unfit: str | None
    report: tuple[dict[str, Any], dict[str, Any]] | None

    @classmethod
    def open(cls, cabinet: Cabinet, name: str) -> Tryback:
        """Open a tryback.

        :raises HTTPException: 404.
        """
        found = _the_tryback(cabinet, name)
        match = TRYBACK.fullmatch(name)
        claim = match["claim"] if match else None
        report = head_of(cabinet, claim) if claim else None
        layout = unfit = None
        if has_suite(cabinet.file_type):
            reading = (report[1].get("reading") if report else None) or {}
            encoding = reading.get("encoding") or "utf-8"
            try:
                encoding = encoding_of(_evidence.get(state_of(cabinet, found), lambda: _evidence_of(found)), encoding)
            except CantCorrect as reason:
                unfit = str(reason)
            delimiter = reading.get("delimiter") or "auto"
            layout = Layout(found.opened, load_suite(cabinet.file_type), delimiter, encoding)
        file_name = f"{match['stem']}{match['suffix']}" if match else None
        return cls(cabinet, found, claim, file_name, layout, unfit, report)

    @property
    def rejected(self) -> list[str]:
        """Why it can't be corrected here."""
        if self.layout is None:
            return ["it is no CSV file"]
        if self.unfit and self.layout.header:
            return [self.unfit]
        return [] if any(column["unknown"] for column in self.layout.header) else self.layout.rejected

    @property
    def reasons(self) -> list[str]:
        """Why nothing of the file was applied: columns that can be given other names, or something about the whole file."""
        told = self.report[0]["rejected"] if self.report else []
        return [] if self.rejected or self.layout is None else told or self.layout.rejected

    @property
    def key(self) -> Any:
        return state_of(self.cabinet, self.found)

    @property
    def version(self) -> str:
        return _version(self.found)

    @property
    def places(self) -> Places:
        """Where its records are."""
        layout = self.layout
        assert layout
        return _places.get(self.key, lambda: places_of(layout, self.key, self.found.size))

    def originals(self) -> tuple[LinesTable | None, Sequence[int | None]]:
        """The report's table of lines, and the line of the original file that each record was; None where nobody can tell."""
        if self.report is None:
            return None, []
        if self.report[0]["rejected"]:
            return None, [int(line) for line in self.places.lines]
        table, total = table_of(self.cabinet, self.report[0]), len(self.places.lines)
        if table is None:
            return None, []
        failed = table.lines_with("failed")
        told = sorted({*failed, *table.lines_with("remarked")})
        for lines in (failed, told):
            if len(lines) == total:
                return table, lines
        return table, self._compared(told)

    def _compared(self, lines: list[int]) -> Sequence[int | None]:
        """The lines whose bytes the records are, of these lines of the archived file."""
        assert self.report and self.layout
        source = source_of(self.cabinet, *self.report)
        if source is None or max(len(lines), len(self.places.lines)) > MOST_COMPARED:
            return []
        original = layout_of(source, self.cabinet.file_type, self.report[1])
        candidates = records_at(original, state_of(self.cabinet, source), source.size, lines)
        mine = records_at(self.layout, self.key, self.found.size, [int(line) for line in self.places.lines])
        kept = [(line, candidates[line].raw.rstrip(b"\r\n")) for line in lines if line in candidates]
        equal: dict[bytes, list[int]] = {}
        for number, (_, raw) in enumerate(kept):
            equal.setdefault(raw, []).append(number)
        origins: list[int | None] = []
        at = 0
        for line in self.places.lines:
            numbers = equal.get(mine[int(line)].raw.rstrip(b"\r\n"), []) if int(line) in mine else []
            place = bisect_left(numbers, at)
            same = numbers[place] if place < len(numbers) else None
            origins.append(None if same is None else kept[same][0])
            at = at if same is None else same + 1
        return origins


def _evidence_of(found: Found) -> Evidence:
    with found.opened.open("rb") as stream:
        return Evidence.of(stream)
