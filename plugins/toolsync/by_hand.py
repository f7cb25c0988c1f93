"""Runs a DAG in this process, for a person or a script that waits: on a file of theirs, on rows, or on what waits in the inbox.

`toolsync.run` is the command. This module imports Airflow, which must be configured before.
"""

from __future__ import annotations

import getpass
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.storage import CabinetUnusable, explained
from toolsync.cabinet.takeover import own, release
from toolsync.operators.base import MESSAGE, stopped
from toolsync.params import param_problems
from toolsync.reporting.approval import CALLER
from toolsync.sites import FEEDS, page_of, site_of

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.sdk import DAG

# States of a run that ended after the plan.
AWAITING, REFUSED = "awaiting approval", "not approved"
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(dag: DAG, file: Path | None, params: dict[str, Any], approve: str | None = None) -> dict[str, Any]:
    """Run the DAG on a file, or on what waits in the inbox.

    The file never gets into the inbox: a copy of it is claimed, so that no other run takes it.

    :param file: the command file; None: process the files of the inbox, or the rows of Param `content`.
    :param params: some of the DAG's Params.
    :param approve: `yes` or `no`, the answer to the plan; None: no answer.
    :return: what `archive` returned for the file, or the last task of a DAG without command files; the `state` of the run; and `messages`, what
        tasks said that failed or had nothing to do.
    :raises SystemExit: wrong usage; nothing was touched.
    """
    if problems := usage_problems(dag, file, params, approve):
        print("\n".join(problems), file=sys.stderr)
        raise SystemExit(2)
    for task in dag.tasks:
        task.retries = 0  # the caller is waiting, so fail at once
    given = file is not None or bool(params.get("content"))
    by_hand = {"by": user_name(), "answer": approve, "given": given, "pid": os.getpid()}
    if not dag.has_task("collect"):
        with calling(by_hand):
            dag_run = execute(dag, params)
        result, ended = returned(dag_run, dag.task_ids[-1]) or {}, ending(dag_run)
        if ended["state"] == "success" and result.get("state") in (AWAITING, REFUSED):
            ended["state"] = result["state"]  # that of the run which a feed started
        return {**result, **ended}
    owner = Owner.by_hand(os.getpid())
    site, file_type = site_of(dag.dag_id)
    end: dict[str, Any] = {"state": "failed", "messages": []}
    mine: list[Claim] = []
    try:
        with explained(site):
            cabinet = Cabinet(file_type, site)
    except CabinetUnusable as reason:
        return {**end, "messages": [str(reason)]}
    try:
        with explained(site):
            mine = claim_for(cabinet, owner, file, {**dag.params.dump(), **params, "caller": by_hand})
        with calling(by_hand):
            # Airflow would write rows of the caller into its database.
            dag_run = execute(dag, {name: value for name, value in params.items() if name != "content"})
        claims, end = claims_of(dag_run) or mine, ending(dag_run)
        with explained(site):
            results = [result for claim in claims if (result := cabinet.result(claim))]
            collected = returned(dag_run, "collect") is not None
            left = unfinished(cabinet, owner, dropping=[] if collected and not stopped.is_set() else mine)
    except CabinetUnusable as reason:
        messages = dict.fromkeys([*end["messages"], str(reason)])
        return {**end, "state": "failed", "messages": list(messages)}
    except KeyboardInterrupt:
        return {**end, "state": "failed", "messages": ["Interrupted.", *unfinished(cabinet, owner, dropping=mine)]}
    finally:
        with suppress(OSError):  # its messages are told already
            release(cabinet, owner)
    result = summed(results, end)
    return {**result, "messages": [*result["messages"], *left]}


def claim_for(cabinet: Cabinet, owner: Owner, file: Path | None, options: dict[str, Any]) -> list[Claim]:
    """Claim the file or the rows that the run was given, if any."""
    if file:
        return [cabinet.claim_given(file, owner, options)]
    return [cabinet.claim_content(owner, options)] if options.get("content") else []


