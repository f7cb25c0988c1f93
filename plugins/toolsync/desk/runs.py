"""Runs: begun as Airflow begins them, and how far they are."""

from __future__ import annotations

import asyncio
import glob
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.concurrency import run_in_threadpool

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import FILE
from toolsync.cabinet.takeover import held
from toolsync.cabinet.uploads import NoUpload, Upload, upload_of
from toolsync.desk.access import READS, TRIGGERS, Dag, OurDag, User, allowed
from toolsync.desk.at_work import how_far
from toolsync.desk.begin import begin, run_name, started_with
from toolsync.desk.core_api import Core, CoreApi
from toolsync.desk.files import find
from toolsync.desk.heads import heads_of
from toolsync.desk.models import RunAnswer, Trigger, Triggered
from toolsync.desk.overview import OF_THE_PAGE, params_of, run_head
from toolsync.desk.run_bundles import UNDO, runs_of
from toolsync.desk.uploads import the_upload
from toolsync.operators.day import STEPS, child_run
from toolsync.sites import Site

router = APIRouter(prefix="/api", tags=["run"])
FAILED_SHOWN = 30  # tasks whose messages are asked for
ENDED = {"success", "failed"}
DAY = "all"  # the type whose runs start those of other types
REFUSED = "refused"  # the step of a file whose plan was not approved
# Types that work on no files of their own, and their task that writes some.
WRITERS = {"all": "report", "export": "export", "history": "history", "make_command_file": "make"}


@router.post(
    "/dags/{dag_id}/runs",
    summary="Run or simulate an upload, or files of the inbox",
    response_model=Triggered,
    status_code=201,
    dependencies=[TRIGGERS],
)
async def trigger(core: Core, dag: Dag, body: Trigger) -> Any:
    dag_id = dag.id
    details = await core.get("dags", dag_id, "details")
    conf = started_with(details, body.params, simulate=body.simulate)
    file = ""
    if "files" in params_of(details):
        chosen, file = await run_in_threadpool(_what_to_run, dag, body)
        conf |= chosen
    elif body.upload or body.files:
        raise HTTPException(400, f"{dag_id} takes no file.")
    return await begin(core, details, conf, run_name(file, simulate=body.simulate), unpause=body.unpause)


def _what_to_run(dag: OurDag, body: Trigger) -> tuple[dict[str, str], str]:
    """The Params that say what to run, and the name of the file.

    :raises HTTPException: 400, or 404: there is no such upload.
    """
    if bool(body.upload) == bool(body.files) or (OF_THE_PAGE - {"simulate"}) & set(body.params):
        raise HTTPException(400, "Give either `upload` or `files`.")
    if body.upload:
        return {"upload": body.upload}, the_upload(dag.cabinet, body.upload).name
    name = body.files or "*"
    # Of a file that is there only this one is meant, though its name may be a pattern for others: people[1].csv.
    there = find(dag.cabinet, "inbox", name)
    return {"files": glob.escape(name) if there else name}, name


@router.get("/dags/{dag_id}/runs/{run_id}", summary="How far a run is", response_model=RunAnswer, dependencies=[READS])
async def run_state(core: Core, dag: Dag, user: User, run_id: str) -> Any:
    of_run = ("dags", dag.id, "dagRuns", run_id)
    run, details = await asyncio.gather(core.get(*of_run), core.get("dags", dag.id, "details"))
    children = await _children(core, dag.site, run_id) if dag.file_type == DAY else []
    default = params_of(details).get("simulate", {}).get("value", False)
    files, messages, result = await _about(core, dag, run)
    head = run_head(run, default, None)
    conf = run["conf"] or {}
    again = dag.file_type == UNDO and head["simulated"] and run["state"] in ENDED  # may be asked for, for real
    return {
        **head,
        "refused": bool(files) and all(file["step"] == REFUSED for file in files),
        "dag_id": dag.id,
        "may": {"trigger": bool(await run_in_threadpool(allowed, user, [dag.id]))},
        "files": files,
        "children": children,
        "messages": messages,
        "written": _written(result) if isinstance(result, dict) else [],
        "upload": await run_in_threadpool(_left_upload, dag, conf.get("upload")),
        "undoes": await run_in_threadpool(runs_of, dag.site, conf.get("runs")) if again else [],
        "params": {name: value for name, value in conf.items() if name not in OF_THE_PAGE},
    }


