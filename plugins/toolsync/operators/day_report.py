"""The last task of the day's work: the report of the whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from toolsync import __version__
from toolsync.cabinet.storage import files_at, folder_at
from toolsync.operators.base import ToolSyncOperator
from toolsync.operators.child_runs import told
from toolsync.operators.day import BEGIN, DONE, FAILED, HELD, NOTHING, PAUSED, STEPS, outcome_of, states_of
from toolsync.reading.texts import printable
from toolsync.reporting.verdict import VERDICT, Verdict

NOTE = "The day's work"  # how the note on the run begins
SIMULATED = (
    "SIMULATION: each type was simulated by itself, and rolled back. No file saw what the files of the types before it would have made: "
    "a line about an account or a course that is only in today's files fails here, and may succeed for real."
)


class DayReportOperator(ToolSyncOperator):
    """Writes the report of the whole, and fails when something of it failed."""

    def perform(self, context: Any) -> dict[str, Any]:
        states = states_of(context, list(STEPS))
        outcomes = {name: outcome_of(context, name, states.get(name)) for name in STEPS}
        began = states_of(context, [BEGIN]).get(BEGIN)
        if began != "success":
            why = f"The task {BEGIN} ended as {began}; its log says why. Nothing was done."
            raise AirflowSkipException(why) if began == "skipped" else AirflowFailException(why)
        simulated, dag_id = context["params"]["simulate"], context["dag"].dag_id
        lines = list(day_report(outcomes, simulated=simulated, dag_id=dag_id, run_id=context["run_id"]))
        for line in lines:
            self.log.info("%s", line)
        number = report_id(context["dag_run"])
        folder, name = folder_at(self.site.cabinet_url) / "all" / "report", f"all_{number}_report"
        files = files_at(folder, self.site)
        files.make_folder(folder)
        files.write(folder / f"{name}.txt", "".join(f"{line}\n" for line in lines).encode())
        content = {
            "toolsync": __version__,
            "claim": number,
            "type": "all",
            "dag_id": dag_id,
            "run_id": context["run_id"],
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "file": NOTE,
            "simulated": simulated,
            "counts": summed(outcomes),
            "report": str(folder / f"{name}.txt"),
            "types": outcomes,
        }
        files.write(folder / f"{name}.json", json.dumps(content, ensure_ascii=False, indent=1).encode())
        self.log.info("Report: %s", folder / f"{name}.txt")
        verdict = Verdict(NOTE, "", in_short(outcomes), simulated=simulated, report=False)
        context["ti"].xcom_push(VERDICT, verdict.as_json())
        if failed := [name for name, outcome in outcomes.items() if outcome["state"] == FAILED]:
            raise AirflowFailException(f"Failed: {', '.join(failed)}. Report: {folder / f'{name}.txt'}")
        return {"report": str(folder / f"{name}.txt")}


def report_id(run: Any) -> str:
    """The id in the names of a report's files, the same however often it is written; made like that of a claim."""
    return f"{run.run_after:%Y%m%d-%H%M%S-%f}-{sha1(run.run_id.encode()).hexdigest()[:4]}"


def summed(outcomes: dict[str, dict[str, Any]]) -> dict[str, int]:
    """The numbers of lines of all files by how they ended."""
    counts: Counter[str] = Counter()
    for outcome in outcomes.values():
        for file in outcome["files"]:
            counts.update(file.get("counts") or {})
    return dict(counts)


def in_short(outcomes: dict[str, dict[str, Any]]) -> str:
    """What became of the types that had something to do: `done: users, groups; failed: courses`."""
    states = (FAILED, HELD, PAUSED, DONE)
    by_state = {state: [name for name, outcome in outcomes.items() if outcome["state"] == state] for state in states}
    return "; ".join(f"{state}: {', '.join(names)}" for state, names in by_state.items() if names) or NOTHING


def day_report(outcomes: dict[str, dict[str, Any]], *, simulated: bool, dag_id: str, run_id: str) -> Iterator[str]:
    """The lines of the report of the whole."""
    yield "Tool Sync report: the day's work"
    yield f"{dag_id}, run {run_id}, Tool Sync {__version__}"
    if simulated:
        yield SIMULATED
    for name, outcome in outcomes.items():
        yield printable(f"{name}: {outcome['state']}. {outcome['why']}".rstrip())
        yield from (f"  {told(file)}" for file in outcome["files"])
