"""Runs of types for a feed that a person runs by hand, where no scheduler starts any: each in a process of its own, as `make run` does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from airflow.sdk.exceptions import AirflowException

from toolsync.cabinet.claims import RUN_PID, Claim
from toolsync.operators.child_runs import file_result
from toolsync.params import PARSED_FOR, params_of
from toolsync.reporting.approval import CALLER, caller
from toolsync.settings import PACKAGE

# What tells the process of another run who it is.
OF_THIS_RUN = (CALLER, RUN_PID, PARSED_FOR, "_AIRFLOW_PARSING_CONTEXT_TASK_ID")
STOP_SECONDS = 30  # for a run to put back what it has not committed


def run_by_hand(dag_id: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Run a DAG, with the answer to its plan that this run was given.

    :param params: its Params.
    :return: what `make run … FORMAT=json` prints.
    :raises AirflowException: it ended without a word.
    """
    arguments = [dag_id, "--params", json.dumps(params), "--format", "json"]
    answer = (caller() or {}).get("answer")
    if answer and "require_approval" in (params_of(dag_id) or {}):
        arguments += ["--approve", answer]
    environment = {name: value for name, value in os.environ.items() if name not in OF_THIS_RUN}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(PACKAGE.parent), environment.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [sys.executable, "-m", "toolsync.run", *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        printed, _ = process.communicate()
    except BaseException:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        process.kill()
        raise
    try:
        return json.loads(printed)
    except ValueError:
        raise AirflowException(
            f"The run of {dag_id} ended with the status {process.returncode} and without a result; the log above says why."
        ) from None


def what_became(result: Mapping[str, Any]) -> dict[str, Any]:
    """What became of the file of a run, as `file_result` tells it.

    :param result: what `run_by_hand` returned.
    """
    claim = Claim(result["claim"], result["file"], {"simulate": result["simulated"]})
    return file_result(claim, dict(result))
