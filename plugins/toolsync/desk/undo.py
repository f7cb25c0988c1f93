"""The list of undo bundles, and the file that puts some of them back."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request

from toolsync.cabinet.claims import CLAIM_ID
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import receiving
from toolsync.course.undo_bundles import FOLDER, INDEX_SUFFIX, SUFFIX, UNDOABLE, read_index
from toolsync.desk.access import OfSite, OurDag, User, allowed, check, dag_of
from toolsync.desk.files import Folder, find
from toolsync.desk.models_undo import Bundles, Restore, Restoring

router = APIRouter(prefix="/api/undo", tags=["undo"])
BUNDLE = re.compile(rf"(?P<course>.+)_(?P<claim>{CLAIM_ID})_\d+")
RESTORE = "courses_restore"
WHAT = {"courses_delete": "deleted", "courses_reset": "reset", "courses": "replaced"}


@router.get(
    "", summary="The undo bundles of the DAGs that the caller may read, the newest first", response_model=Bundles
)
def bundles(
    user: User,
    site: OfSite,
    dag_id: str | None = None,
    q: Annotated[str, Query(max_length=200, description="A part of the short name")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[str | None, Query(description="The name of the last one that you have")] = None,
) -> Any:
    undoable = {site.dag_id(kind): kind for kind in UNDOABLE} if site else {}
    if dag_id is not None and dag_id not in undoable:
        raise HTTPException(404, f"{dag_id} has no undo bundles.")
    mine = allowed(user, undoable, "GET", None)
    cabinets = [Cabinet(undoable[one], site) for one in mine if dag_id in (None, one)]
    found = [
        (*_order(name), cabinet.dag_id, name, cabinet)
        for cabinet in cabinets
        for name in bundle_names(cabinet)
        if q.strip().lower() in name.lower()
    ]
    found.sort(key=lambda entry: entry[:3], reverse=True)
    if before:
        found = [entry for entry in found if entry[:2] < _order(before)]
    page = found[:limit]
    return {
        "bundles": [told for *_, name, cabinet in page if (told := _bundle(cabinet, name))],
        "more": len(found) > limit,
    }


@router.post(
    "/restore",
    summary="Make the file that puts bundles of a site back: an upload of its toolsync_courses_restore",
    response_model=Restoring,
)
def restore(request: Request, user: User, body: Restore) -> Any:
    if not body.bundles:
        raise HTTPException(400, "Choose at least one bundle.")
    dags: dict[str, OurDag] = {}
    for dag_id in {bundle.dag_id for bundle in body.bundles}:
        check(user, dag_id, "GET", None)
        dags[dag_id] = dag_of(dag_id)
        if dags[dag_id].file_type not in UNDOABLE:
            raise HTTPException(404, f"{dag_id!r} has no undo bundles.")
    site, *others = {dag.site.name: dag.site for dag in dags.values()}.values()
    if others:
        raise HTTPException(400, "Choose bundles of one site: a file is for one.")
    request.state.site = site
    target = OurDag(site, RESTORE)
    check(user, target.id)
    found = [_chosen(dags[dag_id].cabinet, name) for dag_id, name in {(one.dag_id, one.name) for one in body.bundles}]
    # What was changed last is undone first.
    found.sort(key=lambda bundle: _order(bundle["name"]), reverse=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["shortname", "description", "bundle"])
    writer.writerows([bundle["shortname"], f"{bundle['what']} {bundle['at']}", bundle["name"]] for bundle in found)
    name = f"restore_{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
    with receiving(target.cabinet, name, user.get_name()) as (stream, number):
        stream.write(text.getvalue().encode())
    return {"dag_id": target.id, "upload": number}


def bundle_names(cabinet: Cabinet) -> list[str]:
    """The names of the bundles that have an index."""
    return [name.removesuffix(INDEX_SUFFIX) for name in Folder(cabinet, FOLDER).names if name.endswith(INDEX_SUFFIX)]


def claim_in(name: str) -> str:
    """The claim that made a bundle, as its name says; empty: it does not."""
    match = BUNDLE.fullmatch(name)
    return match["claim"] if match else ""


def _order(name: str) -> tuple[str, str]:
    """What sorts bundles by the time when they were made: the claim that made them."""
    return claim_in(name), name


def _bundle(cabinet: Cabinet, name: str) -> dict[str, Any] | None:
    """A bundle as the page lists it; None: it is gone, or its index can't be read."""
    try:
        index = read_index(cabinet, name)
        course = index["course"]
        content = find(cabinet, FOLDER, name + SUFFIX)
        return {
            "dag_id": cabinet.dag_id,
            "name": name,
            "claim": index["claim"],
            "what": WHAT[cabinet.file_type],
            "courseid": course["id"],
            "shortname": course["shortname"],
            "fullname": course.get("fullname"),
            "at": index["made"],
            "put_back": index["restored"],
            "size": content.size if content else None,
        }
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _chosen(cabinet: Cabinet, name: str) -> dict[str, Any]:
    """A bundle that is to be put back.

    :raises HTTPException: 404: it is gone; 409: it is back already.
    """
    found = _bundle(cabinet, name) if name in bundle_names(cabinet) else None
    if found is None:
        raise HTTPException(404, f"There is no undo bundle {name!r} of {cabinet.dag_id}.")
    if found["put_back"]:
        raise HTTPException(409, f"{found['shortname']} was put back already, on {found['put_back']}.")
    return found
