"""Uploads: looked at before anything is sent, sent, looked at again, removed."""

from __future__ import annotations

import io
from contextlib import closing
from typing import IO, Annotated, Any, Literal

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool

from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import NoUpload, Upload, opened, receiving, remove, upload_of
from toolsync.desk.access import TRIGGERS, OfDag, OfSite, User, allowed
from toolsync.desk.inspection import (
    ENTRIES,
    HEAD_BYTES,
    PACKAGES,
    PICTURES,
    Head,
    as_candidate,
    inspect_archive,
    inspect_csv,
    named,
    recognise,
    suites,
)
from toolsync.desk.models import Inspection, UploadAnswer, UploadInspection
from toolsync.params import known_types
from toolsync.settings import number
from toolsync.sites import Site

router = APIRouter(prefix="/api", tags=["upload"])
BLOCK = 1 << 20  # bytes written at once

Delimiter = Annotated[Literal["auto", ",", ";", "tab", "|"], Query(description="As Param `delimiter` takes it")]
Encoding = Annotated[str | None, Query(description="As Param `encoding` takes it; without it, it is found out")]


@router.post(
    "/inspect",
    summary="Look at the beginning of a file: its type, its columns, its first lines and problems. Nothing is kept",
    response_model=Inspection,
    openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}, "description": "The first 512 kB"}},
)
async def inspect(
    request: Request,
    user: User,
    site: OfSite,
    name: str = "",
    dag_id: str | None = None,
    delimiter: Delimiter = "auto",
    encoding: Encoding = None,
    complete: bool = False,
) -> Any:
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > HEAD_BYTES:
            raise HTTPException(413, f"Send the first {HEAD_BYTES} bytes of the file, at most.")
    head = Head(name, content, complete)
    return await run_in_threadpool(_inspect, head, user, site, dag_id, delimiter, encoding)


@router.put(
    "/dags/{dag_id}/uploads/{name}",
    summary="Upload a file. It waits until a run names it",
    response_model=UploadAnswer,
    response_model_exclude_none=True,
    dependencies=[TRIGGERS],
    openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}}},
)
async def upload(request: Request, cabinet: OfDag, user: User, name: str) -> Any:
    most = _most_bytes(cabinet.site)
    too_large = HTTPException(
        413, f"The file is larger than {most // 1_000_000} MB ({cabinet.site.place('desk', 'upload_mb')})."
    )
    if int(request.headers.get("content-length") or 0) > most:
        raise too_large
    size, block = 0, bytearray()
    async with contextmanager_in_threadpool(receiving(cabinet, name, user.get_name())) as (stream, number):
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise too_large
            block += part
            if len(block) >= BLOCK:
                await run_in_threadpool(stream.write, bytes(block))
                block.clear()
        await run_in_threadpool(stream.write, bytes(block))
        if not size:
            raise HTTPException(400, "The file is empty.")
    return await run_in_threadpool(the_upload, cabinet, number)


@router.get(
    "/dags/{dag_id}/uploads/{upload_id}/inspect",
    summary="Look at a file that was uploaded",
    response_model=UploadInspection,
    dependencies=[TRIGGERS],
)
def inspect_upload(
    cabinet: OfDag,
    user: User,
    upload_id: str,
    delimiter: Delimiter = "auto",
    encoding: Encoding = None,
) -> Any:
    found = the_upload(cabinet, upload_id)
    with closing(opened(cabinet, found).open("rb")) as stream:
        content = stream.read(HEAD_BYTES)
        head = Head(found.name, content, found.size <= len(content))
        if head.is_archive and cabinet.file_type in (PICTURES, PACKAGES):
            stream.seek(0)
            told = _archive(head, cabinet.dag_id, cabinet.site, cabinet.file_type, stream)
        else:
            told = _inspect(head, user, cabinet.site, cabinet.dag_id, delimiter, encoding or found.encoding)
    return {**told, "upload": found}


@router.delete(
    "/dags/{dag_id}/uploads/{upload_id}", summary="Remove an upload", status_code=204, dependencies=[TRIGGERS]
)
def remove_upload(cabinet: OfDag, upload_id: str) -> None:
    remove(cabinet, the_upload(cabinet, upload_id).id)


def the_upload(cabinet: Cabinet, number: str) -> Upload:
    """An upload by its number.

    :raises HTTPException: 404.
    """
    try:
        return upload_of(cabinet, number)
    except NoUpload as reason:
        raise HTTPException(404, str(reason)) from None


def _most_bytes(site: Site) -> int:
    most = number(site.page, "desk", "upload_mb", least=1, default=500)
    return int((500 if most is None else most) * 1_000_000)


def _inspect(
    head: Head, user: BaseUser, site: Site | None, dag_id: str | None, delimiter: str, encoding: str | None
) -> dict[str, Any]:
    """Inspect a head as the caller may: only for DAGs that the caller may trigger.

    :param site: that the file is for; None: none that the caller may see.
    :param dag_id: whose file it is; None: find out.
    :raises HTTPException: 403.
    """
    types = {site.dag_id(kind): kind for kind in known_types()} if site else {}
    mine = allowed(user, types)
    if site and head.is_archive and not dag_id:
        dag_id = site.dag_id(PACKAGES if head.is_package else PICTURES)
    if site is None or not mine or (dag_id is not None and dag_id not in mine):
        raise HTTPException(403, f"You may not trigger {dag_id or 'any DAG of Tool Sync'}, so no file is read for you.")
    if dag_id and types[dag_id] in ENTRIES:
        content = None if head.is_archive and not head.complete else io.BytesIO(head.content)
        return _archive(head, dag_id, site, types[dag_id], content)
    known, found_encoding = suites({one: types[one] for one in mine}), head.encoding(encoding)
    candidates = recognise(head, known, delimiter, found_encoding)
    likely = candidates[0] if candidates else None
    # A list without a header may be of several types, one of which takes things away: a person chooses.
    sure = likely and (likely["matched"] or named(head.name, known[likely["dag_id"]]))
    chosen = dag_id or (likely["dag_id"] if likely and sure else None)
    if chosen not in known:
        why = [] if candidates else ["its first line names no column of a file that you may run"]
        return _answer(
            head, None, candidates, found_encoding, {**inspect_archive(site, PICTURES, None), "rejected": why}
        )
    if chosen not in (candidate["dag_id"] for candidate in candidates):
        candidates.append(as_candidate(chosen, known[chosen].title))
    told = inspect_csv(head, known[chosen], delimiter, found_encoding, {})
    return _answer(head, chosen, candidates, found_encoding, told)


def _archive(head: Head, dag_id: str, site: Site, file_type: str, stream: IO[bytes] | None) -> dict[str, Any]:
    """Inspect a ZIP archive.

    :param dag_id: whose file it is.
    :param stream: the whole archive; None: only its beginning is known.
    """
    candidates = [as_candidate(dag_id, ENTRIES[file_type])]
    return _answer(head, dag_id, candidates, None, inspect_archive(site, file_type, stream))


def _answer(
    head: Head, dag_id: str | None, candidates: list[dict[str, Any]], encoding: str | None, told: dict[str, Any]
) -> dict[str, Any]:
    return {
        "name": head.name,
        "dag_id": dag_id,
        "candidates": candidates,
        "encoding": encoding,
        "complete": head.complete,
        **told,
    }
