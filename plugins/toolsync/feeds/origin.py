"""From which lines of a package each line of a command file was made."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import IO

Place = tuple[str, int]  # a file of the package, and the line in it


class Origin:
    """The lines of the package behind the lines of one command file. Twelve bytes a line, so that all of it stays in memory.

    :param file_type: the type of the command file.
    """

    def __init__(self, file_type: str) -> None:
        self.file_type = file_type
        self._files: dict[str, int] = {}
        self._lines = array("L")
        self._places = array("L")
        self._numbers = array("L")

    def add(self, line: int, places: Iterable[Place]) -> None:
        """Say where a line comes from. Lines come in order.

        :param line: where it begins in the command file.
        """
        for file, number in places:
            self._lines.append(line)
            self._places.append(self._files.setdefault(file, len(self._files)))
            self._numbers.append(number)

    def of(self, line: int) -> list[Place]:
        """The lines of the package behind a line; empty: there is no such line."""
        names = list(self._files)
        found = []
        for at in range(bisect_left(self._lines, line), len(self._lines)):
            if self._lines[at] != line:
                break
            found.append((names[self._places[at]], self._numbers[at]))
        return found

    def __iter__(self) -> Iterator[tuple[int, str, int]]:
        """All of it: line of the command file, file of the package, line there."""
        names = list(self._files)
        for line, place, number in zip(self._lines, self._places, self._numbers, strict=True):
            yield line, names[place], number

    def save(self, stream: IO[bytes]) -> None:
        """Write it as JSON lines: `["users", 2, "users.csv", 7]`."""
        for line, file, number in self:
            stream.write(json.dumps([self.file_type, line, file, number]).encode() + b"\n")


def load_origins(stream: IO[bytes]) -> dict[str, Origin]:
    """What `Origin.save` wrote, by type; several can be in one file, one after the other."""
    found: dict[str, Origin] = {}
    for text in stream:
        file_type, line, file, number = json.loads(text)
        found.setdefault(file_type, Origin(file_type)).add(line, [(file, number)])
    return found
