"""Holds the execution of a file to the plan that was approved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from toolsync.reporting.plan import Row, called, date_time, thing_of


class ApprovedPlan:
    """The plan that was approved, by a person or because no approval was needed.

    :param rows: the rows of the plan.
    :param failed: why lines failed when the plan was made, by line number.
    """

    def __init__(self, rows: Iterable[Row], failed: Mapping[int, str] | None = None) -> None:
        self.failed = failed or {}
        self.by_line: dict[int, list[Row]] = {}
        for row in rows:
            self.by_line.setdefault(row["line"], []).append(row)

    def staged(self, lines: Iterable[int]) -> Iterator[tuple[Any, ...]]:
        """The rows of the temporary table `toolsync_approved` for these lines."""
        for line in lines:
            for row in self.by_line.get(line, ()):
                yield line, *(row.get(name) for name in ("courseid", "categoryid", "lastaccess")), None
            if line in self.failed:
                yield line, None, None, None, self.failed[line]

    def strays(self, rows: Iterable[Row]) -> dict[int, str]:
        """Find the lines that would do something that is not in the plan.

        :param rows: the rows of the plan as it would be now.
        :return: the message of each such line, by line number.
        """
        found: dict[int, str] = {}
        for row in rows:
            if message := self._against(row, self.by_line.get(row["line"], [])):
                found.setdefault(row["line"], message)
        return found

    def _against(self, row: Row, approved: Sequence[Row]) -> str | None:
        """What is wrong with a row that the plan would have now; None when it is in the approved plan."""
        thing = thing_of(row)
        before = next((other for other in approved if thing_of(other) == thing), None)
        again = (
            "Drop the line again to get a new plan" if "username" not in row else "The next whole file finds it again"
        )
        if before is None and row["line"] in self.failed:
            return f"this line failed when the plan was made: {self.failed[row['line']]}. {again}"
        if before is None:
            return f"since the plan was made, this line has come to mean {called(row)}, which was not approved. {again}"
        if (row.get("lastaccess") or 0) > (before.get("lastaccess") or 0):
            return (
                f"somebody has used {called(row)} since the plan was made (at {date_time(row['lastaccess'])}). {again}"
            )
        return None
