"""What can be wrong with a command file: as a whole, or in one of its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from toolsync.reading.texts import shorten

SHOWN_CHARACTERS = 200


class Problem(NamedTuple):
    """What is wrong with a line, or worth a note.

    :param line: the line of the file where the record begins.
    :param field: the column as the file writes it; None when it concerns the whole line.
    :param value: what the file says, shortened; None when unknown, empty or secret.
    """

    line: int
    field: str | None
    value: str | None
    message: str


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Why a file is rejected as a whole.

    :param kind: `unknown`, `missing`, `duplicate` or `unnamed` (of a column), `header`, `empty`, `encoding` or `table`.
    :param column: the column as the file writes it, or as it should be called; empty when it concerns none.
    """

    kind: str
    column: str
    message: str


class FileRejected(Exception):
    """The file can't be used at all; nothing of it is to be applied."""

    def __init__(self, problems: Sequence[FileProblem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(self.messages))

    @property
    def messages(self) -> list[str]:
        return [problem.message for problem in self.problems]


def shown(value: str | None) -> str | None:
    """A value of the file, short enough for a report."""
    return shorten(value, SHOWN_CHARACTERS) if value else None
