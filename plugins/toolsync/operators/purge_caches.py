"""The last task of a run: it purges the site's caches that the run left stale.

It runs PHP in the site's directory over the Airflow connection `moodle_cli` (`toolsync.moodle.php`). Without that connection it logs what
stays stale, and the command that a person can run instead.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow.sdk.exceptions import AirflowException

from toolsync.moodle import caches
from toolsync.moodle import php as site_php
from toolsync.operators.base import ToolSyncOperator

TIMEOUT = 300  # seconds; normally it takes 0.2
COMMITTED = (
    "The changes are in the database, but the site's caches were not purged. "
    "Clear this task to try again, or run this in the site's directory as the web server's user"
)


class PurgeCachesOperator(ToolSyncOperator):
    """Purges the caches of the site that the files of the run left stale.

    :param results: what the execute tasks returned: dicts whose `stale` lists topics of `toolsync.moodle.caches`. One whose
        `simulated` is true changed nothing; without that key, Param `simulate` counts. None: the task returned nothing.
    :param conn_id: the connection for running PHP on the site; it need not exist.
    :return: the report, as it was logged.
    :raises AirflowException: the caches could not be purged; trying again is safe.
    """

    template_fields: Sequence[str] = ("results", "conn_id")

    def __init__(self, *, results: Any, conn_id: str = "moodle_cli", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.results = results
        self.conn_id = conn_id

    def perform(self, context: Any) -> str:
        topics, simulated = stale_topics(self.results or [], bool(context["params"].get("simulate")))
        nothing = simulated and not topics
        report = (
            "The simulation changed nothing, so there is no cache to purge." if nothing else purge(topics, self.conn_id)
        )
        left = topics and site_php.find_connection(self.conn_id) is None
        level = logging.WARNING if left else logging.INFO
        for line in report.splitlines():
            self.log.log(level, line)
        return report


def stale_topics(results: Iterable[Mapping[str, Any] | None], simulate: bool) -> tuple[set[str], bool]:
    """The topics that the results name, and whether any result is that of a simulation."""
    topics: set[str] = set()
    simulated = False
    if isinstance(results, Mapping):  # for a single task, Airflow passes the result itself
        results = [results]
    for result in results:
        if result and result.get("simulated", simulate):
            simulated = True
        elif result:
            topics.update(result.get("stale") or [])
    return topics, simulated


def purge(topics: Iterable[str], conn_id: str) -> str:
    """Purge the caches of the topics, if the connection exists.

    :return: a report: what was purged, or what stays stale and the command to run.
    :raises AirflowException: the connection can't be used, or the program failed on the site.
    :raises ValueError: a topic is unknown.
    """
    topics = sorted(set(topics))
    if not topics:
        return "This run left no cache of the site stale."
    connection = site_php.find_connection(conn_id)
    if connection is None:
        return "\n".join(
            [
                f"There is no connection {conn_id} (docs/settings.md), so the site's caches were not purged:",
                *(f"- {sentence}" for sentence in caches.explain(topics)),
                "To purge them now, run this in the site's directory as the web server's user:",
                caches.command_to_run(topics),
            ]
        )
    started = time.monotonic()
    try:
        done = site_php.run(connection, program=caches.php_program(topics), seconds=TIMEOUT)
        if done.status or caches.PURGED not in done.printed:
            raise AirflowException(done.sentence)
    except AirflowException as error:
        raise AirflowException(f"{error}\n{COMMITTED}:\n{caches.command_to_run(topics)}") from None
    return f"Purged caches of the site in {time.monotonic() - started:.1f} s: {', '.join(topics)}."
