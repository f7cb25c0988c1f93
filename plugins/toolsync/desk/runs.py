"""Runs: begun as Airflow begins them, and how far they are."""

from __future__ import annotations

import asyncio
import glob
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from airflow.configuration import conf as airflow
from fastapi import APIRouter, HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.uploads import NoUpload, Upload, upload_of
from toolsync.desk.access import READS, TRIGGERS, Dag, OurDag
from toolsync.desk.at_work import how_far
from toolsync.desk.core_api import Core, CoreApi
from toolsync.desk.files import find
from toolsync.desk.heads import head_of
from toolsync.desk.models import RunAnswer, Trigger, Triggered
from toolsync.desk.overview import OF_THE_PAGE, params_of, run_head, wrong_settings
from toolsync.desk.uploads import the_upload

router = APIRouter(prefix="/api", tags=["run"])
FAILED_SHOWN = 20  # tasks whose messages are asked for
ENDED = {"success", "failed"}
UNLIKE_AN_ID = re.compile(r"[^A-Za-z0-9.~:+-]+")  # what Airflow does not take as a part of a run's id


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


def started_with(details: dict[str, Any], params: dict[str, Any], *, simulate: bool) -> dict[str, Any]:
    """The Params to start a run with.

    :param details: what Airflow says of the DAG.
    :param params: those that are asked for, besides `simulate`.
    :raises HTTPException: 409: the DAG's settings are wrong; 400: it can't simulate.
    """
    if why := wrong_settings(details):
        raise HTTPException(409, why)
    if "simulate" in params_of(details):
        return {**params, "simulate": simulate}
    if simulate:
        raise HTTPException(400, f"{details['dag_id']} can't simulate.")
    return dict(params)


async def begin(core: CoreApi, details: dict[str, Any], conf: dict[str, Any], name: str, *, unpause: bool) -> Any:
    """Begin a run, as Airflow's own form does.

    :param details: what Airflow says of the DAG.
    :param conf: its Params.
    :param name: its id, if Airflow takes such a one.
    :param unpause: switch the DAG on, too.
    :return: the answer to the request, which is a question where the DAG is switched off.
    """
    dag_id = details["dag_id"]
    if details["is_paused"]:
        if not unpause:
            told = "The DAG is switched off, so a run would wait for ever. Switch it on, too?"
            return JSONResponse({"detail": told, "paused": True}, 409)
        await core.call("PATCH", "dags", dag_id, json={"is_paused": False})
    wanted = {"dag_run_id": name} if re.match(airflow.get("scheduler", "allowed_run_id_pattern"), name) else {}
    try:
        run = await core.call("POST", "dags", dag_id, "dagRuns", json={"logical_date": None, "conf": conf, **wanted})
    except HTTPException:
        if details["is_paused"]:  # it was switched on for this run only
            await core.call("PATCH", "dags", dag_id, json={"is_paused": True})
        raise
    return {"run_id": run["dag_run_id"]}


def run_name(file: str, *, simulate: bool) -> str:
    """The id of a run, which says in Airflow's list of runs what it is: `manual__2026-11-28T10:08:15.123456_people.csv_simulation`."""
    what = [UNLIKE_AN_ID.sub("-", file)[:80], "simulation" if simulate else ""]
    return "_".join([f"manual__{datetime.now(UTC).replace(tzinfo=None).isoformat()}", *filter(None, what)])


def _what_to_run(dag: OurDag, body: Trigger) -> tuple[dict[str, str], str]:
    """The Params that say what to run, and the name of the file.

    :raises HTTPException: 400, or 404: there is no such upload.
    """
    if bool(body.upload) == bool(body.files) or {"upload", "files", "content"} & set(body.params):
        raise HTTPException(400, "Give either `upload` or `files`.")
    if body.upload:
        return {"upload": body.upload}, the_upload(dag.cabinet, body.upload).name
    name = body.files or "*"
    # Of a file that is there only this one is meant, though its name may be a pattern for others: people[1].csv.
    there = find(dag.cabinet, "inbox", name)
    return {"files": glob.escape(name) if there else name}, name


@router.get("/dags/{dag_id}/runs/{run_id}", summary="How far a run is", response_model=RunAnswer, dependencies=[READS])
async def run_state(core: Core, dag: Dag, run_id: str) -> Any:
    dag_id = dag.id
    of_run = ("dags", dag_id, "dagRuns", run_id)
    run, details, collected = await asyncio.gather(
        core.get(*of_run), core.get("dags", dag_id, "details"), _xcom(core, of_run, "collect", -1, "return_value")
    )
    default = params_of(details).get("simulate", {}).get("value", False)
    claims = [claim for claim in collected if isinstance(claim, dict)] if isinstance(collected, list) else []
    failed = await _messages(core, of_run) if run["state"] != "queued" else []
    files = await run_in_threadpool(_files, dag, claims, run["state"] in ENDED, failed)
    head = run_head(run, default, None)
    told = dict.fromkeys(message for _, message in failed)
    conf = run["conf"] or {}
    return {
        **head,
        "dag_id": dag_id,
        "files": files,
        "messages": list(told),
        "upload": await run_in_threadpool(_left_upload, dag, conf.get("upload")),
        "params": {name: value for name, value in conf.items() if name not in OF_THE_PAGE},
    }


def _left_upload(dag: OurDag, number: Any) -> Upload | None:
    """The upload that a run was started with, as long as it is there."""
    with suppress(NoUpload):
        return upload_of(dag.cabinet, str(number)) if number and dag.has_folders else None
    return None


def _files(
    dag: OurDag, claims: list[dict[str, Any]], ended: bool, failed: list[tuple[int, str]]
) -> list[dict[str, Any]]:
    """The files of a run, in the order in which Airflow numbers them."""
    cabinet = dag.cabinet if claims else None
    files = []
    for number, claimed in enumerate(claims):
        assert cabinet
        claim = Claim(**claimed)
        head = head_of(cabinet, claim.id)
        messages = [message for index, message in failed if index == number]
        if head:
            step = {"step": "failed" if head[0]["rejected"] else "done", "progress": None}
        elif cabinet.holds(claim) and not ended:
            step = how_far(cabinet, claim)
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
