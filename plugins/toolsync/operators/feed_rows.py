"""The rows of a query as a command file: streamed as the database sends them, in flat memory, whatever the database is."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any
from uuid import UUID

FETCHED = 5000  # rows asked for at once
# Libraries whose plain cursor would fetch all rows at once. A cursor with a name is one of the server in both of PostgreSQL's.
NAMED = {"psycopg", "psycopg2"}


class NoCell(ValueError):
    """A value can't be written in a command file; the message names its column."""


def write_rows(connection: Any, sql: str, stream: IO[str], delimiter: str = ",") -> int:
    """Write the rows of a query as CSV, with the names of its columns as the header.

    :param connection: as Python's libraries for databases have it (DB-API 2.0). Nothing is committed.
    :param sql: the query.
    :return: the number of rows; nothing is written when there is none.
    :raises NoCell: a value can't be written.
    """
    # With quotes around each, no cell makes its line a comment, or blank.
    table, rows = csv.writer(stream, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL), 0
    with closing(cursor_of(connection)) as cursor:
        cursor.execute(sql)
        for batch in batches(cursor):
            names = [str(column[0]) for column in cursor.description]  # known once there are rows
            if not rows:
                table.writerow(names)
            table.writerows([cell(value, name) for name, value in zip(names, row, strict=True)] for row in batch)
            rows += len(batch)
    return rows


def batches(cursor: Any) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of a cursor, some at a time."""
    while batch := cursor.fetchmany(FETCHED):
        yield batch


def cursor_of(connection: Any) -> Any:
    """A cursor that holds a few rows only, where the library has one; those of other libraries do so anyway."""
    library = type(connection).__module__.partition(".")[0]
    if library in NAMED:
        return connection.cursor(name="toolsync")
    if library == "MySQLdb":
        return connection.cursor(sys.modules["MySQLdb.cursors"].SSCursor)
    cursor = connection.cursor()
    cursor.arraysize = FETCHED  # rows that Oracle's library asks for at once
    return cursor


def cell(value: Any, column: str) -> str:
    """A value as a cell: nothing for NULL, ISO dates without fractions of a second, 1 and 0 for yes and no, whole numbers without a point.

    :param column: its name, for messages.
    :raises NoCell: it is bytes, or something else that a cell can't say.
    """
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return str(int(value))
        case int() | UUID():
            return str(value)
        case float() | Decimal():
            return _number(value, column)
        case datetime():
            return value.replace(microsecond=0).isoformat(" ")
        case date():
            return value.isoformat()
    if hasattr(value, "read"):  # a large text of Oracle's, which comes when it is asked for
        return cell(value.read(), column)
    raise NoCell(
        f"The column {column} has a value of the type {type(value).__name__}, which a cell can't say: let the query make a text, a number or a date of it."
    )


def _number(value: float | Decimal, column: str) -> str:
    number = Decimal(str(value))
    if not number.is_finite():
        raise NoCell(f"The column {column} has the value {value}, which is no number.")
    return format(number.to_integral_value() if number == number.to_integral_value() else number, "f")
