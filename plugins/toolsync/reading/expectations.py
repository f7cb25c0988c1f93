"""Expectations of ours, for suites: what a date, a yes/no and a whole number are in a command file. Tasks only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any, ClassVar

from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider
from great_expectations.expectations.metrics.map_metric_provider import column_condition_partial

from toolsync.reading.values import UnreadableValue, read_integer, read_moment, read_yesno


def complaint(read: Callable[[str], Any], text: str) -> str | None:
    """Why a text can't be read; None when it can."""
    try:
        read(text)
    except UnreadableValue as error:
        return str(error)
    return None


def read_any_moment(text: str) -> int | None:
    """A date of any zone: whether it can be read doesn't depend on it."""
    return read_moment(text, UTC)


class ColumnValuesMoment(ColumnMapMetricProvider):
    condition_metric_name = "column_values.toolsync_moment"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: Any, **_: Any) -> Any:
        return column.map(lambda text: complaint(read_any_moment, text) is None)


class ColumnValuesYesOrNo(ColumnMapMetricProvider):
    condition_metric_name = "column_values.toolsync_yes_or_no"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: Any, **_: Any) -> Any:
        return column.map(lambda text: complaint(read_yesno, text) is None)


class ColumnValuesWholeNumber(ColumnMapMetricProvider):
    condition_metric_name = "column_values.toolsync_whole_number"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: Any, **_: Any) -> Any:
        return column.map(lambda text: complaint(read_integer, text) is None)


class ExpectColumnValuesToBeMoment(ColumnMapExpectation):
    """Expect values to be dates as FORMATS knows them, or Unix seconds."""

    map_metric: ClassVar[str] = "column_values.toolsync_moment"


class ExpectColumnValuesToBeYesOrNo(ColumnMapExpectation):
    """Expect values to be one of the words for yes and no."""

    map_metric: ClassVar[str] = "column_values.toolsync_yes_or_no"


class ExpectColumnValuesToBeWholeNumber(ColumnMapExpectation):
    """Expect values to be whole numbers that a BIGINT column can hold."""

    map_metric: ClassVar[str] = "column_values.toolsync_whole_number"


READERS: dict[str, Callable[[str], Any]] = {
    "expect_column_values_to_be_moment": read_any_moment,
    "expect_column_values_to_be_yes_or_no": read_yesno,
    "expect_column_values_to_be_whole_number": read_integer,
}
