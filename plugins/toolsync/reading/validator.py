"""Validating the records of a command file with Great Expectations. Tasks only: importing it takes seconds."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import great_expectations as gx
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from toolsync.reading.columns import Column, Header
from toolsync.reading.expectations import READERS, complaint
from toolsync.reading.problems import FileProblem, FileRejected, Problem, shown
from toolsync.reading.records import Record
from toolsync.reading.suite import Suite
from toolsync.reading.values import A_MOMENT, A_YESNO, AN_INTEGER

# This module of theirs sets its own level to INFO when it is imported: let it inherit that of `great_expectations` again.
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.NOTSET)

# Values stay out of the results, and so out of Data Docs.
RESULT_FORMAT = {"result_format": "COMPLETE", "exclude_unexpected_values": True}
COLUMN_ARGUMENTS = ("column", "column_A", "column_B")
ROW_BY_ROW = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
ACROSS_ROWS = {
    "expect_column_values_to_be_unique",
    "expect_compound_columns_to_be_unique",
    "expect_column_values_to_be_increasing",
    "expect_column_values_to_be_decreasing",
    "expect_column_value_z_scores_to_be_less_than",
}
OF_TYPES = {
    "moment": ("expect_column_values_to_be_moment", A_MOMENT),
    "yesno": ("expect_column_values_to_be_yes_or_no", A_YESNO),
    "integer": ("expect_column_values_to_be_whole_number", AN_INTEGER),
}


class Findings(NamedTuple):
    """What validation says of some lines: `problems` fail theirs, `notes` don't. In the order of the lines."""

    problems: list[Problem]
    notes: list[Problem]


@dataclass(slots=True)
class Rule:
    """An expectation as it applies to a file, and what has become of it so far.

    :param columns: of the file, that it names.
    :param says: what is expected, for a person.
    :param across: it can't be judged row by row, but by the whole file only.
    :param secret: what it stumbles on is not to be shown.
    :ivar broken: it can't be used.
    """

    type: str
    expectation: Any
    columns: tuple[Column, ...]
    says: str
    critical: bool
    across: bool
    secret: bool
    success: bool = True
    rows: int = 0
    missing: int = 0
    unexpected: int = 0
    broken: bool = False

    @property
    def field(self) -> str | None:
        return ", ".join(column.written for column in self.columns) or None


class Validator:
    """Validates one file, chunk after chunk.

    Memory is that of a chunk, and of the columns that expectations on the whole file need (uniqueness, a row count).

    :ivar rules: of the suite, for the columns that the file has.
    :ivar warnings: expectations that can't be used, and those on the whole file that are not met but not critical.
    """

    def __init__(self, suite: Suite, header: Header) -> None:
        self.suite = suite
        self.header = header
        self.warnings: list[str] = []
        self.rules: list[Rule] = []
        self._rejections: list[FileProblem] = []
        for expectation in [*_of_types(header), *suite.expectations]:
            self._add_rules(expectation)
        # That a column is there has been found from the header.
        self._by_row = [rule for rule in self.rules if not rule.across]
        self._by_file = [rule for rule in self.rules if rule.across and rule.type != "expect_column_to_exist"]
        self._kept: list[Any] = []
        self._kept_columns = self._columns_to_keep()
        self._batches = _batch_definition()

    def check(self, records: Iterable[Record]) -> Findings:
        """Validate the next records of the file, and report those that can't be read."""
        records = list(records)
        unreadable = [record.problem for record in records if record.problem]
        frame = self._frame([record for record in records if record.values is not None])
        if self._kept_columns:
            self._kept.append(frame[self._kept_columns])
        found = self._run(frame, self._by_row)
        return Findings(sorted([*unreadable, *found.problems], key=lambda problem: problem.line), found.notes)

    def finish(self) -> Findings:
        """Validate what concerns the file as a whole, after its last record.

        :raises FileRejected: when a critical expectation is not met and no line is to blame.
        """
        frame = pd.concat(self._kept) if self._kept else self._frame([])
        self._kept.clear()
        found = self._run(frame, self._by_file)
        if self._rejections:
            raise FileRejected(self._rejections)
        return found

    def _add_rules(self, written: Mapping[str, Any]) -> None:
        for kwargs, columns in self._applied(written["kwargs"]):
            try:
                rule = self._rule(written, kwargs, columns)
            except Exception as error:  # whatever a person wrote into the suite
                self._warn(written["type"], columns, _first_line(error))
                continue
            self.rules.append(rule)

    def _rule(self, written: Mapping[str, Any], kwargs: dict[str, Any], columns: tuple[Column, ...]) -> Rule:
        severity = written.get("severity", "critical")
        says = written.get("description") or _spelled_out(written["type"], kwargs)
        expectation = ExpectationConfiguration(
            type=written["type"],
            kwargs=kwargs,
            meta={**(written.get("meta") or {}), "rule": len(self.rules)},
            severity=severity,
            description=says,
        ).to_domain_obj()
        looked_at = self.header.columns if "row_condition" in kwargs or not columns else columns
        return Rule(
            type=written["type"],
            expectation=expectation,
            columns=columns,
            says=says,
            critical=severity == "critical",
            across=not isinstance(expectation, ROW_BY_ROW)
            or written["type"] in ACROSS_ROWS
            or kwargs.get("mostly", 1) != 1,
            secret=any(column.spec.secret for column in looked_at),
        )

    def _applied(self, kwargs: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], tuple[Column, ...]]]:
        """The expectation's arguments with the columns that the file has: once for each of a family, or not at all."""
        names = [kwargs[argument] for argument in COLUMN_ARGUMENTS if argument in kwargs]
        several = list(kwargs.get("column_list", ()))
        unknown = [str(name) for name in names + several if not isinstance(name, str) or not self.suite.spec(name)]
        if unknown:
            self.warnings.append(f"an expectation names the column {unknown[0]}, which this type doesn't have")
            return
        found = {name: self.header.named(name) for name in names + several}
        if not all(found.values()):
            return
        if "column" in kwargs:
            for column in found[kwargs["column"]]:
                yield {**kwargs, "column": column.name}, (column,)
            return
        columns = {name: matching[0] for name, matching in found.items()}
        applied = dict(kwargs)
        for argument in COLUMN_ARGUMENTS:
            if argument in kwargs:
                applied[argument] = columns[kwargs[argument]].name
        if several:
            applied["column_list"] = [columns[name].name for name in several]
        yield applied, tuple(columns.values())

    def _columns_to_keep(self) -> list[str]:
        everything = [column.name for column in self.header.columns]
        if any(not rule.columns or "row_condition" in rule.expectation.configuration.kwargs for rule in self._by_file):
            return everything
        named = {column.name for rule in self._by_file for column in rule.columns}
        return [name for name in everything if name in named]

    def _frame(self, records: Sequence[Record]) -> Any:
        values = [record.values or [] for record in records]
        cells = {column.name: [row[column.position] or None for row in values] for column in self.header.columns}
        return pd.DataFrame(cells, index=[record.line for record in records], dtype=object)

    def _run(self, frame: Any, rules: Sequence[Rule]) -> Findings:
        problems, notes = Merged(), Merged()
        rules = [rule for rule in rules if not rule.broken]
        results = {_rule_number(result): result for result in self._results(frame, rules)} if len(frame) else {}
        for number, result in sorted(results.items()):
            rule = self.rules[number]
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
            if len(rules) > 1:
                return [result for rule in rules for result in self._results(frame, [rule])]
            self._break(rules[0], _first_line(error))
            return []

    def _count(self, rule: Rule, result: Any, rows: int) -> list[int]:
        rule.rows += rows
        rule.missing += result.result.get("missing_count") or 0
        rule.success = rule.success and bool(result.success)
        if result.success:
            return []
        lines = result.result.get("unexpected_index_list")
        if lines is None:
            self._not_met(rule)
            return []
        rule.unexpected += len(lines)
        return [int(line) for line in lines]

    def _not_met(self, rule: Rule) -> None:
        message = f"expected of the whole file: {rule.says}"
        if rule.critical:
            self._rejections.append(FileProblem("table", rule.field or "", message))
        else:
            self.warnings.append(message)

    def _break(self, rule: Rule, error: str) -> None:
        rule.broken = True
        self._warn(rule.type, rule.columns, "" if rule.secret else error)

    def _warn(self, kind: str, columns: Sequence[Column], error: str) -> None:
        on = "".join(f" on {column.written}" for column in columns[:1])
        self.warnings.append(f"{kind}{on} can't be used, and was left out{': ' if error else ''}{error}")


