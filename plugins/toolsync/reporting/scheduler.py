"""What only the scheduler can see of an Airflow, handed to a task that asks: tasks have no way to Airflow's database.

It is put into the task's own state store when a run begins.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from toolsync import __version__
from toolsync.settings import PREFIX, WrongSetting, fingerprint

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from sqlalchemy.orm import Session

SEEN = "seen_by_scheduler"  # the key in the state store
CHECK = "check"  # the type whose DAG asks, and its only task


def tell_check(dag_run: DagRun, session: Session) -> None:
    """Put what the scheduler sees into the state store of the task of a check.

    :param session: of the scheduler, which commits.
    """
    from airflow.state import TaskScope, get_state_backend

    scope = TaskScope(dag_run.dag_id, dag_run.run_id, CHECK)
    session.flush()  # what the scheduler has written is not to go with the savepoint
    with session.no_autoflush, session.connection().begin_nested():
        get_state_backend().set(scope, SEEN, json.dumps(seen_by_scheduler(session)), session=session)


def seen_by_scheduler(session: Session) -> dict[str, Any]:
    """What the scheduler sees.

    :return: `version` of Tool Sync and `fingerprint` of the `settings` there; `executor`, as configured; `pools` with their slots; `triggerer`, whether one
        lives; `errors`, the DAG files of Tool Sync that Airflow could not read, with the last line of the reason.
    """
    from airflow.configuration import conf
    from airflow.jobs.job import most_recent_job
    from airflow.models.errors import ParseImportError
    from airflow.models.pool import Pool
    from sqlalchemy import select

    errors = session.execute(
        select(ParseImportError.filename, ParseImportError.stacktrace).where(
            ParseImportError.filename.contains(PREFIX, autoescape=True)
        )
    )
    try:
        known = fingerprint()
    except WrongSetting as reason:
        known = str(reason)
    triggerer = most_recent_job("TriggererJob", session=session)
    return {
        "version": __version__,
        "settings": known,
        "executor": conf.get("core", "executor"),
        "pools": {str(name): slots for name, slots in session.execute(select(Pool.pool, Pool.slots))},
        "triggerer": bool(triggerer and triggerer.is_alive()),
        "errors": {str(file): ((trace or "").strip().splitlines() or [""])[-1] for file, trace in errors},
    }
