"""Reads a file in a thread of its own, while the database works on what was read before."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")

AHEAD = 4  # pieces that are read before they are asked for


def read_ahead(pieces: Iterator[Sequence[Item]]) -> Generator[Item, None, None]:
    """The items of an iterator's pieces, in order. The iterator runs in another thread.

    :param pieces: what it raises is raised here, in its place.
    """
    pool = ThreadPoolExecutor(1, "toolsync-reads-ahead")
    try:
        waiting = deque(pool.submit(next, pieces, None) for _ in range(AHEAD))
        while (piece := waiting.popleft().result()) is not None:
            waiting.append(pool.submit(next, pieces, None))
            yield from piece
    finally:
        pool.shutdown(cancel_futures=True)
