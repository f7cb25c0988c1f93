"""What is kept in memory of files that are looked at page by page, up to a number of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    @property
    def nbytes(self) -> int:
        """What it takes in memory."""


Kind = TypeVar("Kind", bound=Sized)


class Kept(Generic[Kind]):
    """Keeps what was last asked for.

    :param most: bytes. One thing alone may have more; it is then the only one.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._things: OrderedDict[Hashable, Kind] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Kind]) -> Kind:
        """A thing, made if it is not there. One is made at a time, so that several callers don't fill the memory.

        :param key: names the thing in a certain state: another state, another key.
        """
        with self._lock:
            if key not in self._things:
                self._things[key] = make()
            self._things.move_to_end(key)
            while len(self._things) > 1 and sum(thing.nbytes for thing in self._things.values()) > self._most:
                self._things.popitem(last=False)
            return self._things[key]
