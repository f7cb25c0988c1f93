"""The tasks that undo runs, where they differ from those of other CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.course.undo_parts import NoBundle, Part, parts_of
from toolsync.operators.collect import CollectOperator
from toolsync.operators.execute import ExecuteOperator
from toolsync.operators.plan import PlanOperator
from toolsync.operators.steps import Steps
from toolsync.params import known_types
from toolsync.reading.command_file import CommandFile
from toolsync.running.sql_folder import Occasion

HEADER = ("type", "run", "part", "file", "lines")


class CollectUndoOperator(CollectOperator):
    """Makes the command file of the runs that Param `runs` names: a line for each part of their undo bundles, the last first."""

    def rows_given(self, params: Mapping[str, Any]) -> tuple[str, str] | None:
        if not params["runs"]:
            return super().rows_given(params)
        if params.get("content") or params.get("upload"):
            raise AirflowFailException(
                "Param runs names what to undo, and so does Param content or upload: give one of them."
            )
        found = []
        for named in dict.fromkeys(params["runs"]):
            try:
                found.append(parts_of(self.site, sorted(known_types()), named))
            except NoBundle as reason:
                raise AirflowFailException(f"{reason} Nothing was done.") from None
        # Of two that ended within one second, the number tells which was later.
        found.sort(key=lambda run: (run[0]["made"], run[0]["claim"]), reverse=True)
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(HEADER)
        for index, parts in found:
            table.writerows((*part, index["file"], lines) for part, lines in parts)
        name = f"undo_{found[0][0]['file']}" if len(found) == 1 else f"undo_{len(found)}_runs"
        return text.getvalue(), f"{name.removesuffix('.csv')}.csv"


class _OfParts(ExecuteOperator):
    """Renders the SQL for the tables of which the parts in the file have rows."""

    def occasion(self, cabinet: Cabinet, claim: Claim, file: CommandFile) -> Occasion:
        occasion = super().occasion(cabinet, claim, file)
        return Occasion(**{**vars(occasion), "parts": list(dict.fromkeys(parts_in(file)))})


class PlanUndoOperator(_OfParts, PlanOperator):
    """Shows what undoing would put back."""


class ExecuteUndoOperator(_OfParts):
    """Puts the parts back."""


def parts_in(file: CommandFile) -> Iterator[Part]:
    """The parts that the lines of a file name."""
    columns = file.header.plain
    if not {"type", "run", "part"} <= columns.keys():
        return
    places = [columns[name].position for name in ("type", "run", "part")]
    known = known_types()
    for records in file.records():
        for record in records:
            if record.values:
                part = Part(*(record.values[place].strip() for place in places))
                if part.file_type in known:
                    yield part


UNDO = Steps(collect=CollectUndoOperator, plan=PlanUndoOperator, execute=ExecuteUndoOperator)
