"""Errors of the database server, sorted by what to do about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

# The server rejects one row: its line fails, the others go on.
ROW_ERRORS = {1048, 1062, 1264, 1265, 1292, 1366, 1367, 1406, 1411, 1452, 3819, 4025}
# A deadlock or a lock timeout: the same batch succeeds when it is tried again.
LOCK_ERRORS = {1205, 1213}
# The database account lacks a privilege.
GRANT_ERRORS = {1044, 1045, 1142, 1143, 1227}
GRANTS = "SELECT, INSERT, UPDATE, DELETE and CREATE TEMPORARY TABLES"


class SiteChanged(Exception):
    """Someone else changed rows that this batch depends on: it is rolled back and tried again, as after a deadlock."""


def error_code(error: Exception) -> int:
    """The server's error number; 0 for an error that has none."""
    code = error.args[0] if error.args else 0
    return code if isinstance(code, int) else 0


def is_worth_another_try(error: Exception) -> bool:
    """Whether the same batch may succeed when it is tried again."""
    return isinstance(error, SiteChanged) or error_code(error) in LOCK_ERRORS


@contextmanager
def explained() -> Iterator[None]:
    """Report a missing privilege with the list of privileges that the account needs, and fail without retries."""
    import MySQLdb

    try:
        yield
    except MySQLdb.Error as error:
        if error_code(error) in GRANT_ERRORS:
            raise AirflowFailException(
                f"{error.args[1]}. Grant the account of the connection {GRANTS} on the Moodle database."
            ) from None
        raise
