"""What Airflow's metrics tell of command files, where an Airflow sends metrics at all (section `[metrics]` of its configuration): docs/monitoring.md.

A backend that drops tags gets their values as parts of the name. No name of a file and no value of a cell is ever in them, and what goes wrong here
never ends a run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec

from airflow.configuration import conf
from airflow.sdk.observability import stats

from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.names import is_unfinished
from toolsync.cabinet.takeover import at_work
from toolsync.reporting.pieces import APPROVAL, ASKED
from toolsync.reporting.verdict import end_of

Arguments = ParamSpec("Arguments")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Metric:
    """A metric.

    :param kind: `counter`, `gauge` or `timer`.
    :param tags: the names of its tags, in the order in which they become parts of the name. Where there are several sites, `site` comes before them.
    """

    kind: str
    tags: tuple[str, ...]


METRICS = {
    "toolsync.files": Metric("counter", ("type", "end")),
    "toolsync.lines": Metric("counter", ("type", "outcome")),
    "toolsync.rows": Metric("counter", ("type", "change")),
    "toolsync.undo_bytes": Metric("counter", ("type",)),
    "toolsync.duration": Metric("timer", ("type", "step")),
    "toolsync.lock_duration": Metric("timer", ("type",)),
    "toolsync.rate": Metric("gauge", ("type",)),
    "toolsync.retries": Metric("counter", ("type",)),
    "toolsync.waiting": Metric("gauge", ("type", "where")),
    "toolsync.late": Metric("counter", ("type", "feed")),
}


def _quietly(tell: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Tell what a function tells if this Airflow sends metrics, and go on whatever becomes of it."""

    @wraps(tell)
    def told(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            if any(_is_on(name) for name in ("statsd_on", "statsd_datadog_enabled", "otel_on")):
                tell(*args, **kwargs)
        except Exception as error:
            log.warning("Metrics were not sent (%s: %s). The run goes on.", type(error).__name__, error)

    return told


@_quietly
def count_file(cabinet: Cabinet, result: Mapping[str, Any], archive_seconds: float) -> None:
    """Count a file that has just ended, once. Of a simulation, only that there was one.

    :param result: its report as JSON.
    :param archive_seconds: that its last task took.
    """
    end, took = end_of(result), result["took"]
    _send("toolsync.files", cabinet, 1, end=end)
    if result["simulated"]:
        return
    for step, seconds in {**took["seconds"], "archive": archive_seconds}.items():
        if seconds:
            _send("toolsync.duration", cabinet, seconds, step=step)
    if end not in {"done", "failed_over"}:
        return
    for outcome, lines in result["counts"].items():
        if lines:
            _send("toolsync.lines", cabinet, lines, outcome=outcome)
    if changed := result.get("changed"):
        for change, tables in changed["rows"].items():
            if tables:
                _send("toolsync.rows", cabinet, sum(tables.values()), change=change)
        _send("toolsync.undo_bytes", cabinet, changed["bytes"])
    if took["retries"]:
        _send("toolsync.retries", cabinet, took["retries"])
    _send("toolsync.lock_duration", cabinet, took["locked"])
    if took["lines_a_second"] is not None:
        _send("toolsync.rate", cabinet, took["lines_a_second"])


@_quietly
def tell_inbox(cabinet: Cabinet) -> None:
    """Tell how many files wait in the inbox for a run to take them."""
    ready, _ = cabinet.waiting("*", 0)
    _send("toolsync.waiting", cabinet, len(ready), where="inbox")


@_quietly
def tell_trybacks(cabinet: Cabinet) -> None:
    """Tell how many trybacks wait for a person to correct them."""
    there = cabinet.files.entries(cabinet.folder("tryback"))
    _send("toolsync.waiting", cabinet, sum(not is_unfinished(path.name) for path in there), where="tryback")


@_quietly
def tell_approvals(cabinet: Cabinet) -> None:
    """Tell how many plans wait for a person to decide on them."""
    claims = [left.claim for left in at_work(cabinet)]
    asked = [claim for claim in claims if cabinet.saved(claim, ASKED) and not cabinet.saved(claim, APPROVAL)]
    _send("toolsync.waiting", cabinet, len(asked), where="approval")


@_quietly
def count_late(cabinet: Cabinet, feed: str) -> None:
    """Count a day on which a feed has not arrived by its hour."""
    _send("toolsync.late", cabinet, 1, feed=feed)


def _send(name: str, cabinet: Cabinet, value: float, **more: str) -> None:
    """Send a metric.

    :param cabinet: of the type and the site.
    :param value: seconds, if it is a timer.
    :param more: its tags besides those that every metric has.
    """
    metric = METRICS[name]
    site = {"site": cabinet.site.name} if cabinet.site.name else {}
    tags = {**site, "type": cabinet.root.name, **more}
    full = name if _keeps_tags() else ".".join([name, *(tags[tag] for tag in (*site, *metric.tags))])
    match metric.kind:
        case "counter":
            stats.incr(full, int(value), tags=tags)
        case "gauge":
            stats.gauge(full, value, tags=tags)
        case _:
            stats.timing(full, timedelta(seconds=value), tags=tags)


def _keeps_tags() -> bool:
    """Whether the backend gets tags, or drops them as plain StatsD does."""
    if _is_on("statsd_datadog_enabled"):
        return conf.getboolean("metrics", "statsd_datadog_metrics_tags", fallback=True)
    return not _is_on("statsd_on") or _is_on("statsd_influxdb_enabled")


def _is_on(name: str) -> bool:
    return conf.getboolean("metrics", name, fallback=False)
