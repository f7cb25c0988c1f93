"""What is done when Airflow tells that a run has ended or that it is starting: a note says what became of the run, and there are inboxes to drop files into.

Airflow shows the note in its list of runs. It calls this where a run ends: in the scheduler, in the API server when a person marks a run, and in
`toolsync.run`. Tasks have no access to notes. An error here must never reach the scheduler: it is logged.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from toolsync.reporting.verdict import MESSAGE, VERDICT, Verdict, note_of

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from sqlalchemy.orm import Session

AUTHOR = "Tool Sync for Airflow"  # as whom the note is written; a person's has the person's id
SIGN = "Tool Sync: "  # how its line begins below what a person wrote
LONGEST = 1000  # characters that Airflow stores
PREFIX = "toolsync_"  # of the DAGs of this package

log = logging.getLogger(__name__)


@hookimpl
def on_starting(component: Any) -> None:
    """Make the folders of all types when the scheduler, the triggerer or the DAG processor starts, and not for each task."""
    if type(component).__name__ != "Job":
        return
    try:
        from toolsync.cabinet.inboxes import make_inboxes

        make_inboxes()
    except Exception as error:
        log.warning("The inboxes were not made (%s). The first run of each DAG makes its own.", error)


@hookimpl
def on_dag_run_success(dag_run: DagRun, msg: str) -> None:
    write_note(dag_run, failed=False)


@hookimpl
def on_dag_run_failed(dag_run: DagRun, msg: str) -> None:
    write_note(dag_run, failed=True)


def write_note(dag_run: DagRun, *, failed: bool) -> None:
    """Write what became of a run as its note. What a person wrote stays above it.

    :param dag_run: as the scheduler holds it, in a session that the scheduler commits.
    :param failed: whether the run failed.
    """
    if not dag_run.dag_id.startswith(PREFIX):
        return
    try:
        from sqlalchemy.orm import object_session

        if session := object_session(dag_run):
            with session.no_autoflush:
                if note := note_of(*told(dag_run, session), failed=failed):
                    _write(dag_run, note)
    except Exception:
        log.exception("No note was written on run %s of %s.", dag_run.run_id, dag_run.dag_id)


def told(dag_run: DagRun, session: Session) -> tuple[list[Verdict], list[str]]:
    """What the tasks of a run have told: what became of its files, and why tasks failed or had nothing to do."""
    from airflow.models.xcom import XComModel
    from sqlalchemy import select

    rows = session.execute(
        select(XComModel.key, XComModel.value)
        .where(
            XComModel.dag_id == dag_run.dag_id,
            XComModel.run_id == dag_run.run_id,
            XComModel.key.in_((MESSAGE, VERDICT)),
        )
        .order_by(XComModel.timestamp, XComModel.map_index)
    ).all()
    values = [(row.key, XComModel.deserialize_value(row)) for row in rows]
    verdicts = [Verdict(**value) for key, value in values if key == VERDICT and isinstance(value, dict)]
    return verdicts, [str(value) for key, value in values if key == MESSAGE]


def _write(dag_run: Any, text: str) -> None:
    from airflow.models.dagrun import DagRunNote

    text = "".join(letter if letter.isprintable() else " " for letter in text)
    there = dag_run.dag_run_note
    if there is None:
        dag_run.dag_run_note = DagRunNote(text[:LONGEST], user_id=AUTHOR)
    elif there.user_id == AUTHOR:
        there.content = text[:LONGEST]
    else:
        kept = [line for line in (there.content or "").splitlines() if not line.startswith(SIGN)]
        line = f"{SIGN}{text}"[:LONGEST]
        person = "\n".join(kept)
        if len(person) + 1 + len(line) <= LONGEST:
            there.content = f"{person}\n{line}" if person else line
