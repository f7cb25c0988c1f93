"""What waits, what is at work, what was done: the first page, and the form of a DAG."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from toolsync import __version__
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.inbox import why_not_ready
from toolsync.cabinet.inboxes import inbox_is_there
from toolsync.cabinet.names import shown_name
from toolsync.cabinet.uploads import uploads
from toolsync.desk.access import READS, Dag, OfSite, OurDag, User, allowed
from toolsync.desk.at_work import at_work
from toolsync.desk.core_api import Core, CoreApi
from toolsync.desk.files import Folder, iso
from toolsync.desk.heads import MOST_RECORDS, heads, tryback_heads
from toolsync.desk.models import FormAnswer, Overview
from toolsync.desk.sites import questions
from toolsync.params import known_types
from toolsync.sites import WRONG_SETTINGS, Site

router = APIRouter(prefix="/api", tags=["overview"])
SHOWN_FILES = 20
SHOWN_RUNS = 10
SHOWN_TRYBACKS = 50
KEPT_SECONDS = 60
_known: dict[str, tuple[float, dict[str, Any]]] = {}  # what Airflow says of a DAG, and since when it is known
# Params that the page fills in by itself.
OF_THE_PAGE = {"files", "content", "upload", "runs", "simulate"}


@router.get(
    "/overview",
    summary="What waits, what is at work and what was done, of every DAG of a site that the caller may read",
    response_model=Overview,
)
async def overview(core: Core, user: User, site: OfSite) -> Any:
    known = {site.dag_id(kind): OurDag(site, kind) for kind in known_types()} if site else {}
    # First, and alone: FAB's auth manager reads the rights of a user once, and not from several threads at once.
    may, may_answer = await run_in_threadpool(_rights, user, list(known))
    listed, waiting = await asyncio.gather(dags_of(core, site), questions(core, site)) if site else ([], [])
    dags = [dag for dag in listed if dag["dag_id"] in known]
    types = await asyncio.gather(*(_type(core, known[dag["dag_id"]], dag, dag["dag_id"] in may) for dag in dags))
    ids = {dag["dag_id"] for dag in dags}
    asked = [detail for detail in waiting if detail["task_instance"]["dag_id"] in ids]
    return {
        "version": __version__,
        "site": site.name if site else None,
        "cabinet": site.cabinet_shown if site else None,
        "me": {"name": user.get_name()},
        "types": sorted(types, key=lambda page: page["dag_id"]),
        "approvals": [_approval(detail, types, may_answer) for detail in asked],
    }


async def dags_of(core: CoreApi, site: Site) -> list[dict[str, Any]]:
    """The DAGs of a site that the caller may read, as Airflow lists them."""
    tags = ["toolsync", *([site.name] if site.name else [])]
    return await core.all("dags", "dags", tags=tags, tags_match_mode="all")


def takes_away(params: Mapping[str, Any]) -> bool:
    """Whether the files of a DAG take things away as a rule, going by its Params: whole exports are the exception of their types."""
    return "require_approval" in params and "mode" not in params


@router.get(
    "/dags/{dag_id}/form", summary="The Params of a DAG, for a form", response_model=FormAnswer, dependencies=[READS]
)
async def form(core: Core, dag: Dag) -> Any:
    details = await core.get("dags", dag.id, "details")
    params = params_of(details)
    return {
        "title": details["dag_display_name"],
        "takes_files": "files" in params,
        "destructive": takes_away(params),
        "simulate": "simulate" in params,
        "paused": details["is_paused"],
        "schedule": details["timetable_summary"],
        "params": [field(name, param) for name, param in params.items() if name not in OF_THE_PAGE],
    }


def wrong_settings(dag: dict[str, Any]) -> str | None:
    """Why a DAG could not be made, if it stands in the place of such a one.

    :param dag: as Airflow describes it.
    """
    return dag["description"] if WRONG_SETTINGS in (tag["name"] for tag in dag["tags"]) else None


def params_of(details: dict[str, Any]) -> dict[str, Any]:
    """The Params of a DAG, by name, as Airflow describes them."""
    return details.get("params") or {}


def field(name: str, param: dict[str, Any]) -> dict[str, Any]:
    """A Param as the page's form shows it."""
    schema = param.get("schema") or {}
    kinds = schema.get("type", [])
    return {
        "name": name,
        "title": schema.get("title") or name,
        "description": schema.get("description_md") or schema.get("description") or param.get("description") or "",
        "type": [kinds] if isinstance(kinds, str) else kinds,
        "default": param.get("value"),
        **{key: schema.get(key) for key in ("enum", "section", "format", "pattern", "minimum", "maximum")},
    }


def _rights(user: BaseUser, dag_ids: list[str]) -> tuple[set[str], set[str]]:
    """The DAGs that a user may trigger, and those whose plans the user may answer."""
    return allowed(user, dag_ids), allowed(user, dag_ids, "PUT", DagAccessEntity.HITL_DETAIL)


