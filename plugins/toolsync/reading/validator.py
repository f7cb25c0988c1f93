"""Validates the records of a command file with Great Expectations. For tasks only: importing it takes seconds."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Sequence
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig

from toolsync.reading.columns import Header
from toolsync.reading.findings import Findings, Remarks
from toolsync.reading.problems import FileProblem, FileRejected
from toolsync.reading.records import Record
from toolsync.reading.rules import Rule, Scope, message_of, rules_of, warning
from toolsync.reading.suite import EXISTS, Suite

# This module of theirs sets its own level to INFO when it is imported: let it inherit that of `great_expectations` again.
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.NOTSET)

# Values stay out of the results, and so out of Data Docs.
RESULT_FORMAT = {"result_format": "COMPLETE", "exclude_unexpected_values": True}


class Validator:
    """Validates one file, chunk by chunk.

    Memory holds a chunk, and the columns that expectations on the whole file need (uniqueness, a number of lines).

    :param suite: the suite of the file's type.
    :param header: the file's columns.
    :ivar rules: the expectations of the suite as they apply to those columns.
    :ivar lines: the number of lines checked so far, those that can't be read included.
    :ivar unreadable_lines: the number of those that can't be read. The rules don't see them.
    :ivar warnings: sentences on expectations that can't be used, and on those of the whole file that are not met but not critical either.
    """

    def __init__(self, suite: Suite, header: Header) -> None:
        self.suite = suite
        self.header = header
        self.rules, self.warnings = rules_of(suite, header)
        self.lines = 0
        self.unreadable_lines = 0
        self._rejections: list[FileProblem] = []
        self._kept: list[Any] = []
        self._kept_columns = self._columns_to_keep()
        self._batches = _batch_definition()

    def check(self, records: Iterable[Record], known: Container[int] = ()) -> Findings:
        """Validate the next records of the file, and report those that can't be read.

        :param known: lines that were validated before: only what concerns the file as a whole looks at them.
        """
        records = list(records)
        unreadable = [record.problem for record in records if record.problem]
        readable = [record for record in records if record.values is not None]
        self.lines += len(readable) + len(unreadable)
        self.unreadable_lines += len(unreadable)
        if self._kept_columns:
            self._kept.append(self._frame(readable)[self._kept_columns])
        frame = self._frame([record for record in readable if record.line not in known])
        found = self._run(frame, Scope.LINE) if len(frame) else Findings([], [])
        return Findings(sorted([*unreadable, *found.problems], key=lambda problem: problem.line), found.notes)

    def finish(self) -> Findings:
        """Validate what concerns the file as a whole, after its last record.

        :raises FileRejected: when a critical expectation is not met and no line is to blame.
        """
        self._run(self._header_frame(), Scope.HEADER)
        frame = pd.concat(self._kept) if self._kept else self._frame([])
        self._kept.clear()
        found = self._run(frame, Scope.FILE) if len(frame) else Findings([], [])
        if self._rejections:
            raise FileRejected(self._rejections)
        return found

    def _columns_to_keep(self) -> list[str]:
        everything = [column.name for column in self.header.columns]
        rules = self._of_scope(Scope.FILE)
        if any(not rule.columns or "row_condition" in rule.expectation.configuration.kwargs for rule in rules):
            return everything
        named = {column.name for rule in rules for column in rule.columns}
        return [name for name in everything if name in named]

    def _frame(self, records: Sequence[Record]) -> Any:
        """The records as a data frame of texts; its index are their lines. An empty cell is None."""
        values = [record.values or [] for record in records]
        cells = {column.name: [row[column.position] or None for row in values] for column in self.header.columns}
        return pd.DataFrame(cells, index=[record.line for record in records], dtype=object)

    def _header_frame(self) -> Any:
        """A data frame without rows that has every column of the file, where the file has it."""
        names = list(self.header.written)
        for column in self.header.columns:
            names[column.position] = column.name
        return pd.DataFrame(columns=names, dtype=object)

    def _of_scope(self, scope: Scope) -> list[Rule]:
        return [rule for rule in self.rules if rule.scope is scope and not rule.broken]

    def _run(self, frame: Any, scope: Scope) -> Findings:
        problems, notes = Remarks(), Remarks()
        for result in sorted(self._results(frame, self._of_scope(scope)), key=_place):
            rule = self.rules[_place(result)]
            error = _exception(result.exception_info)
            if error is not None:
                self._break(rule, error)
                continue
            lines = self._count(rule, result, len(frame))
            (problems if rule.critical else notes).add(rule, frame, lines)
        return Findings(problems.in_order(), notes.in_order())

    def _results(self, frame: Any, rules: Sequence[Rule]) -> list[Any]:
        if not rules:
            return []
        suite = gx.ExpectationSuite(name=self.suite.name, expectations=[rule.expectation for rule in rules])
        try:
            batch = self._batches.get_batch(batch_parameters={"dataframe": frame})
            return batch.validate(suite, result_format=RESULT_FORMAT).results
        except Exception as error:
            if len(rules) > 1:  # one of them stops the others: run each alone
                return [result for rule in rules for result in self._results(frame, [rule])]
            self._break(rules[0], message_of(error))
            return []

    def _count(self, rule: Rule, result: Any, lines: int) -> list[int]:
        """Add a result to a rule.

        :return: the lines that don't meet it.
        """
        rule.evaluated = True
        rule.lines += lines
        rule.missing += result.result.get("missing_count") or 0
        rule.success = rule.success and bool(result.success)
        observed = result.result.get("observed_value")
        if isinstance(observed, int) and not rule.columns:
            rule.observed = observed
        if result.success:
            return []
        unexpected = result.result.get("unexpected_index_list")
        if unexpected is None:
            self._not_met(rule)
            return []
        rule.unexpected += len(unexpected)
        return [int(line) for line in unexpected]

    def _not_met(self, rule: Rule) -> None:
        if rule.type == EXISTS and not rule.columns:
            return  # the header's own notes say which column is missing
        on = f"column {rule.field}, " if rule.field else ""
        message = f"{on}expected of the whole file: {rule.description}"
        if rule.critical:
            self._rejections.append(FileProblem("table", rule.field or "", message))
        else:
            self.warnings.append(message)

    def _break(self, rule: Rule, error: str) -> None:
        rule.broken = True
        self.warnings.append(warning(self.suite, rule.type, rule.columns, "" if rule.secret else error))


def _batch_definition() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("command_files")
    return source.add_dataframe_asset("command_file").add_batch_definition_whole_dataframe("chunk")


def _place(result: Any) -> int:
    return result.expectation_config.meta["rule"]


def _exception(info: Any) -> str | None:
    """The message of an expectation that could not be evaluated; None when it was."""
    if not info:
        return None
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else None
    messages = [str(part["exception_message"]) for part in info.values() if part.get("raised_exception", True)]
    return messages[0] if messages else None
