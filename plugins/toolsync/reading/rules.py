"""The expectations of a suite as they apply to the columns of one file. For tasks only: importing it takes seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import great_expectations as gx
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from toolsync.reading.columns import Column, Header
from toolsync.reading.expectations import OF_TYPES
from toolsync.reading.problems import shown
from toolsync.reading.suite import EXISTS, Suite
from toolsync.reading.texts import one_line

COLUMN_ARGUMENTS = ("column", "column_A", "column_B")
LINE_BY_LINE = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
# Expectations of those classes that compare lines with one another all the same.
ACROSS_LINES = {
    "expect_column_values_to_be_unique",
    "expect_compound_columns_to_be_unique",
    "expect_column_values_to_be_increasing",
    "expect_column_values_to_be_decreasing",
    "expect_column_value_z_scores_to_be_less_than",
}


class Scope(Enum):
    """What has to be read before a rule can be judged."""

    HEADER = "header"
    LINE = "line"
    FILE = "file"


@dataclass(slots=True)
class Rule:
    """An expectation as it applies to a file, and its result so far.

    :param type: the expectation's type, `expect_column_values_to_match_regex`.
    :param expectation: Great Expectations' own object. The `rule` in its `meta` is the rule's place in the list of all rules.
    :param columns: the columns of the file that it names.
    :param description: what is expected, for a person.
    :param critical: whether a line that doesn't meet it fails, or the file when no line is to blame. Otherwise a note is made.
    :param scope: what has to be read before it can be judged.
    :param secret: whether a value that it looks at must not be shown.
    :ivar evaluated: whether it was evaluated at all. A file may hold no line for it to look at.
    :ivar success: whether everything met it so far.
    :ivar lines: the number of lines it looked at.
    :ivar missing: the number of lines in which its column is empty.
    :ivar unexpected: the number of lines that don't meet it.
    :ivar observed: what it counted, when it is about the whole table (a number of lines, of columns).
    :ivar broken: whether it turned out that it can't be evaluated.
    """

    type: str
    expectation: Any
    columns: tuple[Column, ...]
    description: str
    critical: bool
    scope: Scope
    secret: bool
    evaluated: bool = False
    success: bool = True
    lines: int = 0
    missing: int = 0
    unexpected: int = 0
    observed: int | None = None
    broken: bool = False

    @property
    def is_about_lines(self) -> bool:
        """Whether single lines meet it or don't."""
        return isinstance(self.expectation, LINE_BY_LINE)

    @property
    def field(self) -> str | None:
        """Its columns as the file writes them; None when it names none."""
        return ", ".join(column.written for column in self.columns) or None


def rules_of(suite: Suite, header: Header) -> tuple[list[Rule], list[str]]:
    """The rules of a file with those columns, and a warning for each expectation of the suite that can't be used."""
    rules: list[Rule] = []
    warnings: list[str] = []
    for written in [*_of_types(header), *suite.expectations]:
        try:
            applied = list(_applied(suite, header, written))
        except Exception as error:  # people write suites: a mistake in one must not stop the run
            warnings.append(warning(suite, written["type"], (), message_of(error)))
            continue
        for kwargs, columns in applied:
            try:
                rules.append(_rule(header, written, kwargs, columns, len(rules)))
            except Exception as error:
                warnings.append(warning(suite, written["type"], columns, message_of(error)))
    return rules, warnings


def gx_suite(suite: Suite, header: Header) -> gx.ExpectationSuite:
    """The suite as it applies to a file with those columns, for a plain Great Expectations to run: `include/expectations/README.md` shows how."""
    rules, _ = rules_of(suite, header)
    return gx.ExpectationSuite(name=suite.name, expectations=[rule.expectation for rule in rules])


def warning(suite: Suite, expectation_type: str, columns: tuple[Column, ...], error: str) -> str:
    """The sentence on an expectation that can't be used.

    :param columns: the columns of the file that it names.
    :param error: the reason; empty when it must not be shown.
    """
    on = f" on {columns[0].written}" if columns else ""
    return (
        f"suite {suite.name}: {expectation_type}{on} can't be evaluated and was skipped{': ' if error else ''}{error}"
    )


def message_of(error: Exception) -> str:
    """An error's message on one line, short enough for a report."""
    return shown(one_line(str(error))) or type(error).__name__


def _of_types(header: Header) -> Iterator[dict[str, Any]]:
    """The expectations that follow from the types of the columns. Staging relies on them, whatever the suite's own say."""
    for column in header.columns:
        if column.spec.type in OF_TYPES:
            expectation_type, description = OF_TYPES[column.spec.type]
            yield {"type": expectation_type, "kwargs": {"column": column.name}, "description": description}


def _applied(
    suite: Suite, header: Header, written: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], tuple[Column, ...]]]:
    """An expectation's arguments with the columns of the file: once for each column of a family; not at all when the file lacks one of them.

    :raises LookupError: when the suite has no column of a name.
    """
    kwargs = written["kwargs"]
    names = [kwargs[argument] for argument in COLUMN_ARGUMENTS if argument in kwargs]
    several = list(kwargs.get("column_list", ()))
    for name in names + several:
        if not isinstance(name, str) or not suite.spec(name):
            raise LookupError(f"the suite describes no column {name}")
    found = {name: header.named(name) for name in names + several}
    if not all(found.values()):
        if written["type"] == EXISTS:
            yield dict(kwargs), ()
    elif "column" in kwargs:
        for column in found[kwargs["column"]]:
            yield {**kwargs, "column": column.name}, (column,)
    else:
        columns = {name: matching[0] for name, matching in found.items()}
        single = {argument: columns[kwargs[argument]].name for argument in COLUMN_ARGUMENTS if argument in kwargs}
        listed = {"column_list": [columns[name].name for name in several]} if several else {}
        yield {**kwargs, **single, **listed}, tuple(columns.values())


def _rule(
    header: Header, written: Mapping[str, Any], kwargs: dict[str, Any], columns: tuple[Column, ...], place: int
) -> Rule:
    severity = written.get("severity", "critical")
    description = written.get("description")
    expectation = ExpectationConfiguration(
        type=written["type"],
        kwargs=kwargs,
        meta={**(written.get("meta") or {}), "rule": place},
        severity=severity,
        description=description,
    ).to_domain_obj()
    looked_at = header.columns if "row_condition" in kwargs or not columns else columns
    return Rule(
        type=written["type"],
        expectation=expectation,
        columns=columns,
        description=description or _spelled_out(written["type"], kwargs),
        critical=severity == "critical",
        scope=_scope(written["type"], expectation, kwargs),
        secret=any(column.spec.secret for column in looked_at),
    )


def _scope(expectation_type: str, expectation: Any, kwargs: Mapping[str, Any]) -> Scope:
    if expectation_type == EXISTS:
        return Scope.HEADER
    alone = isinstance(expectation, LINE_BY_LINE) and expectation_type not in ACROSS_LINES
    return Scope.LINE if alone and kwargs.get("mostly", 1) == 1 else Scope.FILE


def _spelled_out(expectation_type: str, kwargs: Mapping[str, Any]) -> str:
    arguments = ", ".join(f"{name}={value}" for name, value in kwargs.items() if name not in COLUMN_ARGUMENTS)
    words = expectation_type.removeprefix("expect_").replace("_", " ")
    return f"{words} ({shown(arguments)})" if arguments else words