async def _type(core: CoreApi, of: OurDag, dag: dict[str, Any], may_trigger: bool) -> dict[str, Any]:
    dag_id = dag["dag_id"]
    details, runs = await asyncio.gather(
        _details(core, dag_id),
        core.get_or_none("dags", dag_id, "dagRuns", limit=SHOWN_RUNS, order_by="-run_after"),
    )
    params = params_of(details)
    takes_files, runs = "files" in params, (runs or {"dag_runs": []})["dag_runs"]
    default = params.get("simulate", {}).get("value", False)
    folders, counts, refused = await run_in_threadpool(_folders, of, [run["dag_run_id"] for run in runs])
    return {
        "dag_id": dag_id,
        "type": of.file_type,
        "title": dag["dag_display_name"],
        "description": dag["description"] or "",
        "takes_files": takes_files,
        "destructive": takes_away(params),
        "paused": dag["is_paused"],
        "schedule": dag["timetable_summary"],
        "next_run": None if dag["is_paused"] else dag["next_dagrun_run_after"],
        "may": {"trigger": may_trigger},
        "wrong": wrong_settings(dag),
        "has_reports": of.has_folders,
        **folders,
        "runs": [
            {**run_head(run, default, counts.get(run["dag_run_id"])), "refused": run["dag_run_id"] in refused}
            for run in runs
        ],
    }


async def _details(core: CoreApi, dag_id: str) -> dict[str, Any]:
    """What Airflow says of a DAG that the caller may read. It is kept for a while: only a changed DAG file changes it."""
    known = _known.get(dag_id)
    if known is None or time.monotonic() - known[0] > KEPT_SECONDS:
        known = _known[dag_id] = time.monotonic(), await core.get("dags", dag_id, "details")
    return known[1]


def run_head(run: dict[str, Any], simulates: bool, counts: dict[str, int] | None) -> dict[str, Any]:
    """A run in a list.

    :param run: as Airflow describes it.
    :param simulates: whether its DAG simulates by default.
    :param counts: its lines by outcome.
    """
    return {
        "run_id": run["dag_run_id"],
        "state": run["state"],
        "started": run["start_date"],
        "ended": run["end_date"],
        "note": run["note"],
        "simulated": bool((run["conf"] or {}).get("simulate", simulates)),
        "counts": counts,
    }


def _folders(dag: OurDag, run_ids: list[str]) -> tuple[dict[str, Any], dict[str, dict[str, int]], set[str]]:
    """What lies in the folders of a type; the lines by outcome of some runs, by their ids; and those of them of which no plan was approved."""
    if not dag.has_folders or not inbox_is_there(dag.site, dag.file_type):
        return (
            {
                "inbox": {"count": 0, "files": []},
                "uploads": [],
                "work": [],
                "work_count": 0,
                "trybacks": {"count": 0, "files": []},
            },
            {},
            set(),
        )
    cabinet = dag.cabinet
    waiting, folder = uploads(cabinet, MOST_RECORDS), Folder(cabinet, "tryback")
    count, work = at_work(cabinet)
    trybacks = tryback_heads(folder, waiting)
    counts: dict[str, dict[str, int]] = {}
    refused: dict[str, bool] = {}
    for head in heads(cabinet, limit=3 * SHOWN_RUNS, trybacks=folder)[0]:
        if head["run_id"] in run_ids:
            refused[head["run_id"]] = refused.get(head["run_id"], True) and head["refused"]
            sums = counts.setdefault(head["run_id"], {})
            for outcome, number in head["counts"].items():
                sums[outcome] = sums.get(outcome, 0) + number
    return (
        {
            "inbox": _inbox(cabinet),
            "uploads": waiting,
            "work": work,
            "work_count": count,
            "trybacks": {"count": len(trybacks), "files": trybacks[:SHOWN_TRYBACKS]},
        },
        counts,
        {run_id for run_id, none_was_approved in refused.items() if none_was_approved},
    )


def _inbox(cabinet: Cabinet) -> dict[str, Any]:
    folder, files = Folder(cabinet, "inbox"), []
    for name in folder.names[:SHOWN_FILES]:
        found, path = folder.find(name), cabinet.folder("inbox") / name
        try:
            waits = why_not_ready(path, cabinet.site.page["settle_seconds"])
        except OSError:  # a run has just taken it
            continue
        size, modified = (found.size, found.modified) if found else _of_link(path)
        files.append({"name": shown_name(name), "size": size, "modified": modified, "waits": waits})
    return {"count": len(folder.names), "files": files}


def _of_link(path: Any) -> tuple[int, str | None]:
    """Size and time of what is no plain file."""
    try:
        status = path.lstat()
    except (OSError, AttributeError):
        return 0, None
    return status.st_size, iso(status.st_mtime)


def _approval(detail: dict[str, Any], types: list[dict[str, Any]], may_answer: set[str]) -> dict[str, Any]:
    """A question to a person, as the page lists it."""
    task = detail["task_instance"]
    dag_id, run_id, name = task["dag_id"], task["dag_run_id"], task["rendered_map_index"]
    work = [claim for page in types if page["dag_id"] == dag_id for claim in page["work"]]
    mine = [claim for claim in work if claim["run_id"] == run_id and claim["name"] == name]
    return {
        "dag_id": dag_id,
        "run_id": run_id,
        "map_index": task["map_index"],
        "claim": mine[0]["claim"] if len(mine) == 1 else None,
        "file": name,
        "subject": detail["subject"],
        "since": detail["created_at"],
        "may_answer": dag_id in may_answer,
    }
