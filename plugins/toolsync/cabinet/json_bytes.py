"""JSON of large records and bundles: many times as fast as by the standard library, while rows of a site are locked."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import chain
from types import NoneType
from typing import Any

import msgspec

# What a column of the site may hold. msgspec has a text for dates and times, too, which would come back as no value of their column.
OF_ROWS = (NoneType, int, float, Decimal, str, bytes)


def _other(value: Any) -> Any:
    """What msgspec leaves to us: texts of a class of their own."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"a value of type {type(value).__name__} can't be kept as JSON")


_encoder = msgspec.json.Encoder(enc_hook=_other)


def as_json(value: Any) -> bytes:
    """A value as JSON, in UTF-8. Decimals become texts.

    :raises TypeError: it holds something that JSON does not know.
    :raises UnicodeEncodeError: a text of it is none that UTF-8 knows.
    """
    return _encoder.encode(value)


def from_json(content: bytes, kind: Any = Any) -> Any:
    """The value that JSON holds.

    :param kind: a `msgspec.Struct` that has no more than what is asked for: the rest is passed over, which costs little.
    :raises ValueError: it is no JSON, or not of this kind.
    """
    return msgspec.json.decode(content, type=kind)


def plain_rows(rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """Rows of a database, as undo bundles keep them: `{"hex": …}` for what is no text.

    :param rows: their values; the same are returned if there is nothing to change.
    :raises TypeError: one could not be put back.
    """
    kinds = set(map(type, chain.from_iterable(rows)))
    for kind in kinds:
        if not issubclass(kind, OF_ROWS):
            raise TypeError(f"a value of type {kind.__name__} can't be kept in an undo bundle")
    if bytes not in kinds:
        return rows
    return [[{"hex": value.hex()} if isinstance(value, bytes) else value for value in row] for row in rows]


def decoded(value: dict[str, Any]) -> Any:
    """The value that `plain_rows` has changed, for `object_hook` of `json.loads`."""
    return bytes.fromhex(value["hex"]) if value.keys() == {"hex"} else value
