"""What people are told of a run when it has ended, from the XComs of its tasks: one notice of each kind, however many files it had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from toolsync.operators.feed_late import LOOK
from toolsync.operators.links import ARCHIVE, GROUP, base_url
from toolsync.operators.notifications import (
    FAILED_LINES,
    LATE,
    NO_ANSWER,
    REJECTED,
    RUN_FAILED,
    Notice,
    failed_lines_over,
)
from toolsync.reporting import verdict
from toolsync.reporting.approval import caller
from toolsync.reporting.verdict import MESSAGE, OUTAGE, VERDICT, Verdict, counted, failed_over
from toolsync.sites import site_of

MOST = 20  # files named in a notice
# What is to be known of a file that was not done, and whose run was no simulation.
WHERE = {
    verdict.UNFIT: "nothing was done, and the file is back where it came from. Its report says why",
    verdict.UNFINISHED: "the file is in the folder work. Clear the tasks that failed or run the DAG again, and it goes on where it stopped",
}


def tell_of_success(context: Mapping[str, Any]) -> None:
    """Tell what people should know of a run that ended well: an `on_success_callback` of a DAG."""
    _tell(context, failed=False)


def tell_of_failure(context: Mapping[str, Any]) -> None:
    """Tell what people should know of a run that failed: an `on_failure_callback` of a DAG."""
    _tell(context, failed=True)


def _tell(context: Mapping[str, Any], *, failed: bool) -> None:
    if caller() is not None:  # who runs it by hand sees what becomes of it
        return
    dag, run_id = context["dag"], context["run_id"]
    verdicts = [Verdict(**told) for told in _told(context, ARCHIVE, VERDICT)] if dag.has_task(ARCHIVE) else []
    run = quote(run_id, safe="")
    links = {"The run": f"toolsync/#/runs/{dag.dag_id}/{run}", "The run in Airflow": f"dags/{dag.dag_id}/runs/{run}"}
    links = {what: f"{base}/{place}" for what, place in links.items()} if (base := base_url()) else {}
    over = failed_lines_over(site_of(dag.dag_id)[0])
    late = dag.has_task(LOOK) and bool(_told(context, LOOK, LATE))
    for event, subject, lines in notices(verdicts, list(_sentences(context)), over=over, failed=failed, late=late):
        Notice(event, dag.dag_id, run_id, f"{dag.dag_id}: {subject}", lines, links).send(context)


def _sentences(context: Mapping[str, Any]) -> Iterator[str]:
    """Why tasks failed. Those of a file say it only of a server or a disk: other reasons may hold what the database says of a value."""
    for task_id in context["dag"].task_ids:
        yield from _told(context, task_id, OUTAGE if task_id.startswith(GROUP) else MESSAGE)


def _told(context: Mapping[str, Any], task_id: str, key: str) -> list[Any]:
    """The XComs of a task, one for each file that it was run for."""
    task = context.get("ti")
    found = task.xcom_pull(task_ids=task_id, key=key) if task else None
    return [value for value in ([found] if isinstance(found, str | dict) else found or []) if value is not None]


def notices(
    verdicts: Iterable[Verdict], said: Iterable[str], *, over: int | str | None, failed: bool, late: bool = False
) -> Iterator[tuple[str, str, list[str]]]:
    """What is to be told of a run: (event, subject, lines).

    :param verdicts: what became of its files.
    :param said: why tasks failed that are not about a file.
    :param over: how many lines of a file may fail before somebody is told.
    :param failed: whether the run failed.
    :param late: whether it failed because a feed has not arrived by its hour.
    """
    verdicts = list(verdicts)
    if rejected := [one for one in verdicts if one.outcome == verdict.REJECTED]:
        yield (
            REJECTED,
            _counted(rejected, "was rejected", "were rejected"),
            _lines(rejected, "rejected: nothing of it was applied"),
        )
    if failing := [one for one in verdicts if not one.simulated and failed_over(one.counts, over, one.unit)]:
        yield FAILED_LINES, _counted(failing, "has failed lines", "have failed lines"), _lines(failing)
    if unanswered := [one for one in verdicts if one.unanswered]:
        yield (
            NO_ANSWER,
            _counted(unanswered, "was not approved in time", "were not approved in time"),
            _lines(unanswered, "nobody answered in time; the file is back where it came from"),
        )
    others = [one for one in verdicts if one.outcome in WHERE]
    why = [*dict.fromkeys(said), *_lines(others)]
    if failed and (why or not (rejected or any(one.over for one in verdicts))):
        event, subject = (LATE, "a feed is late") if late else (RUN_FAILED, "the run failed")
        yield event, subject, why or ["The log of the task that failed says why."]


def _counted(verdicts: list[Verdict], of_one: str, of_many: str) -> str:
    return f"{verdicts[0].file} {of_one}" if len(verdicts) == 1 else f"{len(verdicts)} files {of_many}"


def _lines(verdicts: list[Verdict], what: str = "") -> list[str]:
    lines = [f"{one.file}: {what or _ended(one)}" for one in verdicts]
    return [*lines[:MOST], f"and {len(lines) - MOST} more files"] if len(lines) > MOST else lines


def _ended(one: Verdict) -> str:
    if one.outcome == verdict.DONE:
        return counted(one.counts, one.unit)
    return one.outcome if one.simulated or one.outcome not in WHERE else f"{one.outcome}; {WHERE[one.outcome]}"
