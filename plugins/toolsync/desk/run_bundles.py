"""The undo bundles of runs: listed, told of beside a report, and undone by a run of `toolsync_undo`. Of their rows only the numbers are told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from more_itertools import map_reduce

from toolsync.cabinet.bundles import CHANGES, FOLDER, Bundle, Counts
from toolsync.cabinet.claims import CLAIM_ID
from toolsync.cabinet.folders import Cabinet
from toolsync.course.undo_bundles import BY_COURSE, claim_in, read_indexes, rows_of
from toolsync.course.undo_parts import undoing
from toolsync.desk.access import OfSite, OurDag, User, allowed, check, dag_of
from toolsync.desk.begin import begin, run_name, started_with
from toolsync.desk.core_api import Core
from toolsync.desk.heads import head_of
from toolsync.desk.models_undo import RunBundles, RunName, UndoBegun, UndoRuns
from toolsync.desk.overview import dags_of
from toolsync.desk.undo import bundle_names, noted
from toolsync.params import known_types
from toolsync.sites import Site

router = APIRouter(prefix="/api/undo/runs", tags=["undo"])
UNDO = "undo"  # the type whose DAG puts back what runs have changed
MOST_READ = 300  # indexes, after which one request reads no further bundle to find names
MOST_OF_RUN = 50  # indexes of courses that are read of a run without one of its own
WRITES = ("created", "updated", "deleted")  # outcomes of lines that changed something


@router.get(
    "",
    summary="The undo bundles of the runs of the DAGs that the caller may read, the newest first",
    response_model=RunBundles,
)
async def bundles(
    core: Core,
    user: User,
    site: OfSite,
    dag_id: str | None = None,
    q: Annotated[str, Query(max_length=200, description="A part of the name of the file")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(description="`next` of the answer before")] = None,
) -> Any:
    if site is None:
        return {"dag_id": None, "types": [], "runs": [], "next": None}
    ours = {site.dag_id(kind): OurDag(site, kind) for kind in known_types()}
    titles = {dag["dag_id"]: dag["dag_display_name"] for dag in await dags_of(core, site)}
    mine = [dag for one, dag in ours.items() if one in titles and dag.has_folders]
    wanted = [dag for dag in mine if dag_id in (None, dag.id)]
    found, last = await run_in_threadpool(_listed, user, site, wanted, q.strip().lower(), limit, before)
    types = [{"dag_id": dag.id, "title": titles[dag.id]} for dag in mine]
    return {"dag_id": site.dag_id(UNDO), "types": types, "runs": found, "next": last}


@router.post("", summary="Undo runs of a site, the last one first", response_model=UndoBegun, status_code=201)
async def undo(core: Core, request: Request, user: User, body: UndoRuns) -> Any:
    target, claims, name = await run_in_threadpool(_chosen, request, user, body.runs)
    details = await core.get("dags", target.id, "details")
    params = {"runs": claims, "overwrite_changes": body.overwrite_changes}
    conf = started_with(details, params, simulate=body.simulate)
    begun = await begin(core, details, conf, run_name(name, simulate=body.simulate), unpause=body.unpause)
    return {"dag_id": target.id, **begun} if isinstance(begun, dict) else begun


def of_report(user: BaseUser, cabinet: Cabinet, head: dict[str, Any], content: dict[str, Any]) -> dict[str, Any] | None:
    """What a report tells of the undo of its run; None: there was nothing to undo.

    :param head: the report as lists show it.
    :param content: its JSON.
    """
    if head["simulated"] or head["rejected"]:
        return None
    changed = content.get("changed")
    answer: dict[str, Any] = {
        "dag_id": cabinet.site.dag_id(UNDO),
        "state": "gone" if changed else "none",
        "bundle": None,
        "by": None,
        "by_course": cabinet.file_type in BY_COURSE,
    }
    told = _OfType(cabinet).told(head["claim"])
    if told is None:
        wrote = changed or any(head["counts"].get(outcome) for outcome in WRITES)
        return answer if wrote else None
    undone = told["undone"]
    if undone and allowed(user, [undone["dag_id"]], "GET", None):
        by = head_of(dag_of(undone["dag_id"]).cabinet, undone["claim"] or "")
        answer["by"] = by[0]["by"] if by else None
    return {**answer, "state": told["state"], "bundle": _with_rights(user, cabinet.site, [told])[0]}


def runs_of(site: Site, named: Any) -> list[dict[str, str]]:
    """The runs that Param `runs` of an undo names, each with its DAG.

    :return: none, if one of them is named otherwise than by its claim, or has no bundle.
    """
    if not isinstance(named, list):
        return []
    dags = [OurDag(site, kind) for kind in sorted(known_types())]
    found = {claim_id: dag.id for dag in dags if dag.has_folders for claim_id in _OfType(dag.cabinet).sizes}
    names = [str(name) for name in named]
    return [{"dag_id": found[name], "claim": name} for name in names] if set(names) <= set(found) else []


def _listed(
    user: BaseUser, site: Site, dags: Iterable[OurDag], text: str, limit: int, before: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Some of the bundles of these DAGs, and the claim after which the next page begins; None: there is no next page."""
    kept = [_OfType(dag.cabinet) for dag in dags]
    left = sorted(
        ((claim_id, of_type) for of_type in kept for claim_id in of_type.sizes if before is None or claim_id < before),
        key=lambda entry: entry[0],
        reverse=True,
    )
    found: list[dict[str, Any]] = []
    last, read = None, 0
    for last, of_type in left:
        told = of_type.told(last)
        read += of_type.sizes[last]
        if told and text in told["file"].lower():
            found.append(told)
        if len(found) == limit or read >= MOST_READ:
            break
    return _with_rights(user, site, found), last if left and last != left[-1][0] else None


