"""What is done when a part of Airflow starts: there are inboxes to drop files into, and what tasks import is imported where they are forked.

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
    """Airflow calls this in the scheduler, the triggerer and the DAG processor, and in each task."""
    if type(component).__name__ != "Job":
        return
    try:
        if forks_tasks():
            from toolsync import preload  # noqa: F401
    except Exception as error:
        log.warning("%s", error)
    make_folders()


def make_folders() -> None:
    """Make the folders of all types of each site."""
    try:
        from toolsync.cabinet.inboxes import make_inboxes
        from toolsync.sites import site_names, the_site

        for name in site_names():
            try:
                make_inboxes(the_site(name))
            except Exception as error:
                of = f" of the site {name}" if name else ""
                log.warning("The inboxes%s were not made (%s). The first run of each DAG makes its own.", of, error)
    except Exception as error:
        log.warning("The inboxes were not made (%s).", error)


def forks_tasks() -> bool:
    """Whether this process is a scheduler whose executor forks tasks from it."""
    if "airflow.jobs.scheduler_job_runner" not in sys.modules or multiprocessing.get_start_method() != "fork":
        return False
    from airflow.executors.executor_loader import ExecutorLoader

    classes = [ExecutorLoader.import_executor_cls(name)[0] for name in ExecutorLoader.get_executor_names()]
    return any(one.is_local for one in classes)
