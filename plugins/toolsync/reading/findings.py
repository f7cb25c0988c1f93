"""What validation finds in the lines of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from toolsync.reading.expectations import READERS, complaint
from toolsync.reading.problems import Problem, shown
from toolsync.reading.rules import Rule


class Findings(NamedTuple):
    """What validation finds in some lines, in their order.

    :param problems: each fails its line.
    :param notes: none fails its line.
    """

    problems: list[Problem]
    notes: list[Problem]


class Remarks:
    """Collects what several rules say of the same cells, so that a cell gets one remark with all of it."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int, str | None], tuple[str | None, list[str]]] = {}

    def add(self, rule: Rule, frame: Any, lines: Sequence[int]) -> None:
        """Add the lines that don't meet a rule.

        :param frame: the data frame that holds them, by line.
        """
        if not lines:
            return
        values = frame[rule.columns[0].name].loc[list(lines)] if len(rule.columns) == 1 else [None] * len(lines)
        read = None if rule.secret else READERS.get(rule.type)  # what a reader says may tell the value
        for line, value in zip(lines, values, strict=True):
            text = value if isinstance(value, str) else None
            message = (complaint(read, text) if read and text else None) or f"expected: {rule.description}"
            cell = (line, rule.columns[0].position if rule.columns else 0, rule.field)
            _, messages = self._found.setdefault(cell, (None if rule.secret else shown(text), []))
            if message not in messages:
                messages.append(message)

    def in_order(self) -> list[Problem]:
        """A remark for each cell, in the order of the lines and, in a line, of the columns."""
        found = sorted(self._found.items(), key=lambda item: item[0][:2])
        return [Problem(line, field, value, "; ".join(messages)) for (line, _, field), (value, messages) in found]
