"""The list of undo bundles, and the file that puts some of them back."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query

from toolsync.cabinet.claims import CLAIM_ID
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import receiving
from toolsync.course.undo_bundles import FOLDER, INDEX_SUFFIX, SUFFIX, UNDOABLE, read_index
from toolsync.desk.access import PREFIX, User, allowed, check
from toolsync.desk.files import Folder, find
from toolsync.desk.models_done import Bundles, Restore, Restoring

router = APIRouter(prefix="/api/undo", tags=["undo"])
BUNDLE = re.compile(rf"(?P<course>.+)_(?P<claim>{CLAIM_ID})_\d+")
RESTORE = "courses_restore"
WHAT = {"courses_delete": "deleted", "courses_reset": "reset", "courses": "replaced"}


@router.get(
    "", summary="The undo bundles of the DAGs that the caller may read, the newest first", response_model=Bundles
)
def bundles(
    user: User,
    dag_id: str | None = None,
    q: Annotated[str, Query(max_length=200, description="A part of the short name")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[str | None, Query(description="The name of the last one that you have")] = None,
) -> Any:
    mine = allowed(user, [PREFIX + kind for kind in UNDOABLE], "GET", None)
    if dag_id is not None and dag_id not in mine:
        raise HTTPException(
            403 if dag_id in {PREFIX + kind for kind in UNDOABLE} else 404,
            f"{dag_id} has no undo bundles that you may see.",
        )
    cabinets = {kind: Cabinet(kind) for kind in UNDOABLE if PREFIX + kind in mine and dag_id in (None, PREFIX + kind)}
    found = [
        (*_order(name), kind, name)
        for kind, cabinet in cabinets.items()
        for name in _names(cabinet)
        if q.strip().lower() in name.lower()
    ]
    found.sort(reverse=True)
    if before:
        found = [entry for entry in found if entry[:2] < _order(before)]
    page = found[:limit]
    return {
        "bundles": [told for *_, kind, name in page if (told := _bundle(cabinets[kind], kind, name))],
        "more": len(found) > limit,
    }


@router.post(
    "/restore",
    summary="Make the file that puts bundles back: an upload of toolsync_courses_restore",
    response_model=Restoring,
)
def restore(user: User, body: Restore) -> Any:
    check(user, PREFIX + RESTORE)
    for dag_id in {bundle.dag_id for bundle in body.bundles}:
        check(user, dag_id, "GET", None)
        if dag_id not in {PREFIX + kind for kind in UNDOABLE}:  # the DAG that was asked about, by its whole id
            raise HTTPException(404, f"{dag_id!r} has no undo bundles.")
    chosen = {(bundle.dag_id.removeprefix(PREFIX), bundle.name) for bundle in body.bundles}
    found = [_chosen(kind, name) for kind, name in chosen]
    if not found:
        raise HTTPException(400, "Choose at least one bundle.")
    # What was changed last is undone first.
    found.sort(key=lambda bundle: _order(bundle["name"]), reverse=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["shortname", "description", "bundle"])
    writer.writerows([bundle["shortname"], f"{bundle['what']} {bundle['at']}", bundle["name"]] for bundle in found)
    name = f"restore_{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
    with receiving(Cabinet(RESTORE), name, user.get_name()) as (stream, number):
        stream.write(text.getvalue().encode())
    return {"dag_id": PREFIX + RESTORE, "upload": number}


def _names(cabinet: Cabinet) -> list[str]:
    """The names of the bundles that have an index."""
    return [name.removesuffix(INDEX_SUFFIX) for name in Folder(cabinet, FOLDER).names if name.endswith(INDEX_SUFFIX)]


def _order(name: str) -> tuple[str, str]:
    """What sorts bundles by the time when they were made: the claim that made them."""
    match = BUNDLE.fullmatch(name)
    return (match["claim"] if match else ""), name


def _bundle(cabinet: Cabinet, kind: str, name: str) -> dict[str, Any] | None:
    """A bundle as the page lists it; None: it is gone, or its index can't be read."""
    try:
        index = read_index(cabinet, name)
        course = index["course"]
        content = find(cabinet, FOLDER, name + SUFFIX)
        return {
            "dag_id": PREFIX + kind,
            "name": name,
            "claim": index["claim"],
            "what": WHAT[kind],
            "courseid": course["id"],
            "shortname": course["shortname"],
            "fullname": course.get("fullname"),
            "at": index["made"],
            "put_back": index["restored"],
            "size": content.size if content else None,
        }
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _chosen(kind: str, name: str) -> dict[str, Any]:
    """A bundle that is to be put back.

    :raises HTTPException: 404: it is gone; 409: it is back already.
    """
    known = kind in UNDOABLE and name in _names(Cabinet(kind))
    found = _bundle(Cabinet(kind), kind, name) if known else None
    if found is None:
        raise HTTPException(404, f"There is no undo bundle {name!r} of {PREFIX}{kind}.")
    if found["put_back"]:
        raise HTTPException(409, f"{found['shortname']} was put back already, on {found['put_back']}.")
    return found
