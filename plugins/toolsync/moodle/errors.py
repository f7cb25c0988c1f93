"""What the database server refuses, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

# The server refuses one row: its line fails, the others go on.
ROW_ERRORS = {1048, 1062, 1264, 1265, 1292, 1366, 1367, 1406, 1411, 1452, 3819, 4025}
# The transaction was rolled back, or gave up waiting, so that another could go on: the same work done again succeeds.
LOCK_ERRORS = {1205, 1213}
# The account of the connection lacks a right.
GRANT_ERRORS = {1044, 1045, 1142, 1143, 1227}
GRANTS = "SELECT, INSERT, UPDATE, DELETE and CREATE TEMPORARY TABLES"


class SiteChanged(Exception):
    """Somebody else wrote to the rows at hand: the batch is rolled back and tried again, as after a deadlock."""


def error_code(error: Exception) -> int:
    """The server's error number, 0 when the error has none."""
    code = error.args[0] if error.args else 0
    return code if isinstance(code, int) else 0


def is_worth_another_try(error: Exception) -> bool:
    """Whether the same batch, tried again, may succeed."""
    return isinstance(error, SiteChanged) or error_code(error) in LOCK_ERRORS


@contextmanager
def explained() -> Iterator[None]:
    """Turn a missing right into a message that says which rights the account needs; retrying would not help."""
    import MySQLdb

    try:
        yield
    except MySQLdb.Error as error:
        if error_code(error) in GRANT_ERRORS:
            raise AirflowFailException(
                f"{error.args[1]}. The account of the connection needs {GRANTS} on the Moodle database."
            ) from None
        raise
