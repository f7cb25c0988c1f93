"""The manual of each format, and a sample to download."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import StreamingResponse
from markdown_it import MarkdownIt

from toolsync.desk.access import READS, Dag
from toolsync.desk.core_api import Core
from toolsync.desk.files import Found, PlainFile
from toolsync.desk.models_done import Manual
from toolsync.desk.reports import sent
from toolsync.settings import INCLUDE

router = APIRouter(prefix="/api/dags/{dag_id}", tags=["manual"])


@router.get("/manual", summary="The manual of a DAG", response_model=Manual, dependencies=[READS])
async def manual(core: Core, dag: Dag) -> Any:
    details = await core.get("dags", dag.id, "details")
    found = _sample(dag.file_type)
    return {
        "title": details["dag_display_name"],
        "html": _markdown().render(details["doc_md"] or ""),
        "sample": found.name if found else None,
    }


@router.get("/sample", summary="A sample of the format", response_class=StreamingResponse, dependencies=[READS])
def sample(dag: Dag) -> StreamingResponse:
    found = _sample(dag.file_type)
    if found is None:
        raise HTTPException(404, f"There is no sample for {dag.id}.")
    return sent(found, "application/octet-stream")


def _sample(file_type: str) -> Found | None:
    for path in (INCLUDE / "samples").glob(f"{file_type}.*"):
        return Found(path.name, path.stat().st_size, None, PlainFile(path))
    return None


@cache
def _markdown() -> MarkdownIt:
    """What renders manuals. HTML in them is shown as it is written."""
    return MarkdownIt("commonmark", {"html": False}).enable("table")
