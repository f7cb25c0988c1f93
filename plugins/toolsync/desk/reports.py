"""What became of a file: its report, its lines beside their reasons, and all files of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import StreamingResponse

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import NoUpload, opened, upload_of
from toolsync.desk.access import READS, TRIGGERS, OfDag, User, allowed
from toolsync.desk.cells import Layout, lines_with, records_at
from toolsync.desk.files import Found, claim_of, find
from toolsync.desk.heads import head_of, heads, iso_of
from toolsync.desk.inspection import HEAD_BYTES, Head
from toolsync.desk.kept import Kept
from toolsync.desk.models_done import Changes, Lines, ReportAnswer, Reports
from toolsync.desk.run_bundles import of_report
from toolsync.desk.table import ChangesTable, LinesTable
from toolsync.reading.suite import has_suite, load_suite

router = APIRouter(prefix="/api/dags/{dag_id}/reports", tags=["report"])
BLOCK = 1 << 20  # bytes sent at once
TEXT_BYTES = 2 << 20  # of a report's text on the page
HTML_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
# The files of a report: folder, what its name has, its ending (None: that of the command file), and its type.
FILES: dict[str, tuple[str, str, str | None, str]] = {
    "report": ("report", "report", ".txt", "text/plain; charset=utf-8"),
    "lines": ("report", "report", "_lines.csv", "text/plain; charset=utf-8"),
    "changes": ("report", "report", "_changes.csv", "text/plain; charset=utf-8"),
    "json": ("report", "report", ".json", "application/octet-stream"),
    "plan": ("report", "plan", ".csv", "text/plain; charset=utf-8"),
    "missing": ("report", "missing", ".csv", "text/plain; charset=utf-8"),
    "answer": ("report", "answer", ".csv", "text/plain; charset=utf-8"),
    "tryback": ("tryback", "tryback", None, "application/octet-stream"),
    "archive": ("archive", "", None, "application/octet-stream"),
    "docs": ("docs", "validation", ".html", "text/html; charset=utf-8"),
    "contact_sheet": ("report", "report", "_contact_sheet.html", "text/html; charset=utf-8"),
}
_tables: Kept[LinesTable] = Kept(256 << 20)
_changes: Kept[ChangesTable] = Kept(256 << 20)

Outcome = Literal["created", "updated", "deleted", "unchanged", "failed", "undone", "remarked"]


@router.get("", summary="The reports of a DAG, the newest first", response_model=Reports, dependencies=[READS])
def reports(
    cabinet: OfDag,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[str | None, Query(description="The claim of the last one that you have")] = None,
) -> Any:
    listed, more = heads(cabinet, limit=limit, before=before)
    return {"reports": listed, "more": more}


@router.get("/{claim}", summary="A report", response_model=ReportAnswer, dependencies=[READS])
def report(cabinet: OfDag, user: User, claim: str) -> Any:
    head, content = the_report(cabinet, claim)
    may = bool(allowed(user, [cabinet.dag_id]))
    files = _files(cabinet, the_claim(head)) if may else {}
    text = None
    if "report" in files:
        with suppress(FileNotFoundError), files["report"].opened.open("rb") as stream:
            text = stream.read(TEXT_BYTES).decode(errors="replace")
    return {
        **head,
        "notes": content.get("notes") or [],
        "text": text,
        "files": [{"what": what, "name": found.name, "size": found.size} for what, found in files.items()],
        "may": {"trigger": may},
        "undo": of_report(user, cabinet, head, content),
    }


@router.get(
    "/{claim}/lines",
    summary="The lines of a file, with outcome, remarks and cells: filtered, searched, page by page",
    response_model=Lines,
    dependencies=[TRIGGERS],
)
def lines(
    cabinet: OfDag,
    claim: str,
    outcome: Outcome | None = None,
    q: Annotated[str, Query(max_length=200, description="A text that the row holds")] = "",
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Any:
    head, content = the_report(cabinet, claim)
    table = table_of(cabinet, head)
    if table is None:
        raise HTTPException(404, "The report's table of lines is no longer in the cabinet.")
    text, source = q.strip(), _Source.of(cabinet, head, content)
    positions = table.matching(outcome, text, source.lines_with(text, table.begins) if source and text else ())
    page = positions[offset : offset + limit]
    cells = source.cells(table.numbers(page)) if source else {}
    return {
        "total": table.total,
        "matching": len(positions),
        "header": source.layout.header if source else [],
        "rows": [
            {
                "line": number,
                "outcome": told,
                "remarks": remarks,
                "cells": cells.get(number),
            }
            for number, told, remarks in table.rows(page)
        ],
    }


@router.get(
    "/{claim}/changes",
    summary="What a run changed on the site, or a simulation would change, value by value: searched, page by page",
    response_model=Changes,
    dependencies=[TRIGGERS],
)
def changes(
    cabinet: OfDag,
    claim: str,
    q: Annotated[str, Query(max_length=200, description="A text that the row holds: of thing, table, column")] = "",
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Any:
    head, _ = the_report(cabinet, claim)
    found = _file(cabinet, the_claim(head), "changes")
    if found is None:
        raise HTTPException(404, "This report has no table of changes in the cabinet.")
    table = _changes.get(state_of(cabinet, found), lambda: ChangesTable(found.read()))
    positions = table.matching(q.strip())
    rows = table.rows(positions[offset : offset + limit])
    return {"total": table.total, "matching": len(positions), "rows": rows}


@router.get(
    "/{claim}/files/{what}",
    summary="Download a file of a report",
    response_class=StreamingResponse,
    dependencies=[TRIGGERS],
)
def download(cabinet: OfDag, claim: str, what: str) -> StreamingResponse:
    head, _ = the_report(cabinet, claim)
    found = _file(cabinet, the_claim(head), what) if what in FILES else None
    if found is None:
        raise HTTPException(404, f"There is no {what!r} of this report in the cabinet.")
    return sent(found, FILES[what][3])


def sent(found: Found, media: str) -> StreamingResponse:
    """A file as an answer: a browser saves it; HTML is shown without rights."""
    stream = found.opened.open("rb")
    name = found.name.encode("ascii", "replace").decode().replace('"', "_").replace("?", "_")
    shows = "inline" if media.startswith("text/html") else "attachment"
    headers = {
        "Content-Disposition": f"{shows}; filename=\"{name}\"; filename*=UTF-8''{quote(found.name)}",
        "Content-Length": str(found.size),
    }
    if shows == "inline":
        headers["Content-Security-Policy"] = HTML_POLICY
    return StreamingResponse(_blocks(stream, found.size), media_type=media, headers=headers)


def _blocks(stream: Any, size: int) -> Iterator[bytes]:
    """The bytes of a file, no more than were promised."""
    with stream:
        while size > 0 and (block := stream.read(min(BLOCK, size))):
            size -= len(block)
            yield block


def the_report(cabinet: Cabinet, claim_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The report of a claim: its head, and what its JSON says.

    :raises HTTPException: 404.
    """
    found = head_of(cabinet, claim_id)
    if found is None:
        raise HTTPException(404, f"{cabinet.dag_id} has no report of {claim_id!r}.")
    return found


