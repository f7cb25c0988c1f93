"""The tasks that undo runs, where they differ from those of other CSV files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.claims import CLAIM_ID, Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.course.undo_parts import NoBundle, Part, parts_of, types_with_bundles
from toolsync.operators.collect import CollectOperator
from toolsync.operators.execute import ExecuteOperator
from toolsync.operators.plan import PlanOperator
from toolsync.operators.steps import Steps
from toolsync.reading.command_file import CommandFile
from toolsync.reporting.tables import defused
from toolsync.running.sql_folder import Occasion

PART = re.compile(r"[\w.-]+")
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
        by_run = {}
        for named in params["runs"]:
            try:
                index, parts = parts_of(self.site, named)
            except NoBundle as reason:
                raise AirflowFailException(f"{reason} Nothing was done.") from None
            by_run[index["claim"]] = index, parts  # one run may be named by two of its files
        # Several small files of one run may be done within a second.
        found = sorted(by_run.values(), key=lambda run: (run[0]["made"], run[0]["claim"]), reverse=True)
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(HEADER)
        for index, parts in found:
            # The name of a file is for people only, who open this one in a spreadsheet, too.
            table.writerows((*part, defused(index["file"]), lines) for part, lines in parts)
        name = f"undo_{found[0][0]['file']}" if len(found) == 1 else f"undo_{len(found)}_runs"
        return text.getvalue(), f"{name.removesuffix('.csv')}.csv"


class _OfParts(ExecuteOperator):
    """Renders the SQL for the tables of which the parts in the file have rows."""

    def occasion(self, cabinet: Cabinet, claim: Claim, file: CommandFile) -> Occasion:
        return replace(super().occasion(cabinet, claim, file), parts=list(dict.fromkeys(parts_in(file))))


class PlanUndoOperator(_OfParts, PlanOperator):
    """Shows what undoing would put back."""


class ExecuteUndoOperator(_OfParts):
    """Puts the parts back."""


def parts_in(file: CommandFile) -> Iterator[Part]:
    """The parts that the lines of a file name; a line that names none in the proper way, such as a path, fails in validation."""
    columns = file.header.plain
    if not {"type", "run", "part"} <= columns.keys():
        return
    places = [columns[name].position for name in ("type", "run", "part")]
    known = set(types_with_bundles())
    for records in file.records():
        for record in records:
            if record.values:
                part = Part(*(record.values[place].strip() for place in places))
                if part.file_type in known and re.fullmatch(CLAIM_ID, part.run) and PART.fullmatch(part.part):
                    yield part


UNDO = Steps(collect=CollectUndoOperator, plan=PlanUndoOperator, execute=ExecuteUndoOperator)
