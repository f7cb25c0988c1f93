"""What became of a package: what its types' runs did, and each problem with the file of the package and the line there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import cached_property
from typing import IO, Any, NamedTuple

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.storage import read_text
from toolsync.operators.child_runs import told
from toolsync.reading.problems import Problem
from toolsync.reporting.pieces import CHECKED, pieces
from toolsync.reporting.report import Report
from toolsync.reporting.tables import Table

UNIT = "line"
ORIGIN = "origin.jsonl"  # in the work folder: from which lines of the package the lines of the command files came
# What became of the run of a type, and whether the types that need it may run.
DONE, FAILED, REFUSED, HELD = "done", "failed", "not approved", "held up"
CHANGES = ("created", "updated", "deleted")
COLUMNS = (UNIT, "outcome", "column", "value", "message", "file", "type")


class Remark(NamedTuple):
    """A problem with a line of the package.

    :param outcome: `failed`, or why it was not tried: `held up`, `rejected`.
    :param file: of the package; empty: not known.
    :param line: there.
    :param type: of the command file that it became; empty: it did not become any.
    """

    outcome: str
    file: str
    line: int
    type: str
    column: str
    value: str
    message: str

    @property
    def sentence(self) -> str:
        """`users.csv, line 5, column email 'x': …`."""
        where = [self.file, f"line {self.line}"] if self.file else [f"a line of {self.type}"]
        column = f", column {self.column}" if self.column else ""
        return f"{', '.join(where)}{column}{f' {self.value!r}' if self.value else ''}: {self.message}"


class PackageReport(Report):
    """The results of a package so far."""

    @property
    def types(self) -> list[dict[str, Any]]:
        """What became of each command file, in the order in which they ran."""
        return self.executed.get("types", [])

    @property
    def runs(self) -> list[str]:
        """The claims of the runs that have changed the site."""
        return [
            file["claim"]
            for each in self.types
            for file in each["files"]
            if any((file["counts"] or {}).get(outcome) for outcome in CHANGES)
        ]

    def problems(self) -> Iterator[Problem]:
        """As sentences: a line alone says nothing in a package of several files."""
        return (Problem(0, None, None, remark.sentence) for remark in self.remarks)

    def failed_lines(self, *stages: str) -> set[int]:
        """The numbers of the problems."""
        return set(range(len(self.remarks)))

    def failed_of_types(self) -> dict[str, set[int]]:
        """The lines of command files that failed, or were not tried, by type."""
        return {each["type"]: {line for line, *_ in self._failed(each)} for each in self.types}

    @cached_property
    def remarks(self) -> list[Remark]:
        """All problems, in the order of the package's files and their lines."""
        found = [
            Remark("failed", file, line, "", column, value, message)
            for piece in pieces(self.cabinet, self.claim, CHECKED)
            for file, line, column, value, message in piece["left_out"]
        ]
        failed = {each["type"]: list(self._failed(each)) for each in self.types}
        if any(failed.values()):
            origins = origins_of(self.cabinet, self.claim)
            for file_type, lines in failed.items():
                origin = origins.get(file_type)
                for line, *remark in lines:
                    file, number = next(iter(origin.of(line) if origin else ()), ("", line))
                    outcome, column, value, message = remark
                    found.append(Remark(outcome, file, number, file_type, column, value, message))
        order = {name: number for number, name in enumerate(self.validated.get("files", []))}
        return sorted(found, key=lambda remark: (order.get(remark.file, len(order)), remark.line))

    def _failed(self, of_type: dict[str, Any]) -> Iterator[tuple[int, str, str, str, str]]:
        """The lines of a command file that failed or were not tried: (line, outcome, column, value, message)."""
        rejected = any(file["rejected"] for file in of_type["files"])
        if of_type["state"] == HELD or rejected:
            origin = origins_of(self.cabinet, self.claim).get(of_type["type"])
            outcome = "rejected" if rejected else "not executed"
            for line in sorted({line for line, *_ in origin or ()}):
                yield line, outcome, "", "", of_type["why"]
            return
        for file in of_type["files"] if of_type["state"] in (DONE, FAILED) else ():
            table = csv.reader(io.StringIO(read_text(file["lines"], self.cabinet.site), newline=""))
            next(table, None)
            # Of a line that failed in part, the table has the outcome of the rest: it can't be told from one with a note.
            parts = bool((file["counts"] or {}).get("incomplete"))
            for line, outcome, column, value, message in table:
                if outcome == "failed" or (parts and message):
                    yield int(line), outcome, column, value, message

    def sections(self) -> Iterator[tuple[str, list[str]]]:
        lines = []
        for each in self.types:
            lines.append(f"{each['type']}: {each['state']}. {each['why']}".rstrip())
            lines += [f"  {told(file)}" for file in each["files"]]
        yield "Runs of the types, in their order", lines
        if self.runs and not self.claim.simulate:
            undo = self.cabinet.site.dag_id("undo")
            yield f"To undo all of it: run {undo} with these in Param runs", self.runs

    def more(self) -> dict[str, Any]:
        return {"package": self.validated.get("package"), "types": self.types, "runs": self.runs}

    def write_own_lines(self, stream: IO[str]) -> bool:
        """Write the CSV table: each problem, with the file of the package and the line there."""
        table = Table(stream)
        table.row(COLUMNS)
        for one in self.remarks:
            table.row((one.line, one.outcome, one.column, one.value, one.message, one.file, one.type))
        return True


def origins_of(cabinet: Cabinet, claim: Claim) -> dict[str, Any]:
    """From which lines of the package the lines of its command files came, by type."""
    from toolsync.feeds.origin import load_origins

    return load_origins(io.BytesIO(cabinet.files.read(cabinet.work(claim) / ORIGIN)))