class Merged:
    """Remarks on cells: one for each, with all that is wrong with it."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int, str | None], tuple[str | None, list[str]]] = {}

    def add(self, rule: Rule, frame: Any, lines: Sequence[int]) -> None:
        if not lines:
            return
        values = frame[rule.columns[0].name].loc[list(lines)] if len(rule.columns) == 1 else [None] * len(lines)
        read = READERS.get(rule.type)
        for line, value in zip(lines, values, strict=True):
            text = value if isinstance(value, str) else None
            message = (complaint(read, text) if read and text else None) or f"expected: {rule.says}"
            cell = (line, rule.columns[0].position if rule.columns else 0, rule.field)
            _, messages = self._found.setdefault(cell, (None if rule.secret else shown(text), []))
            if message not in messages:
                messages.append(message)

    def in_order(self) -> list[Problem]:
        found = sorted(self._found.items(), key=lambda item: item[0][:2])
        return [Problem(line, field, value, "; ".join(messages)) for (line, _, field), (value, messages) in found]


def _of_types(header: Header) -> Iterator[dict[str, Any]]:
    # Staging converts these columns, whatever became of the suite's own expectations.
    for column in header.columns:
        if column.spec.type in OF_TYPES:
            kind, says = OF_TYPES[column.spec.type]
            yield {"type": kind, "kwargs": {"column": column.name}, "description": says}


def _batch_definition() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("command_files")
    return source.add_dataframe_asset("command_file").add_batch_definition_whole_dataframe("chunk")


def _spelled_out(kind: str, kwargs: Mapping[str, Any]) -> str:
    arguments = ", ".join(f"{name}={value}" for name, value in kwargs.items() if name not in COLUMN_ARGUMENTS)
    words = kind.removeprefix("expect_").replace("_", " ")
    return f"{words} ({shown(arguments)})" if arguments else words


def _rule_number(result: Any) -> int:
    return result.expectation_config.meta["rule"]


def _exception(info: Any) -> str | None:
    """The message of an expectation that could not be evaluated; None when it was."""
    if not info:
        return None
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else None
    messages = [str(part["exception_message"]) for part in info.values() if part.get("raised_exception", True)]
    return messages[0] if messages else None


def _first_line(error: Exception) -> str:
    lines: list[str] = str(error).splitlines() or [type(error).__name__]
    return shown(" ".join(line.strip() for line in lines)) or type(error).__name__
