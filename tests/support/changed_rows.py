"""What two sites really differ in, row by row and column by column, to hold what a run says of itself to it."""

from __future__ import annotations

from typing import Any

from tests.support.site import Site
from toolsync.running.image_sql import NOT_KEPT, VOLATILE

Rows = dict[int, dict[str, Any]]


def differences(before: Site, after: Site) -> dict[str, dict[str, dict[int, Any]]]:
    """By table: rows that are gone (`deleted`) and new (`made`), and of others (`changed`) the columns that differ, each with both values."""
    found = {}
    for table in (name.removeprefix("mdl_") for name in after.changed(before)):
        if NOT_KEPT.fullmatch(table):
            continue
        old, new = _rows(before, table), _rows(after, table)
        changed = {
            number: differing
            for number in old.keys() & new.keys()
            if (
                differing := {
                    column: (value, new[number][column])
                    for column, value in old[number].items()
                    if value != new[number][column] and column not in VOLATILE
                }
            )
        }
        kinds: dict[str, dict[int, Any]] = {
            "deleted": {number: row for number, row in old.items() if number not in new},
            "made": {number: row for number, row in new.items() if number not in old},
            "changed": changed,
        }
        if any(kinds.values()):
            found[table] = {change: rows for change, rows in kinds.items() if rows}
    return found


def _rows(site: Site, table: str) -> Rows:
    columns = [name for (name, *_) in site.rows(f"SHOW COLUMNS FROM {{{table}}}")]
    rows = (dict(zip(columns, row, strict=True)) for row in site.rows(f"SELECT * FROM {{{table}}}"))
    return {row["id"]: row for row in rows}
