"""The task that checks a file before anything touches the site: its columns, then its values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.base import ClaimOperator
from toolsync.reading.command_file import CommandFile
from toolsync.reading.problems import FileRejected
from toolsync.reading.suite import load_suite
from toolsync.reporting.pieces import CHECKED, VALIDATED, piece_name
from toolsync.reporting.report import Report, sentences

if TYPE_CHECKING:
    from toolsync.reading.findings import Findings


class ValidateOperator(ClaimOperator):
    """Reads the file and holds its values against the Great Expectations suite of its type.

    A column problem rejects the file; a value problem fails its line. Data Docs go into the cabinet.
    """

    def treat(self, cabinet: Cabinet, claim: Claim, context: Any) -> dict[str, Any]:
        if cabinet.saved(claim, VALIDATED) is None:
            try:
                found = self.check_file(cabinet, claim)
            except FileRejected as rejection:
                found = {"rejected": [problem.message for problem in rejection.problems]}
            cabinet.save(claim, VALIDATED, found)
        return self._tell(cabinet, claim)

    def check_file(self, cabinet: Cabinet, claim: Claim) -> dict[str, Any]:
        """Keep what is wrong with single lines, as pieces of the report, and return what there is to say of the whole.

        :raises FileRejected: the file can't be used.
        """
        file = self.open_file(cabinet, claim)
        # Great Expectations takes seconds to import, so only here.
        from toolsync.reading.data_docs import build_data_docs
        from toolsync.reading.validator import Validator

        validator = Validator(load_suite(self.file_type), file.header)
        lines = 0
        failed: set[int] = set()
        for number, records in enumerate(file.records()):
            found = validator.check(records)
            lines += sum(not record.continued for record in records)
            self._keep(cabinet, claim, number, found, failed)
        self._keep(cabinet, claim, number + 1, validator.finish(), failed)
        (cabinet.folder("docs")).mkdir(parents=True, exist_ok=True)
        docs = cabinet.folder("docs") / claim.named("validation", ".html")
        build_data_docs(validator, docs, file_name=claim.name, run_name=claim.id, time=datetime.now(UTC))
        return {
            "lines": lines,
            "failed": len(failed),
            "summary": summary(file, lines),
            "notes": [*file.header.notes, *validator.warnings],
            "docs": str(docs),
        }

    def _keep(self, cabinet: Cabinet, claim: Claim, number: int, found: Findings, failed: set[int]) -> None:
        cabinet.save(claim, piece_name(CHECKED, number), {"problems": found.problems, "notes": found.notes})
        failed.update(problem.line for problem in found.problems)

    def _tell(self, cabinet: Cabinet, claim: Claim) -> dict[str, Any]:
        report = Report(cabinet, claim)
        if report.rejected:
            self.log_list("Why the file is rejected", report.rejected)
            raise AirflowFailException(f"{claim.name} is rejected: {'; '.join(report.rejected)}")
        found = report.validated
        self.log.info(found["summary"])
        self.log_list("Notes", found["notes"])
        self.log_list(f"{report.unit.capitalize()}s that fail", sentences(report.problems(), report.unit))
        if "docs" in found:
            self.log.info("Data Docs: %s", found["docs"])
        self.log.info("%s of %s %ss can be executed.", found["lines"] - found["failed"], found["lines"], report.unit)
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
