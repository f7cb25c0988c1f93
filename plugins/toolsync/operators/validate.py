"""The task that checks a file before anything touches the site: its columns, then its values."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet import Cabinet, Claim
from toolsync.command_file import CommandFile
from toolsync.operators.base import ClaimOperator
from toolsync.problems import FileRejected
from toolsync.report import CHECKED, VALIDATED, listed, piece_name


class ValidateOperator(ClaimOperator):
    """Reads the file and holds its values against the Great Expectations suite of its type.

    A column problem rejects the file; a value problem fails its line. Data Docs go into the cabinet.
    """

    def treat(self, cabinet: Cabinet, claim: Claim, context: Any) -> dict[str, Any]:
        if cabinet.saved(claim, VALIDATED) is None:
            try:
                found = self._validate(cabinet, claim)
            except FileRejected as rejection:
                found = {"rejected": [problem.message for problem in rejection.problems]}
            cabinet.save(claim, VALIDATED, found)
        return self._tell(cabinet, claim)

    def _validate(self, cabinet: Cabinet, claim: Claim) -> dict[str, Any]:
        file = self.open_file(cabinet, claim)
        from toolsync.expectations import Validation

        validation = Validation(file)
        lines = failed = 0
        for number, records in enumerate(file.records()):
            problems, notes = validation.check(records)
            cabinet.save(claim, piece_name(CHECKED, number), {"problems": problems, "notes": notes})
            lines += sum(not record.continued for record in records)
            failed += len({problem.line for problem in problems})
        validation.write_docs(cabinet.folder("docs"), claim.named())
        return {
            "lines": lines,
            "failed": failed,
            "summary": summary(file, lines),
            "notes": [*file.header.notes, *validation.warnings],
        }

    def _tell(self, cabinet: Cabinet, claim: Claim) -> dict[str, Any]:
        from toolsync.report import Report

        report = Report(cabinet, claim)
        if report.rejected:
            self.log_list("Why the file is rejected", report.rejected)
            raise AirflowFailException(f"{claim.name} is rejected: {'; '.join(report.rejected)}")
        found = report.validated
        self.log.info(found["summary"])
        self.log_list("Notes", found["notes"])
        self.log_list("Lines that fail", list(listed("Problems", report.problems())))
        self.log.info("%s of %s lines can be executed.", found["lines"] - found["failed"], found["lines"])
        return {"lines": found["lines"], "failed": found["failed"]}


def summary(file: CommandFile, lines: int) -> str:
    """How the file was read, in one line."""
    delimiter = {"\t": "tab"}.get(file.delimiter, file.delimiter)
    skipped = (
        f", skipped {file.blank_lines} blank and {file.comment_lines} comment lines"
        if file.blank_lines or file.comment_lines
        else ""
    )
    return f"{lines} lines, {len(file.header.columns)} columns, delimiter {delimiter}, {file.encoding}{skipped}"
