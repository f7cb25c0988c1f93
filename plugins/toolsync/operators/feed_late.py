"""The task that says when a feed has not arrived by its hour."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.claims import TRYBACK, moment_of
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.names import matches, shown_name
from toolsync.cabinet.takeover import at_work
from toolsync.operators.base import ToolSyncOperator
from toolsync.operators.feed_settings import Feed, the_feed
from toolsync.operators.history import REPORT
from toolsync.operators.notifications import LATE
from toolsync.params import check_params
from toolsync.reporting.metrics import count_late
from toolsync.reporting.verdict import end_of
from toolsync.schedule import skip_late_run, written

LOOK = "look"  # the task's name
APPLIED = {"done", "failed_over"}
A_DAY = timedelta(days=1)
NAMED = 3  # files that are not applied


class LateOperator(ToolSyncOperator):
    """Looks whether something of a feed was applied within the last day. The task fails when nothing was.

    :param feed: the name of the feed.
    """

    def __init__(self, *, feed: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.feed = feed

    def perform(self, context: Any) -> dict[str, Any]:
        skip_late_run(context)
        check_params(context)
        feed, since = the_feed(self.site.now(), self.feed), datetime.now(UTC) - A_DAY
        cabinet, others = Cabinet(feed.type, self.site), []
        for result in newest_first(cabinet, feed, since):
            held = [each["type"] for each in result.get("types") or () if each["state"] != "done"]  # of a package
            if end_of(result) in APPLIED and not held:
                self.log.info("%s was applied; it was taken at %s.", result["file"], taken(result["claim"]))
                return {"file": result["file"], "report": result["report"]}
            end = f"not done for {', '.join(held)}" if held else end_of(result)
            others.append(f"{result['file']}, taken at {taken(result['claim'])}, was {end}: {result['report']}")
        others = [*unfinished(cabinet, feed), *others]
        more = f" And {len(others) - NAMED} more." if len(others) > NAMED else ""
        why = " ".join(f"{one}." for one in others[:NAMED]) + more if others else "Nothing of it has come."
        count_late(cabinet, feed.name)
        context["ti"].xcom_push(LATE, self.feed)
        raise AirflowFailException(
            f"The feed {feed.name} is late: no file of {cabinet.dag_id} was applied since {written(since)}. {why}"
        )


def newest_first(cabinet: Cabinet, feed: Feed, since: datetime) -> Iterator[dict[str, Any]]:
    """The reports on files of a feed, without simulations and trybacks: these are no news of the system that feeds.

    :param since: only those of files that have ended after this.
    """
    for result in reports_since(cabinet, since):
        if not result["simulated"] and not TRYBACK.search(result["file"]) and matches(result["file"], feed.files):
            yield result


def reports_since(cabinet: Cabinet, since: datetime) -> Iterator[dict[str, Any]]:
    """The reports of a type, the newest first; one that can't be read is left out.

    :param since: only those of files that have ended after this. They may have been taken days before, and have waited for an approval.
    """
    found = [
        match
        for name, (_, written_at) in cabinet.files.details(cabinet.folder("report")).items()
        if written_at >= since and (match := REPORT.fullmatch(name))
    ]
    for match in sorted(found, key=lambda match: match[1], reverse=True):
        with suppress(FileNotFoundError, ValueError, KeyError):
            result = json.loads(cabinet.files.read(cabinet.folder("report") / match.string))
            if {"file", "claim", "simulated", "at"} <= result.keys() and datetime.fromisoformat(result["at"]) >= since:
                yield result


def result_of_upload(cabinet: Cabinet, number: str) -> dict[str, Any] | None:
    """The report on a file that was an upload; None: there is none.

    :param number: of the upload.
    """
    for result in reports_since(cabinet, moment_of(number).replace(microsecond=0)):
        if result.get("upload") == number:
            return result
    return None


def unfinished(cabinet: Cabinet, feed: Feed) -> Iterator[str]:
    """What waits or is being done, in words."""
    for left in at_work(cabinet):
        if matches(left.claim.name, feed.files) and not left.claim.simulate:
            yield f"{left.claim.name} is not finished: {left.owner} has taken it at {taken(left.claim.id)}, and perhaps waits for an approval"
    ready, _ = cabinet.waiting(feed.files, 0)
    yield from (f"{shown_name(name)} is still in {cabinet.folder('inbox')}" for name in ready)


def taken(claim: str) -> str:
    """When a file was taken."""
    return written(moment_of(claim))
