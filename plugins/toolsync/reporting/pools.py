"""The pools of the sites: one that is missing is made, so that no task waits for a slot that there can't be."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DESCRIPTION = "One run at a time writes to a Moodle site. Made by Tool Sync for Airflow, which never changes it."

log = logging.getLogger(__name__)


def make_missing_pools(session: Session, names: Iterable[str]) -> list[str]:
    """Make the pools that Airflow does not have, with one slot. One that is there stays as it is.

    :param session: of Airflow's metadata database; whoever opened it commits.
    :return: the names of those that were made.
    """
    from airflow.models.pool import Pool
    from sqlalchemy import Table, insert, select
    from sqlalchemy.exc import IntegrityError

    table, made = Pool.__table__, []
    assert isinstance(table, Table)
    connection = session.connection()
    for name in sorted(set(names) - {Pool.DEFAULT_POOL_NAME}):
        try:
            # A savepoint of the connection: the scheduler takes the end of one of the session for a commit, and forbids it.
            with connection.begin_nested():
                if connection.execute(select(table.c.id).where(table.c.pool == name)).first():
                    continue
                row = {"pool": name, "slots": 1, "description": DESCRIPTION, "include_deferred": False}
                connection.execute(insert(table).values(row))
        except IntegrityError:  # another scheduler was faster
            continue
        log.info("The pool %s was missing; it is made, with one slot.", name)
        made.append(name)
    return made


def pools_of_run(session: Session, dag_id: str, run_id: str) -> list[str]:
    """The pools that the tasks of a run wait for."""
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    of_run = (TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
    return list(session.scalars(select(TaskInstance.pool).where(*of_run).distinct()))
