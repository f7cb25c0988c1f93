"""A scheduler that forks tasks imports what they need, when it starts."""

from __future__ import annotations

import logging
import multiprocessing
import sys
from typing import Any

from airflow.listeners import hookimpl

log = logging.getLogger(__name__)


@hookimpl
def on_starting(component: Any) -> None:
    """Airflow calls this when the scheduler, the triggerer or the DAG processor starts, and for each task. An error here must never reach it: it is logged.

    :param component: a `Job`, before the scheduler starts its executor; of a task, something else.
    """
    try:
        if type(component).__name__ == "Job" and forks_tasks():
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