def usage_problems(dag: DAG, file: Path | None, params: dict[str, Any], approve: str | None) -> list[str]:
    """What is wrong with how the command was called."""
    if file and "files" not in dag.params:
        return [f"{dag.dag_id} takes no file. Run it without one."]
    if approve == "no" and "require_approval" not in dag.params and page_of(dag.dag_id) != FEEDS:
        return [f"{dag.dag_id} deletes nothing, so it has no plan to reject. Use Param simulate instead."]
    problems = param_problems(dag.params, params)
    if file:
        problems += [
            f"Param {name} names what to process, and so does FILE: give one of them."
            for name in ("files", "content", "upload")
            if params.get(name)
        ]
    return problems


def execute(dag: DAG, conf: dict[str, Any]) -> DagRun | None:
    """Run the tasks of the DAG in this process.

    :param conf: Params.
    :return: the run; None when the caller interrupted it between two tasks. `stopped` says whether it was interrupted.
    """

    def interrupt(number: int, frame: Any) -> None:
        stopped.set()
        raise KeyboardInterrupt

    stopped.clear()
    before = {number: signal.signal(number, interrupt) for number in STOPPING} if on_main_thread() else {}
    try:
        # Airflow takes an interrupt within a task for a failure of that task, and runs the tasks that follow one.
        return dag.test(run_conf=conf)
    except KeyboardInterrupt:
        return None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def on_main_thread() -> bool:
    """Whether this thread may handle signals."""
    return threading.current_thread() is threading.main_thread()


def unfinished(cabinet: Cabinet, owner: Owner, *, dropping: list[Claim]) -> list[str]:
    """What became of the files that this run has not finished.

    :param dropping: the copies of what the caller has given, when the caller has interrupted the run or it was not possible: one that nothing was done of goes.
    :return: a sentence on each.
    """
    told = []
    for claim in own(cabinet, owner):
        if claim.simulate:
            cabinet.discard(claim)
        elif claim in dropping and not cabinet.is_begun(claim):
            cabinet.discard(claim)
            told.append(f"Nothing of {claim.name} was done, and the cabinet does not keep it.")
        else:
            told.append(
                f"{claim.name} is not finished. It stays in {cabinet.work(claim)}; a run of the inbox (without a file) goes on with it, each line once."
            )
    return told


def user_name() -> str:
    """The name of the user who runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return f"user {os.getuid()}"


@contextmanager
def calling(by_hand: dict[str, Any]) -> Iterator[None]:
    """Tell the tasks who runs them and the answer to the plan."""
    os.environ[CALLER] = json.dumps(by_hand)
    try:
        yield
    finally:
        del os.environ[CALLER]


def summed(results: list[dict[str, Any]], end: dict[str, Any]) -> dict[str, Any]:
    """The result of a run: that of its last file, or of one that was not approved.

    :param results: the results of its files.
    :param end: how the run ended, see `ending`.
    """
    unanswered = [
        result for result in results if (result.get("approval") or {}).get("needed") and not answer_of(result)
    ]
    refused = [result for result in results if answer_of(result) == "no"]
    for named, found in ((AWAITING, unanswered), (REFUSED, refused)):
        if found and end["state"] == "success":
            return {**found[-1], **end, "state": named}
    return {**(results[-1] if results else {}), **end}


def ending(dag_run: DagRun | None) -> dict[str, Any]:
    """How a run ended: its `state`, and the `messages` of its tasks that failed or had nothing to do."""
    if dag_run is None:
        return {"state": "failed", "messages": ["Interrupted."]}
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        query = XComModel.get_many(run_id=dag_run.run_id, dag_ids=[dag_run.dag_id], key=MESSAGE)
        told = [
            XComModel.deserialize_value(row[0])
            for row in session.execute(query.order_by(None).order_by(XComModel.timestamp))
        ]
    return {"state": str(dag_run.state), "messages": list(dict.fromkeys(told))}


def answer_of(result: dict[str, Any]) -> str | None:
    return (result.get("approval") or {}).get("answer")


def claims_of(dag_run: DagRun | None) -> list[Claim]:
    """The files that `collect` claimed."""
    return [Claim(**claim) for claim in returned(dag_run, "collect") or []]


def returned(dag_run: DagRun | None, task_id: str) -> Any:
    """What a task returned; None when it did not succeed."""
    if dag_run is None:
        return None
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.execute(
            XComModel.get_many(run_id=dag_run.run_id, dag_ids=[dag_run.dag_id], task_ids=[task_id], key="return_value")
        ).first()
        return XComModel.deserialize_value(found[0]) if found else None
