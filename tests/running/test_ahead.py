"""Reading ahead: the same items in the same order, errors in their place, and nothing read that nobody will ask for."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from toolsync.running.ahead import AHEAD, read_ahead


def pieces(count: int, read: list[int]) -> Iterator[list[int]]:
    """Pieces of three numbers; each is noted when it is read."""
    for number in range(count):
        read.append(number)
        yield list(range(number * 3, number * 3 + 3))


def test_every_item_in_order():
    assert list(read_ahead(pieces(20, []))) == list(range(60))
    assert list(read_ahead(iter([[], [1], [], [2]]))) == [1, 2]
    assert list(read_ahead(iter([]))) == []


def test_an_error_comes_in_its_place():
    def failing() -> Iterator[list[int]]:
        yield [1, 2]
        raise OSError("the disk is gone")

    items = read_ahead(failing())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(OSError, match="the disk is gone"):
        next(items)


def test_it_reads_no_farther_than_that():
    read: list[int] = []
    items = read_ahead(pieces(1000, read))
    assert next(items) == 0
    items.close()
    assert len(read) <= AHEAD + 1
    assert not any(thread.name.startswith("toolsync-reads-ahead") for thread in threading.enumerate())
