"""The task that writes the lines that failed into the tryback."""

from __future__ import annotations

import shutil
from typing import Any

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.base import ClaimOperator, Failure
from toolsync.reading.texts import printable
from toolsync.reading.tryback import TrybackWriter
from toolsync.reporting.pieces import TRIED_BACK


class TrybackOperator(ClaimOperator):
    """Writes the failed lines byte for byte under the file's own header, so that people can correct them and drop the file into the inbox again.

    The tryback of a rejected file is the whole file. A simulation writes none.
    """

    def process(self, cabinet: Cabinet, claim: Claim, context: Any) -> None:
        report = self.report_class(cabinet, claim)
        lines = report.failed_lines()
        if report.refused:
            self.written(cabinet, claim, None, "not approved: no tryback is written, the file goes back as a whole")
        elif report.unfit:
            self.written(cabinet, claim, None, "not executed: no tryback is written, the file goes back as a whole")
        elif not (report.rejected or report.executed):
            # Failed, so that whoever clears what failed clears this, too, and `archive` waits for it. Why is told by the task before, or by `archive`.
            sentence = f"{claim.name} was not executed to its end, so its failed lines are not known yet."
            self.log.error("%s", printable(sentence))
            raise Failure(sentence, final=True)
        elif claim.simulate:
            self.written(cabinet, claim, None, "simulation: no tryback is written, the file stays in the inbox")
        elif report.rejected:
            with (
                cabinet.writing("tryback", claim.named("tryback")) as (stream, path),
                cabinet.opened(claim).open("rb") as source,
            ):
                shutil.copyfileobj(source, stream)
            self.written(cabinet, claim, path, "the whole file, because it was rejected")
        elif lines:
            self.give_back(cabinet, claim, lines)
        else:
            self.written(cabinet, claim, None, "no line failed, so no tryback is written")

    def give_back(self, cabinet: Cabinet, claim: Claim, lines: set[int]) -> None:
        """Write the tryback.

        :param lines: the lines that failed.
        """
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
        """Record that the tryback is done; `archive` waits for this.

        :param path: where the tryback is; None when there is none.
        :param what: what it holds, or why there is none.
        """
        if path:
            self.lineage.files.append(str(path))
        cabinet.save(claim, TRIED_BACK, {"path": str(path) if path else None, "seconds": self.seconds})
        self.log.info("%s: %s.", path or claim.name, what)
