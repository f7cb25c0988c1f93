"""What is done when a part of Airflow starts: there are inboxes to drop files into, and pools; a scheduler that forks tasks imports what they need.

An error here must never reach Airflow: it is logged.
"""

from __future__ import annotations

import logging
import multiprocessing
import sys
from typing import Any

from airflow.listeners import hookimpl

log = logging.getLogger(__name__)


@hookimpl
def on_starting(component: Any) -> None:
    """Airflow calls this when the scheduler, the triggerer or the DAG processor starts, and for each task, where nothing is to be done.

    :param component: a `Job`, before the scheduler starts its executor; of a task, something else.
    """
    if type(component).__name__ == "Job":
        make_what_sites_need()
        import_what_tasks_need()


def make_what_sites_need() -> None:
    """Make the folders of all types, and the pool, of each site."""
    try:
        from toolsync.cabinet.inboxes import make_inboxes
        from toolsync.sites import site_names, the_site

        pools = []
        for name in site_names():
            try:
                site = the_site(name)
                pools.append(site.pool)
                make_inboxes(site)
            except Exception as error:
                of = f" of the site {name}" if name else ""
                log.warning("The inboxes%s were not made (%s). The first run of each DAG makes its own.", of, error)
        make_pools(pools)
    except Exception as error:
        log.warning("The inboxes were not made (%s).", error)


def make_pools(names: list[str]) -> None:
    """Make the pools that are not there."""
    try:
        from airflow.utils.session import create_session

        from toolsync.reporting.pools import make_missing_pools

        with create_session(scoped=False) as session:  # whoever starts Airflow goes on with its own
            make_missing_pools(session, names)
    except Exception as error:
        log.warning("The pools were not made (%s). The first run of each DAG makes its own.", error)


def import_what_tasks_need() -> None:
    """Import what tasks need, if tasks are forked from this process."""
    try:
        if forks_tasks():
            from toolsync import preload  # noqa: F401
    except Exception as error:
        log.warning("What tasks need was not imported here (%r), so each task imports it for itself.", error)


def forks_tasks() -> bool:
    """Whether this process is a scheduler whose executor forks tasks from it: LocalExecutor, unless `mp_start_method` says that it starts new processes."""
    if "airflow.jobs.scheduler_job_runner" not in sys.modules or multiprocessing.get_start_method() != "fork":
        return False
    from airflow.executors.executor_loader import ExecutorLoader

    executors = [ExecutorLoader.import_executor_cls(name)[0] for name in ExecutorLoader.get_executor_names()]
    return any(executor.is_local for executor in executors)
