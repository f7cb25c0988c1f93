"""The task that gives back the lines that could not be done."""

from __future__ import annotations

import shutil
from typing import Any

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.base import ClaimOperator
from toolsync.reading.command_file import TrybackWriter
from toolsync.reporting.pieces import TRIED_BACK
from toolsync.reporting.report import Report


class TrybackOperator(ClaimOperator):
    """Writes the failed lines as they stand in the file, under its header: corrected, they can be dropped into the inbox as they are.

    Of a rejected file that is the whole file. A simulation writes nothing.
    """

    def process(self, cabinet: Cabinet, claim: Claim, context: Any) -> None:
        report = Report(cabinet, claim)
        lines = report.failed_lines()
        if report.refused:
            self.written(cabinet, claim, None, "not approved, so the file is put back as a whole")
        elif not (report.rejected or report.executed):
            self.log.info("%s was not executed to the end, so it is not known what comes back.", claim.name)
        elif claim.simulate:
            self.written(cabinet, claim, None, "a simulation: the file stays in the inbox, no tryback is written")
        elif report.rejected:
            with (
                cabinet.writing("tryback", claim.named("tryback")) as (stream, path),
                cabinet.input(claim).open("rb") as source,
            ):
                shutil.copyfileobj(source, stream)
            self.written(cabinet, claim, path, "the whole file, which was rejected")
        elif lines:
            self.give_back(cabinet, claim, lines)
        else:
            self.written(cabinet, claim, None, "nothing to give back")

    def give_back(self, cabinet: Cabinet, claim: Claim, lines: set[int]) -> None:
        """Write the tryback of those lines."""
        file = self.open_file(cabinet, claim)
        with cabinet.writing("tryback", claim.named("tryback")) as (stream, path):
            writer = TrybackWriter(file, stream)
            failing = False
            for record in (record for chunk in file.records() for record in chunk):
                failing = record.line in lines or (record.continued and failing)
                if failing:
                    writer.write(record)
            writer.finish()
        self.written(cabinet, claim, path, f"{len(lines)} lines")

    def written(self, cabinet: Cabinet, claim: Claim, path: Any, what: str) -> None:
        """Remember where the tryback is (None: there is none to write); the file is not archived before."""
        cabinet.save(claim, TRIED_BACK, {"path": str(path) if path else None})
        self.log.info("%s: %s.", path or claim.name, what)
