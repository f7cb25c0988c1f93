"""What became of the lines of a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

STATUSES = ("created", "updated", "deleted", "unchanged", "failed")

Remark = tuple[int, str | None, str]


@dataclass(slots=True)
class Outcomes:
    """What became of a batch.

    :param lines: (line, status, column, message) of each line; column and message of a failed one.
    :param problems: (line, column, message) of the parts that failed while the rest of their line was done.
    :param notes: (line, column, message).
    :param stale: topics of caches that the changes leave stale.
    :param contents: hashes of file contents whose rows were deleted.
    :param answer: rows of `toolsync_answer` by column, of a type that makes one.
    :param plan: the same of `toolsync_plan`, of the lines that did not fail.
    """

    lines: list[tuple[int, str, str | None, str | None]] = field(default_factory=list)
    problems: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    contents: set[str] = field(default_factory=set)
    answer: list[dict[str, Any]] = field(default_factory=list)
    plan: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: Outcomes) -> None:
        """Add those of other lines."""
        self.lines += other.lines
        self.problems += other.problems
        self.notes += other.notes
        self.stale |= other.stale
        self.contents |= other.contents
        self.answer += other.answer
        self.plan += other.plan

    @property
    def done(self) -> set[int]:
        """The lines that did not fail."""
        return {line for line, status, *_ in self.lines if status != "failed"}

    def as_json(
        self,
        written: Callable[[int, str | None], tuple[str | None, str | None]],
        label: Callable[[int], tuple[str, ...]],
    ) -> dict[str, Any]:
        """The outcomes as they are kept in the work folder, in the words of the file.

        :param written: a line's column and value as the file has them.
        :param label: what the table of lines says of a line besides its number.
        """

        def told(line: int, column: str | None, message: str | None) -> tuple[Any, ...]:
            return line, *written(line, column), message

        failed = [told(line, column, message) for line, status, column, message in self.lines if status == "failed"]
        incomplete = {line for line, _, _ in self.problems}
        counts = Counter(status for _, status, *_ in self.lines)
        counts["incomplete"] = len(incomplete & self.done)
        return {
            "lines": [(line, status, *label(line)) for line, status, _, _ in self.lines],
            "counts": counts,
            "problems": failed + [told(*problem) for problem in self.problems],
            "notes": [told(*note) for note in self.notes],
            "stale": sorted(self.stale),
            "contents": sorted(self.contents),
            "answer": self.answer,
            "plan": self.plan,
        }