def table_of(cabinet: Cabinet, head: dict[str, Any]) -> LinesTable | None:
    """The table of lines of a report; None when it is gone."""
    found = _file(cabinet, the_claim(head), "lines")
    return _tables.get(state_of(cabinet, found), lambda: LinesTable(found.read())) if found else None


def the_claim(head: dict[str, Any]) -> Claim:
    """The claim of a report, as far as the names of its files need it."""
    return claim_of(head["claim"], head["file"], simulated=head["simulated"])


def state_of(cabinet: Cabinet, found: Found) -> tuple[Any, ...]:
    """What names a file in its present state."""
    return str(cabinet.root), found.name, found.size, found.stamp


def reading_of(content: dict[str, Any], head: Head) -> tuple[str, str]:
    """Params `delimiter` and `encoding` that a file was read with, as far as its report tells.

    :param content: the JSON of the report.
    :param head: the beginning of the file.
    """
    reading = content.get("reading") or {}
    return reading.get("delimiter") or "auto", head.encoding(reading.get("encoding"))


def _file(cabinet: Cabinet, claim: Claim, what: str) -> Found | None:
    folder, middle, ending, _ = FILES[what]
    if middle == "report":
        return find(cabinet, folder, claim.report_name(ending or ""))
    if claim.simulate and folder in ("archive", "tryback"):
        return None
    return find(cabinet, folder, claim.named(middle, ending))


def _files(cabinet: Cabinet, claim: Claim) -> dict[str, Found]:
    return {what: found for what in FILES if (found := _file(cabinet, claim, what))}


@dataclass(frozen=True)
class _Source:
    """The command file of a report.

    :param key: names it in its present state.
    """

    layout: Layout
    key: Any
    size: int

    @classmethod
    def of(cls, cabinet: Cabinet, head: dict[str, Any], content: dict[str, Any]) -> _Source | None:
        """None: it is no longer there as it was, or nobody can tell its columns."""
        file = source_of(cabinet, head, content)
        if file is None or not has_suite(cabinet.file_type):
            return None
        layout = layout_of(file, cabinet.file_type, content)
        return cls(layout, state_of(cabinet, file), file.size) if layout.header else None

    def lines_with(self, text: str, begins: Any) -> Any:
        """The lines that hold a text.

        :param begins: the lines that records begin in.
        """
        return lines_with(self.layout, self.key, self.size, text, begins)

    def cells(self, numbers: list[int]) -> dict[int, Any]:
        """The cells of some lines."""
        records = records_at(self.layout, self.key, self.size, numbers)
        return {number: self.layout.shown(record) for number, record in records.items()}


def layout_of(file: Found, file_type: str, content: dict[str, Any]) -> Layout:
    """How the cells of a command file are laid out.

    :param content: the JSON of its report.
    """
    with file.opened.open("rb") as stream:
        begin = stream.read(HEAD_BYTES)
    delimiter, encoding = reading_of(content, Head(file.name, begin, len(begin) >= file.size))
    return Layout(file.opened, load_suite(file_type), delimiter, encoding)


def source_of(cabinet: Cabinet, head: dict[str, Any], content: dict[str, Any]) -> Found | None:
    """The command file of a report, if it is still as it was: in the archive; or, if it was simulated or nothing was done, where it is again."""
    claim = the_claim(head)
    if archived := _file(cabinet, claim, "archive"):
        return archived
    if number := content.get("upload"):
        try:
            upload = upload_of(cabinet, str(number))
        except NoUpload:
            return None
        return Found(upload.name, upload.size, upload.at, opened(cabinet, upload), upload.id)
    waiting = find(cabinet, "inbox", head["file"])
    if waiting is None or waiting.modified is None or waiting.size != content.get("size"):
        return None
    same = datetime.fromisoformat(waiting.modified) <= datetime.fromisoformat(iso_of(head["claim"]))
    return waiting if same else None
