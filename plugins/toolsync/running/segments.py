"""Finds out which lines of a batch may run together, so that the result is the same as running them one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from operator import itemgetter


@dataclass(slots=True)
class _Seen:
    """The lines that touched a thing last: they share `mode`, come after segment `before`, and the last of them is in segment `last`."""

    mode: str | None
    before: int
    last: int


def segments(lines: Iterable[int], touches: Iterable[tuple[int, Hashable, str | None]]) -> list[list[int]]:
    """Cut lines into segments that run one after the other.

    Two lines that touch the same thing keep their order, in different segments, unless both touch it with the same mode
    (not None), which means that they commute. Each line goes into the earliest segment that this allows. As lines that
    touch different things commute, a line may run in an earlier segment than the line before it.

    :param lines: line numbers, ascending.
    :param touches: (line, thing, mode), in any order. A line without any goes into the first segment.
    :return: the line numbers of each segment, ascending.
    """
    touches = list(touches)
    lines_of = Counter(map(itemgetter(1), touches))
    if len(lines_of) == len(touches):  # nothing is touched twice, as in most files
        lines = list(lines)
        return [lines] if lines else []
    by_line: dict[int, list[tuple[Hashable, str | None]]] = {line: [] for line in lines}
    for line, thing, mode in touches:
        if lines_of[thing] > 1:
            by_line[line].append((thing, mode))

    seen: dict[Hashable, _Seen] = {}
    result: list[list[int]] = []
    for line, things in by_line.items():
        segment = max((_earliest(seen.get(thing), mode) for thing, mode in things), default=0)
        for thing, mode in things:
            _remember(seen, thing, mode, segment)
        if segment == len(result):
            result.append([])
        result[segment].append(line)
    return result


def _earliest(seen: _Seen | None, mode: str | None) -> int:
    if seen is None:
        return 0
    if mode is not None and mode == seen.mode:
        return seen.before + 1
    return seen.last + 1


def _remember(seen: dict[Hashable, _Seen], thing: Hashable, mode: str | None, segment: int) -> None:
    known = seen.get(thing)
    if known is None:
        seen[thing] = _Seen(mode, -1, segment)
    elif mode is not None and mode == known.mode:
        known.last = max(known.last, segment)
    elif known.last < segment:
        seen[thing] = _Seen(mode, known.last, segment)
    else:
        # The line touches the thing twice, with different modes, so it commutes with no other line.
        known.mode = None
