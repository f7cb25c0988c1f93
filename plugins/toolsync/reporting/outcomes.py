"""The outcomes of the lines of a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from toolsync.reading.texts import visible

STATUSES = ("created", "updated", "deleted", "unchanged", "failed")

Remark = tuple[int, str | None, str]


@dataclass(slots=True)
class Outcomes:
    """The outcomes of a batch.

    :param lines: (line, status, column, message) of each line; column and message are those of a failure.
    :param problems: (line, column, message) of parts that failed although the rest of their line was done.
    :param notes: (line, column, message).
    :param stale: topics of caches that the changes leave stale.
    :param contents: hashes of file contents whose rows were deleted.
    :param answer: the rows of `toolsync_answer` by column, if the type creates that table.
    :param plan: the rows of `toolsync_plan` by column, without those of failed lines.
    :param dirty_users: ids of accounts whose rights have changed.
    :param dirty_contexts: paths of contexts in which those of their people have.
    """

    lines: list[tuple[int, str, str | None, str | None]] = field(default_factory=list)
    problems: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    contents: set[str] = field(default_factory=set)
    answer: list[dict[str, Any]] = field(default_factory=list)
    plan: list[dict[str, Any]] = field(default_factory=list)
    dirty_users: set[int] = field(default_factory=set)
    dirty_contexts: set[str] = field(default_factory=set)

    def add(self, other: Outcomes) -> None:
        """Add the outcomes of other lines."""
        self.lines += other.lines
        self.problems += other.problems
        self.notes += other.notes
        self.stale |= other.stale
        self.contents |= other.contents
        self.answer += other.answer
        self.plan += other.plan
        self.dirty_users |= other.dirty_users
        self.dirty_contexts |= other.dirty_contexts

    def spare(self, lines: Collection[int]) -> None:
        """Say that lines changed nothing after all."""
        if lines:
            self.lines = [
                (line, "unchanged" if line in lines and status == "updated" else status, column, message)
                for line, status, column, message in self.lines
            ]

    @property
    def done(self) -> set[int]:
        """The lines that did not fail."""
        return {line for line, status, *_ in self.lines if status != "failed"}

    def as_json(
        self,
        written: Callable[[int, str | None], tuple[str | None, str | None]],
        label: Callable[[int], tuple[str, ...]],
    ) -> dict[str, Any]:
        """The outcomes as they are kept in the work folder.

        :param written: the name and value of a column of a line as the file writes them.
        :param label: what the CSV report says about a line besides its number.
        """

        def remark(line: int, column: str | None, message: str | None) -> tuple[Any, ...]:
            return line, *written(line, column), message and visible(message)

        failed = [remark(line, column, message) for line, status, column, message in self.lines if status == "failed"]
        incomplete = {line for line, _, _ in self.problems}
        counts = Counter(status for _, status, *_ in self.lines)
        counts["incomplete"] = len(incomplete & self.done)
        return {
            "lines": [(line, status, *label(line)) for line, status, _, _ in self.lines],
            "counts": counts,
            "problems": failed + [remark(*problem) for problem in self.problems],
            "notes": [remark(*note) for note in self.notes],
            "stale": sorted(self.stale),
            "contents": sorted(self.contents),
            "answer": self.answer,
            "plan": self.plan,
        }