def _folders(cabinet: Cabinet, folder: str) -> set[str]:
    """The claims that have a folder of their own in one of the type's folders: no more is looked at."""
    return {path.name for path in cabinet.files.entries(cabinet.folder(folder)) if re.fullmatch(CLAIM_ID, path.name)}


class _OfType:
    """The bundles of the runs of a type: each run's own, or, of a run that has only one for each course, all of these together."""

    def __init__(self, cabinet: Cabinet) -> None:
        self.cabinet = cabinet

    @cached_property
    def _courses(self) -> dict[str, list[str]]:
        """The names of the bundles of courses, by the claim that made them."""
        return map_reduce(bundle_names(self.cabinet), claim_in) if self.cabinet.file_type in BY_COURSE else {}

    @cached_property
    def _indexed(self) -> set[str]:
        """The claims that have an index of their own."""
        return _folders(self.cabinet, FOLDER)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The claims, and how many indexes are read of each."""
        if self.cabinet.file_type in BY_COURSE:
            return {
                claim_id: 1 if claim_id in self._indexed else min(len(names), MOST_OF_RUN)
                for claim_id, names in self._courses.items()
                if claim_id
            }
        return dict.fromkeys(self._indexed, 1)

    @cached_property
    def _at_work(self) -> set[str]:
        """The claims that have not ended."""
        return _folders(self.cabinet, "work")

    def told(self, claim_id: str) -> dict[str, Any] | None:
        """A bundle as the page tells of it; None: there is none, or its index can't be read."""
        try:
            told = self._of_run(claim_id) if claim_id in self._indexed else self._of_courses(claim_id)
            if told is None:
                return None
            return {
                "dag_id": self.cabinet.dag_id,
                "claim": claim_id,
                "until": _until(self.cabinet, told["at"]),
                **told,
                "state": "working" if claim_id in self._at_work else told["state"],
            }
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _of_run(self, claim_id: str) -> dict[str, Any] | None:
        index = Bundle(self.cabinet, claim_id).index()
        if index is None:
            return None
        state = _state(index, self.cabinet.site)
        undone = index["undone"] if state != "kept" else None
        rows = index.get("rows")  # of a run that has ended
        return {
            "file": index["file"],
            "at": index["made"],
            "state": state,
            "tables": _by_table(rows) if rows is not None else None,
            "size": index.get("bytes"),
            "uncounted": 0,
            "undone": noted(self.cabinet.site, undone["at"], undone) if undone else None,
        }

    def _of_courses(self, claim_id: str) -> dict[str, Any] | None:
        """What the bundles of courses say together: of many, only some are read."""
        names = self._courses.get(claim_id, [])
        indexes = [index for _, index in read_indexes(self.cabinet, names[:MOST_OF_RUN], damaged=False)]
        if not indexes:
            return None
        if all(index["restored"] for index in indexes):  # it may be undone altogether
            indexes += [index for _, index in read_indexes(self.cabinet, names[MOST_OF_RUN:], damaged=False)]
        back = [index for index in indexes if index["restored"]]
        last = max(back, key=lambda index: index["restored"], default=None)
        return {
            "file": indexes[0]["file"],
            "at": max(index["made"] for index in indexes),
            "state": "kept" if not back else "partly" if len(back) < len(names) else "undone",
            "tables": _by_table(rows_of(indexes)),
            "size": None,
            "uncounted": len(names) - len(indexes),
            "undone": noted(self.cabinet.site, last["restored"], last) if last else None,
        }


