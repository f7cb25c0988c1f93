"""The last task of a run: the site's caches are told what changed.

The Airflow connection `moodle_cli` says where PHP can be run in the site's directory (`toolsync.moodle.php`). Without it
the task says what stays stale, and the command that a person can run instead.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from toolsync.moodle import caches
from toolsync.moodle import php as site_php

TIMEOUT = 300  # seconds; the program takes 0.2
COMMITTED = (
    "The changes themselves are in the database, only the caches do not know of them. "
    "Clear this task to try again, or run this in the site's directory as the web server's user"
)


class PurgeCachesOperator(BaseOperator):
    """Purges the caches of the site that the files of the run left stale.

    :param results: what the execute tasks returned: dicts whose `stale` lists topics of `toolsync.moodle.caches`. One whose
        `simulated` is true changed nothing; without that key it is as Param `simulate` says. None is no answer.
    :param conn_id: of the connection that says where PHP can be run; it need not exist.
    :return: the report, as it was logged.
    :raises AirflowException: the caches could not be purged; trying again is safe.
    """

    template_fields: Sequence[str] = ("results", "conn_id")

    def __init__(self, *, results: Any, conn_id: str = "moodle_cli", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.results = results
        self.conn_id = conn_id

    def execute(self, context: Any) -> str:
        topics, simulated = stale_topics(self.results or [], bool(context["params"].get("simulate")))
        nothing = simulated and not topics
        report = "A simulation changed nothing: no cache to purge." if nothing else purge(topics, self.conn_id)
        for line in report.splitlines():
            self.log.info(line)
        return report


def stale_topics(results: Iterable[Mapping[str, Any] | None], simulate: bool) -> tuple[set[str], bool]:
    """The topics that results name, and whether any was a simulation."""
    topics: set[str] = set()
    simulated = False
    if isinstance(results, Mapping):  # of a single task Airflow hands over the answer itself
        results = [results]
    for result in results:
        if result and result.get("simulated", simulate):
            simulated = True
        elif result:
            topics.update(result.get("stale") or [])
    return topics, simulated


def purge(topics: Iterable[str], conn_id: str) -> str:
    """Purge what the topics concern, when the connection exists.

    :return: a report: what was purged, or what stays stale and the command to run.
    :raises AirflowException: the connection is no good, or the program failed on the site.
    :raises ValueError: an unknown topic.
    """
    topics = sorted(set(topics))
    if not topics:
        return "No cache of the site is stale after this run."
    connection = site_php.find_connection(conn_id)
    if connection is None:
        return "\n".join(
            [
                f"There is no connection {conn_id}, so the site's caches were not purged:",
                *(f"- {sentence}" for sentence in caches.explain(topics)),
                "To cure that at once, run this in the site's directory as the web server's user:",
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
    return f"Caches of the site purged in {time.monotonic() - started:.1f} s: {', '.join(topics)}."
