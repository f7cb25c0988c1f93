"""What the files of a data set wrote to the site, as hashes: by that one sees whether somebody has changed it since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from toolsync.cabinet.data_sets import DataSet

FORMAT = 1


def place_of(table: str, number: int, column: str) -> int:
    """A hash of where a value is."""
    return int.from_bytes(blake2b(f"{table} {number} {column}".encode(), digest_size=8).digest(), "big")


def hash_of(value: Any) -> int:
    """A hash of a value."""
    text = value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=4, person=b"none" if value is None else b"").digest(), "big")


class Memory:
    """The hashes of a data set: 12 bytes for each value.

    :param claim: of the run that wrote last; empty: nothing is remembered.
    :param content: pairs of place and value, in the order of the places.
    """

    def __init__(self, claim: str = "", content: bytes = b"") -> None:
        import numpy

        self.claim = claim
        self._pairs = numpy.frombuffer(content, dtype=PAIR)
        self._places = numpy.ascontiguousarray(self._pairs["place"])

    @classmethod
    def of(cls, data_set: DataSet) -> Memory:
        """What is remembered of a data set."""
        head, _, content = data_set.written().partition(b"\n")
        try:
            told = json.loads(head)
            if told["format"] == FORMAT and told["values"] * PAIR_BYTES == len(content):
                return cls(told["claim"], content)
        except (ValueError, TypeError, KeyError):
            pass
        return cls()

    def value(self, place: int) -> int | None:
        """The hash of the value that was last written to a place; None: none was."""
        import numpy

        at = int(numpy.searchsorted(self._places, numpy.uint64(place)))
        return int(self._pairs["value"][at]) if at < len(self._places) and int(self._places[at]) == place else None

    def with_more(self, more: Mapping[int, int]) -> Memory:
        """These hashes and more.

        :param more: hashes of values, by those of their places; they take the place of older ones.
        """
        import numpy

        new = numpy.fromiter(more.items(), dtype=PAIR, count=len(more))
        both = numpy.concatenate([new, self._pairs[~numpy.isin(self._places, new["place"])]])
        return Memory(self.claim, both[numpy.argsort(both["place"], kind="stable")].tobytes())

    def keep(self, data_set: DataSet, claim: str) -> None:
        """Let it be what is remembered of a data set. It is durable when this returns.

        :param claim: of the run that wrote last.
        """
        head = {"format": FORMAT, "claim": claim, "values": len(self._pairs)}
        data_set.keep_written(json.dumps(head).encode() + b"\n" + self._pairs.tobytes())


PAIR = [("place", "<u8"), ("value", "<u4")]
PAIR_BYTES = 12
