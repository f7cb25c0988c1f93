"""Numbers of lines, kept as ranges: a long file of which few lines changed takes a few bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence

Ranges = Sequence[Sequence[int]]


class LineSet:
    """Some lines of a file.

    :param ranges: first and last line of each range, ascending.
    """

    def __init__(self, ranges: Ranges = ()) -> None:
        self.ranges = ranges
        self._firsts = [first for first, _ in ranges]

    @classmethod
    def of(cls, lines: Iterable[int]) -> LineSet:
        """The set of these lines.

        :param lines: ascending.
        """
        ranges: list[list[int]] = []
        for line in lines:
            if ranges and ranges[-1][1] == line - 1:
                ranges[-1][1] = line
            else:
                ranges.append([line, line])
        return cls(ranges)

    def without(self, lines: Collection[int]) -> LineSet:
        """These lines but for some."""
        if not any(line in self for line in lines):
            return self
        return LineSet.of(line for line in self if line not in lines)

    def __contains__(self, line: object) -> bool:
        if not isinstance(line, int):
            return False
        at = bisect_right(self._firsts, line) - 1
        return at >= 0 and line <= self.ranges[at][1]

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges:
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)
