"""Problems of a command file: of a line, or of the file as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import count
from typing import NamedTuple

from toolsync.reading.texts import printable, shorten, visible

SHOWN_CHARACTERS = 200


class Problem(NamedTuple):
    """What is wrong with a line, or a note on it.

    :param line: the line of the file in which the record begins.
    :param field: the column as the file writes it; None when the whole line is meant.
    :param value: the value in the file, shortened; None when it is unknown, empty or secret.
    :param message: what is wrong, and what was expected.
    """

    line: int
    field: str | None
    value: str | None
    message: str


def first_of(problems: Iterable[Problem], most: int) -> tuple[list[Problem], int]:
    """The first problems in the order of the lines, and how many more there are. A file may have a million: few are held at once."""
    seen = count()
    first = nsmallest(most, (problem for problem, _ in zip(problems, seen, strict=False)), key=lambda told: told.line)
    return first, next(seen) - len(first)


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Why a file is rejected as a whole.

    :param kind: `unknown`, `missing`, `duplicate` or `unseen` (a column whose name has invisible characters), `header`, `empty`, `encoding`, `archive`, or
        `table` (an expectation on the whole file).
    :param column: the column as the file writes it, or the name of a missing one; empty when no column is meant.
    :param message: what is wrong.
    """

    kind: str
    column: str
    message: str


class FileRejected(Exception):
    """The file can't be used, and nothing of it may be applied.

    :param problems: the reasons.
    """

    def __init__(self, problems: Sequence[FileProblem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(self.messages))

    @property
    def messages(self) -> list[str]:
        return [printable(problem.message) for problem in self.problems]


def rejected(kind: str, message: str) -> FileRejected:
    """The rejection of a whole file."""
    return FileRejected([FileProblem(kind, "", message)])


def shown(value: str | None) -> str | None:
    """A value of the file as a report shows it: cut short, and with what nobody would see; None when it is empty."""
    return shorten(visible(value), SHOWN_CHARACTERS) if value else None
