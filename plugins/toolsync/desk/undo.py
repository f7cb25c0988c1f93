"""The list of undo bundles, and the file that puts some of them back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from operator import itemgetter
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from more_itertools import map_reduce

from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import receiving
from toolsync.course.undo_bundles import FOLDER, INDEX_SUFFIX, SUFFIX, UNDOABLE, claim_in, read_indexes
from toolsync.desk.access import OfSite, OurDag, User, allowed, check, dag_of
from toolsync.desk.files import Folder
from toolsync.desk.models_undo import Bundles, Restore, Restoring
from toolsync.sites import Site

router = APIRouter(prefix="/api/undo", tags=["undo"])
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
    folders = {cabinet.dag_id: Folder(cabinet, FOLDER) for cabinet in cabinets}
    found = [
        (*_order(name), cabinet.dag_id, cabinet)
        for cabinet in cabinets
        for name in _names(folders[cabinet.dag_id])
        if q.strip().lower() in name.lower()
    ]
    found.sort(key=lambda entry: entry[:3], reverse=True)
    if before:
        found = [entry for entry in found if entry[:2] < _order(before)]
    page = found[:limit]
    of_dag = map_reduce(page, itemgetter(3), itemgetter(1))
    told = {
        (cabinet.dag_id, each["name"]): each
        for cabinet, names in of_dag.items()
        for each in _bundles(cabinet, folders[cabinet.dag_id], names)
    }
    return {
        "bundles": [told[dag_id, name] for _, name, dag_id, _ in page if (dag_id, name) in told],
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
    wanted = map_reduce({(one.dag_id, one.name) for one in body.bundles}, itemgetter(0), itemgetter(1))
    found = [told for dag_id, names in wanted.items() for told in _chosen(dags[dag_id].cabinet, names)]
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
    """The names of the bundles of courses that have an index."""
    return _names(Folder(cabinet, FOLDER))


def noted(site: Site, at: str, index: Mapping[str, Any]) -> dict[str, Any]:
    """When and by which run something was put back.

    :param index: what an index says of that run; those of earlier versions say nothing of courses.
    """
    return {"at": at, "dag_id": site.dag_id(index.get("by_type") or "undo"), "claim": index.get("by_claim")}


def _names(folder: Folder) -> list[str]:
    return [name.removesuffix(INDEX_SUFFIX) for name in folder.names if name.endswith(INDEX_SUFFIX)]


def _order(name: str) -> tuple[str, str]:
    """What sorts bundles by the time when they were made: the claim that made them."""
    return claim_in(name), name


def _bundles(cabinet: Cabinet, folder: Folder, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Bundles as the page lists them, but those that are gone.

    :param folder: that of the bundles.
    """
    for name, index in read_indexes(cabinet, names, damaged=False):
        with suppress(KeyError, TypeError, AttributeError):  # somebody else's file
            course, content, back = index["course"], folder.find(name + SUFFIX), index["restored"]
            yield {
                "dag_id": cabinet.dag_id,
                "name": name,
                "claim": index["claim"],
                "what": WHAT[cabinet.file_type],
                "courseid": course["id"],
                "shortname": course["shortname"],
                "fullname": course.get("fullname"),
                "at": index["made"],
                "put_back": back,
                "put_back_by": noted(cabinet.site, back, index) if index.get("by_claim") else None,
                "size": content.size if content else None,
            }


def _chosen(cabinet: Cabinet, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Bundles that are to be put back.

    :raises HTTPException: 404: one is gone; 409: one is back already.
    """
    folder = Folder(cabinet, FOLDER)
    there = set(_names(folder))
    found = {told["name"]: told for told in _bundles(cabinet, folder, [name for name in names if name in there])}
    for name in names:
        if name not in found:
            raise HTTPException(404, f"There is no undo bundle {name!r} of {cabinet.dag_id}.")
        if at := found[name]["put_back"]:
            raise HTTPException(409, f"{found[name]['shortname']} was put back already, on {at}.")
        yield found[name]
