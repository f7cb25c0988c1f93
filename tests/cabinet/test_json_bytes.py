"""JSON of records and bundles: what goes in comes out, and what could not be put back does not go in."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from toolsync.cabinet.json_bytes import as_json, decoded, from_json, plain_rows

ROWS: list[list[Any]] = [
    [1, None, "é\u2028\x00", 1.5, 2**64 - 1],
    [2, b"\x00\xff", Decimal("1.50000"), -0.25, -(2**63)],
]


def test_rows_come_out_as_they_went_in():
    read = json.loads(as_json({"rows": plain_rows(ROWS)}), object_hook=decoded)
    assert read == {"rows": [ROWS[0], [2, b"\x00\xff", "1.50000", -0.25, -(2**63)]]}


@pytest.mark.parametrize("value", [datetime(2026, 9, 1), timedelta(hours=1), {1}])  # noqa: DTZ001 (as the server sends it)
def test_a_value_that_could_not_be_put_back_is_not_kept(value: object):
    with pytest.raises(TypeError, match=type(value).__name__):
        plain_rows([[1, value]])


@pytest.mark.parametrize("content", [b"", b"\0\0\0\0", b'{"a": 1', b'"\xff"', b"{}{"])
def test_what_is_damaged_is_an_error_of_value(content: bytes):
    with pytest.raises(ValueError):  # noqa: PT011 (whatever it says)
        from_json(content)
