"""What is done when Airflow tells that a run begins or has ended: one that begins has its pool; a note says what became of one that has ended.

Airflow calls this where a run ends: in the scheduler, and in the API server when a person marks a run. Tasks have no access to notes. An error here must
never reach the scheduler: it is logged.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from toolsync.reporting.pools import make_missing_pools, pools_of_run
from toolsync.reporting.scheduler import CHECK, tell_check
from toolsync.reporting.verdict import MESSAGE, VERDICT, Verdict, note_of
from toolsync.settings import PREFIX
from toolsync.sites import type_of

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from sqlalchemy.orm import Session

AUTHOR = "Tool Sync for Airflow"  # as whom the note is written; a person's has the person's id
SIGN = "Tool Sync: "  # how its line begins above what a person wrote: Airflow's pages show the first line
LONGEST = 1000  # characters that Airflow stores

log = logging.getLogger(__name__)


@hookimpl
def on_dag_run_running(dag_run: DagRun, msg: str) -> None:
    """Make the pools that the tasks of a run need: somebody may have removed one, or added a site since then. Tell a check what is seen here."""
    if not dag_run.dag_id.startswith(PREFIX):
        return
    from sqlalchemy.orm import object_session

    if (session := object_session(dag_run)) is None:
        return
    try:
        make_missing_pools(session, pools_of_run(session, dag_run.dag_id, dag_run.run_id))
    except Exception:
        log.exception("The pools of run %s of %s were not made.", dag_run.run_id, dag_run.dag_id)
    try:
        if type_of(dag_run.dag_id) == CHECK:
            tell_check(dag_run, session)
    except Exception:
        log.exception("The check %s of %s was not told what the scheduler sees.", dag_run.run_id, dag_run.dag_id)


@hookimpl
def on_dag_run_success(dag_run: DagRun, msg: str) -> None:
    write_note(dag_run, failed=False)


@hookimpl
def on_dag_run_failed(dag_run: DagRun, msg: str) -> None:
    write_note(dag_run, failed=True)


def write_note(dag_run: DagRun, *, failed: bool) -> None:
    """Write what became of a run as its note. What a person wrote stays below it.

    :param dag_run: as the scheduler holds it, in a session that the scheduler commits. In `toolsync.run` it is in none: nobody sees its notes.
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
        select(XComModel.key, XComModel.map_index, XComModel.value)
        .where(
            XComModel.dag_id == dag_run.dag_id,
            XComModel.run_id == dag_run.run_id,
            XComModel.key.in_((MESSAGE, VERDICT)),
        )
        .order_by(XComModel.timestamp)
    ).all()
    values = [(row.key, row.map_index, XComModel.deserialize_value(row)) for row in rows]
    verdicts = {index: Verdict(**value) for key, index, value in values if key == VERDICT and isinstance(value, dict)}
    return [verdicts[index] for index in sorted(verdicts)], [str(value) for key, _, value in values if key == MESSAGE]


def _write(dag_run: Any, text: str) -> None:
    from airflow.models.dagrun import DagRunNote

    # Airflow shows notes as Markdown: the name of a file, or of a column, is to be no picture of another site and no link.
    text = "".join(letter if letter.isprintable() else " " for letter in text).replace("](", "] (")
    there = dag_run.dag_run_note
    if there is None:
        dag_run.dag_run_note = DagRunNote(text[:LONGEST], user_id=AUTHOR)
    elif there.user_id == AUTHOR:
        there.content = text[:LONGEST]
    else:
        lines = (there.content or "").split("\n")
        if lines[0].startswith(SIGN):  # of the run before it was cleared
            lines = lines[1:] if len(lines) < 2 or lines[1].strip() else lines[2:]
        content = "\n\n".join([f"{SIGN}{text}", "\n".join(lines)]).rstrip()
        if len(content) <= LONGEST:
            there.content = content
