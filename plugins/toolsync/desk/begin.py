"""How the page begins a run: through Airflow's REST API, in the caller's name."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from airflow.configuration import conf as airflow
from airflow.sdk import Param
from fastapi import HTTPException
from fastapi.responses import JSONResponse

from toolsync.desk.core_api import CoreApi
from toolsync.desk.overview import params_of, wrong_settings
from toolsync.params import param_problems

UNLIKE_AN_ID = re.compile(r"[^A-Za-z0-9.~:+-]+")  # what Airflow does not take as a part of a run's id


def started_with(details: dict[str, Any], params: dict[str, Any], *, simulate: bool) -> dict[str, Any]:
    """The Params to start a run with.

    :param details: what Airflow says of the DAG.
    :param params: those that are asked for, besides `simulate`.
    :raises HTTPException: 409: the DAG's settings are wrong; 400: it can't simulate, or Params are wrong, in the words of a run's first task.
    """
    if why := wrong_settings(details):
        raise HTTPException(409, why)
    known = {
        name: Param(param["value"], schema=param.get("schema") or {}) for name, param in params_of(details).items()
    }
    can_simulate = "simulate" in known
    if simulate and not can_simulate:
        raise HTTPException(400, f"{details['dag_id']} can't simulate.")
    given = {**params, "simulate": simulate} if can_simulate else dict(params)
    if problems := param_problems(known, given):
        raise HTTPException(400, " ".join(problems))
    return given


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
