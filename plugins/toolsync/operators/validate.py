"""The task that checks the columns and values of a file before anything touches the site."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.data_sets.before import TOO_SHORT, Before, Comparison
from toolsync.operators.base import ClaimOperator
from toolsync.reading.command_file import CommandFile
from toolsync.reading.misread import Misread
from toolsync.reading.problems import FileRejected
from toolsync.reading.records import DELIMITERS
from toolsync.reading.rejection_page import write_rejection_page
from toolsync.reading.repeats import Repeats
from toolsync.reading.suite import load_suite
from toolsync.reporting.line_set import LineSet
from toolsync.reporting.pieces import CHECKED, VALIDATED, piece_name
from toolsync.reporting.report_text import sentences

if TYPE_CHECKING:
    from toolsync.reading.findings import Findings


class ValidateOperator(ClaimOperator):
    """Reads the file and checks its columns and values against the suite of its type.

    A column problem rejects the file; a value problem fails its line. Either way the file gets a page in the cabinet's `docs`.

    :cvar has_suite: whether a suite describes the columns of the type.
    """

    has_suite = True

    def process(self, cabinet: Cabinet, claim: Claim, context: Any) -> dict[str, Any]:
        if cabinet.saved(claim, VALIDATED) is None:
            try:
                found = self.check_file(cabinet, claim)
            except FileRejected as rejection:
                found = self.reject(cabinet, claim, rejection)
            cabinet.save(claim, VALIDATED, {**found, "seconds": self.seconds})
        return self._tell(cabinet, claim)

    def check_file(self, cabinet: Cabinet, claim: Claim) -> dict[str, Any]:
        """Keep the problems of single lines as pieces of the report.

        :return: the result for the whole file: `rejected` holds the reasons when an expectation on the whole file is not met.
        :raises FileRejected: the header can't be used.
        """
        file = self.open_file(cabinet, claim)
        before = Before.of(cabinet, claim, file)
        comparison = before.compare() if before and before.compares else None
        if before:
            before.check_length(comparison.lines if comparison else number_of_lines(file))
        return check_lines(cabinet, claim, file, comparison)

    def reject(self, cabinet: Cabinet, claim: Claim, rejection: FileRejected) -> dict[str, Any]:
        """Write the page of a file whose header can't be used.

        :return: the result for the whole file.
        """
        suite = load_suite(self.file_type) if self.has_suite else None
        with cabinet.writing("docs", claim.named("validation", ".html")) as (stream, docs):
            write_rejection_page(
                stream,
                problems=rejection.problems,
                suite=suite,
                file_name=claim.name,
                size=cabinet.size(claim),
                run_name=claim.id,
                time=datetime.now(UTC),
            )
        about_columns = any(problem.kind != TOO_SHORT for problem in rejection.problems)
        known = [spec.spoken_names[0] for spec in suite.columns] if suite and about_columns else []
        return {"rejected": rejection.messages, "docs": str(docs), "known": known}

    def _tell(self, cabinet: Cabinet, claim: Claim) -> dict[str, Any]:
        report = self.report_class(cabinet, claim)
        found = report.validated
        self.lineage.lines = found.get("lines")
        if report.rejected:
            self.log_list("Reasons for the rejection", report.rejected)
            self.log_list("Columns of this type", report.known_columns)
        else:
            self.log.info(found["summary"])
            self.log_list("Notes", found["notes"])
            self.log_list("Problems", sentences(report.problems(), report.unit))
        if "docs" in found:
            self.log.info("Data Docs: %s", found["docs"])
        if report.rejected:
            where = "stays in the inbox" if claim.simulate else f"comes back as a whole in {cabinet.folder('tryback')}"
            self.log.info("It %s.", where)
            raise AirflowFailException(f"{claim.name} is rejected: {'; '.join(report.rejected)}")
        self.log.info("%s of %s %ss can be executed.", found["lines"] - found["failed"], found["lines"], report.unit)
        return {"lines": found["lines"], "failed": found["failed"]}

    def repeat(self, result: Mapping[str, Any], context: Any) -> dict[str, int]:
        super().repeat(result, context)
        if result["rejected"]:
            raise AirflowFailException(f"{result['file']} is rejected: {'; '.join(result['rejected'])}")
        return result["checked"]


def number_of_lines(file: CommandFile) -> int:
    return sum(not record.continued for records in file.records() for record in records)


def check_lines(cabinet: Cabinet, claim: Claim, file: CommandFile, comparison: Comparison | None) -> dict[str, Any]:
    """Validate the lines of a file that run, and keep the problems of single lines as pieces of the report.

    :param comparison: which lines are as in the last file of the data set; None: the file belongs to none.
    :return: as `ValidateOperator.check_file`.
    :raises FileRejected: the file is in another encoding than the one it is read in.
    """
    # Great Expectations takes seconds to import, so only here.
    from toolsync.reading.data_docs import build_data_docs
    from toolsync.reading.findings import Findings
    from toolsync.reading.validator import Validator

    def keep(number: int, found: Findings) -> None:
        cabinet.save(claim, piece_name(CHECKED, number), {"problems": found.problems, "notes": found.notes})
        failed.update(problem.line for problem in found.problems)

    same = comparison.same if comparison else LineSet()
    suite, misread = load_suite(cabinet.file_type), Misread(file)
    key = claim.options[suite.key.param] if suite.key else None
    repeats = Repeats(file, key)
    validator, failed, rejected = Validator(suite, file.header), set[int](), list[str]()
    gc.freeze()  # otherwise each collection scans all of Airflow's objects again
    try:
        for number, records in enumerate(file.records()):
            misread.look(records)
            repeats.look(records)
            keep(number, validator.check(records, same))
    finally:
        gc.unfreeze()
    misread.check()
    try:
        found_of_all = validator.finish()
        keep(number + 1, Findings(found_of_all.problems, [*found_of_all.notes, *repeats.notes(same)]))
    except FileRejected as rejection:
        rejected = rejection.messages
    with cabinet.writing("docs", claim.named("validation", ".html")) as (stream, docs):
        build_data_docs(validator, stream, file_name=claim.name, run_name=claim.id, time=datetime.now(UTC))
    reading = {"delimiter": file.delimiter, "encoding": file.encoding}
    if rejected:
        return {"rejected": rejected, "docs": str(docs), "reading": reading}
    found: dict[str, Any] = {
        "reading": reading,
        "lines": validator.lines,
        "failed": len(failed),
        "summary": summary(file, validator.lines),
        "notes": [*filter(None, [misread.note, claim.as_lines]), *file.header.notes, *validator.warnings],
        "docs": str(docs),
    }
    if comparison:
        same = same.without(failed)  # what concerns the file as a whole may fail any line
        comparison.keep(cabinet, claim, same)
        found |= {"notes": [comparison.note, *found["notes"]], "same": len(same)}
    return found


def summary(file: CommandFile, lines: int) -> str:
    """How the file was read, in one line.

    :param lines: the number of its records.
    """
    blank, comments = file.blank_lines, file.comment_lines
    skipped = f", skipped {blank} blank and {comments} comment lines" if blank or comments else ""
    delimiter = DELIMITERS[file.delimiter]
    return f"{lines} lines, {len(file.header.columns)} columns, delimiter {delimiter}, {file.encoding}{skipped}"