async def _about(core: CoreApi, dag: OurDag, run: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str], Any]:
    """The files of a run, what is to be said of it as a whole, and the result of its task.

    :param run: as Airflow describes it.
    """
    of_run = ("dags", dag.id, "dagRuns", run["dag_run_id"])
    result = await _xcom(core, of_run, WRITERS.get(dag.file_type, "collect"), -1, "return_value")
    claims = [claim for claim in result if isinstance(claim, dict)] if isinstance(result, list) else []
    said = await _messages(core, of_run) if run["state"] != "queued" else []
    files = await run_in_threadpool(_files, dag, claims, run["state"] in ENDED, said)
    return files, list(dict.fromkeys(message for index, message in said if index not in range(len(files)))), result


async def _children(core: CoreApi, site: Site, run_id: str) -> list[dict[str, Any]]:
    """The runs that a run of the day's work has started, each with its files."""
    started = child_run(run_id)
    dags = [OurDag(site, kind) for kind in STEPS]
    runs = await asyncio.gather(*(core.get_or_none("dags", dag.id, "dagRuns", started) for dag in dags))
    begun = [(dag, run) for dag, run in zip(dags, runs, strict=True) if run]
    told = await asyncio.gather(*(_about(core, dag, run) for dag, run in begun))
    return [
        {"dag_id": dag.id, "run_id": started, "state": run["state"], "files": files}
        for (dag, run), (files, *_) in zip(begun, told, strict=True)
    ]


def _written(result: dict[str, Any]) -> list[str]:
    """The paths of the files that a run has written.

    :param result: of its task.
    """
    one = result.get("report") or result.get("history") or result.get("path")
    return [one] if one else [file["path"] for file in result.get("files", [])]


def _left_upload(dag: OurDag, number: Any) -> Upload | None:
    """The upload that a run was started with, as long as it is there."""
    with suppress(NoUpload):
        return upload_of(dag.cabinet, str(number)) if number and dag.has_folders else None
    return None


def _files(
    dag: OurDag, claims: list[dict[str, Any]], ended: bool, failed: list[tuple[int, str]]
) -> list[dict[str, Any]]:
    """The files of a run, in the order in which Airflow numbers them."""
    if not claims:
        return []
    cabinet, files = dag.cabinet, []
    heads = heads_of(cabinet, [claimed["id"] for claimed in claims])
    # A run may have taken a thousand: all are looked for at once.
    at_work = {} if ended or len(heads) == len(claims) else held(cabinet)
    for number, claimed in enumerate(claims):
        claim = Claim(**claimed)
        head, names = heads.get(claim.id), at_work.get(claim.id, {})
        messages = [message for index, message in failed if index == number]
        if head:
            step = {"step": _end(*head), "progress": None}
            # What the report says is not said twice.
            messages = [] if any(head[0][name] for name in ("rejected", "refused", "failed_over")) else messages
        elif f"{FILE}/{claim.name}" in names:
            step = how_far(cabinet, claim, names)
        else:
            step = {"step": "failed" if ended else "waiting", "progress": None}
        files.append(
            {
                "claim": claim.id,
                "name": claim.name,
                "map_index": number,
                **step,
                "report": head[0] if head else None,
                "message": messages[-1] if messages else None,
            }
        )
    return files


def _end(head: dict[str, Any], content: dict[str, Any]) -> str:
    """The last step of a file that has a report.

    :param content: the JSON of the report.
    """
    return "failed" if head["rejected"] or content.get("unfit") else REFUSED if head["refused"] else "done"


async def _messages(core: CoreApi, of_run: tuple[str, ...]) -> list[tuple[int, str]]:
    """What tasks say that failed or had nothing to do: the number of the file, -1 for none, and the sentence."""
    listed = await core.get_or_none(
        *of_run, "taskInstances", state=["failed", "skipped", "up_for_retry"], limit=FAILED_SHOWN
    )
    tasks = (listed or {"task_instances": []})["task_instances"]
    tasks = sorted(tasks, key=lambda task: task["end_date"] or "")
    said = await asyncio.gather(*(_xcom(core, of_run, task["task_id"], task["map_index"], "message") for task in tasks))
    return [(task["map_index"], message) for task, message in zip(tasks, said, strict=True) if isinstance(message, str)]


async def _xcom(core: CoreApi, of_run: tuple[str, ...], task_id: str, map_index: int, key: str) -> Any:
    """What a task has left under a key; None when there is nothing."""
    entry = await core.get_or_none(*of_run, "taskInstances", task_id, "xcomEntries", key, map_index=map_index)
    return entry["value"] if entry else None