def _state(index: dict[str, Any], site: Site) -> str:
    """What became of a bundle whose run has ended.

    :param index: what its index says.
    """
    undone = index["undone"]
    if not undone:
        return "kept"
    by = undoing(undone, site)
    if by and _state(by, site) == "undone":  # what it had put back is as the run had left it
        return "kept"
    parts_left = index.get("parts", 0) - len(undone["parts"]) if "parts" in undone else 0
    return "partly" if parts_left > 0 or _amount(undone.get("left")) else "undone"


def _by_table(rows: Counts) -> list[dict[str, Any]]:
    """The numbers of rows of each table, by what became of them.

    :param rows: what a bundle counts.
    """
    tables = sorted(set().union(*(rows.get(change, {}) for change in CHANGES)))
    return [{"table": table, **{change: rows.get(change, {}).get(table, 0) for change in CHANGES}} for table in tables]


def _amount(counts: Any) -> int:
    """What counts come to, however they are grouped."""
    return sum(map(_amount, counts.values())) if isinstance(counts, dict) else int(counts or 0)


def _until(cabinet: Cabinet, made: str) -> str | None:
    """Until when a bundle is kept, at least; None: for ever."""
    days = cabinet.site.page["protection"]["undo_days"]
    try:
        return None if days is None else (datetime.fromisoformat(made) + timedelta(days=days)).isoformat()
    except OverflowError:
        return None


def _with_rights(user: BaseUser, site: Site, bundles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bundles, each with whether the user may undo it: who may trigger both the DAG that undoes and the one that was run."""
    may = allowed(user, {site.dag_id(UNDO), *(told["dag_id"] for told in bundles)}) if bundles else set()
    return [{**told, "may": {"undo": {site.dag_id(UNDO), told["dag_id"]} <= may}} for told in bundles]


def _chosen(request: Request, user: BaseUser, runs: Sequence[RunName]) -> tuple[OurDag, list[str], str]:
    """Runs that are to be undone: the DAG for that, their claims, the newest first, and a name for the run of it.

    :raises HTTPException: 403; 404: a bundle is gone; 409: it is undone, or its run has not ended; 400: they are of several sites.
    """
    if not runs:
        raise HTTPException(400, "Choose at least one run.")
    dags: dict[str, OurDag] = {}
    for dag_id in sorted({run.dag_id for run in runs}):
        check(user, dag_id)
        dags[dag_id] = dag_of(dag_id)
    site, *others = {dag.site.name: dag.site for dag in dags.values()}.values()
    if others:
        raise HTTPException(400, "Choose runs of one site.")
    target = OurDag(site, UNDO)
    check(user, target.id)
    request.state.site = site
    kept = {dag_id: _OfType(dag.cabinet) for dag_id, dag in dags.items()}
    files = {run.claim: _undoable(kept[run.dag_id], run.claim) for run in runs}
    return target, sorted(files, reverse=True), next(iter(files.values())) if len(files) == 1 else f"{len(files)} runs"


def _undoable(kept: _OfType, claim_id: str) -> str:
    """The name of the file of a run that can be undone.

    :raises HTTPException: 404, or 409.
    """
    cabinet = kept.cabinet
    told = kept.told(claim_id) if re.fullmatch(CLAIM_ID, claim_id) else None
    if told is None:
        raise HTTPException(404, f"There is no undo bundle of the run {claim_id!r} of {cabinet.dag_id}.")
    if told["state"] == "working":
        how = f"If it was cut off and is not to go on, name it in Param runs of {cabinet.site.dag_id(UNDO)} in Airflow."
        raise HTTPException(409, f"The run of {told['file']} has not ended yet. {how}")
    if told["state"] == "undone":
        raise HTTPException(409, f"The run of {told['file']} was undone already, on {told['undone']['at']}.")
    return str(told["file"])
