"""Our own expectations: dates, yes/no, whole numbers, timezones. Importing this registers them with Great Expectations. For tasks only: it takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any, ClassVar

from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider
from great_expectations.expectations.metrics.map_metric_provider import column_condition_partial

from toolsync.reading.values import (
    A_MOMENT,
    A_YESNO,
    AN_INTEGER,
    UnreadableValue,
    read_account_zone,
    read_integer,
    read_moment,
    read_yesno,
)


def complaint(read: Callable[[str], Any], text: str) -> str | None:
    """Why a text can't be read; None when it can.

    :param read: a reader of `toolsync.reading.values`.
    """
    try:
        read(text)
    except UnreadableValue as error:
        return str(error)
    return None


def read_any_moment(text: str) -> int | None:
    """Read a date in UTC: whether a text is a date does not depend on the timezone."""
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


class ColumnValuesTimezone(ColumnMapMetricProvider):
    condition_metric_name = "column_values.toolsync_timezone"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: Any, **_: Any) -> Any:
        return column.map(lambda text: complaint(read_account_zone, text) is None)


class ExpectColumnValuesToBeMoment(ColumnMapExpectation):
    """Expect values to be dates, with or without a time and an offset, or Unix seconds."""

    map_metric: ClassVar[str] = "column_values.toolsync_moment"


class ExpectColumnValuesToBeYesOrNo(ColumnMapExpectation):
    """Expect values to be one of the words for yes and no."""

    map_metric: ClassVar[str] = "column_values.toolsync_yes_or_no"


class ExpectColumnValuesToBeWholeNumber(ColumnMapExpectation):
    """Expect values to be whole numbers that fit a BIGINT column."""

    map_metric: ClassVar[str] = "column_values.toolsync_whole_number"


class ExpectColumnValuesToBeTimezone(ColumnMapExpectation):
    """Expect values to be timezones that Moodle knows, or 99 for the server's."""

    map_metric: ClassVar[str] = "column_values.toolsync_timezone"


# The expectation that follows from a column's type, and its description.
OF_TYPES = {
    "moment": ("expect_column_values_to_be_moment", A_MOMENT),
    "yesno": ("expect_column_values_to_be_yes_or_no", A_YESNO),
    "integer": ("expect_column_values_to_be_whole_number", AN_INTEGER),
}
# Readers whose complaint about a value says more than the expectation's description.
READERS: dict[str, Callable[[str], Any]] = {
    "expect_column_values_to_be_moment": read_any_moment,
    "expect_column_values_to_be_yes_or_no": read_yesno,
    "expect_column_values_to_be_whole_number": read_integer,
    "expect_column_values_to_be_timezone": read_account_zone,
}
