"""What a cell can say of what the site stores."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from toolsync.operators.export_cells import CategoryNames, CustomField, custom_cell, moment, tags, unsayable
from toolsync.reading.values import read_moment

PARIS, UTC = ZoneInfo("Europe/Paris"), ZoneInfo("UTC")


@pytest.mark.parametrize(
    "zone", [PARIS, UTC, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Pacific/Apia"), ZoneInfo("America/St_Johns")]
)
@pytest.mark.parametrize(
    "seconds",
    [1, -1, 0, 1792888200, 1792891800, 1774745999, 1774746000, -1800000000, -2208988800, 253402300799, 999999999],
)
def test_dates_are_read_as_they_were(seconds: int, zone: ZoneInfo):
    assert read_moment(moment(seconds, zone), UTC) == seconds


def test_a_date_beyond_the_calendar_is_a_number():
    assert moment(10**15, PARIS) == str(10**15)
    assert moment(1792888200, PARIS) == "2026-10-25T02:30:00+02:00"


@pytest.mark.parametrize("text", ["", "a b", "a\nb", "&#46;", "&amp;", "\u200b", "\ufeffx", "#", "=1", '"'])
def test_texts_that_a_file_says(text: str):
    assert unsayable(text) == ""


@pytest.mark.parametrize("text", [" a", "a\n", "\u00a0a", "a\rb", "a\r\nb", "a\0", "&#44", "x&#59;y"])
def test_texts_that_a_file_does_not_say(text: str):
    assert unsayable(text) != ""


def packed(*found: tuple[int, int, str]) -> str:
    return ",".join(f"{place}:{of}:{raw.lower().encode().hex()}:{raw.encode().hex()}" for place, of, raw in found)


@pytest.mark.parametrize(
    ("found", "cell", "said"),
    [
        ([], "", True),
        ([(0, 1, "Physics"), (1, 1, "ÉTÉ")], "Physics,ÉTÉ", True),
        ([(0, 1, "a"), (2, 1, "b")], "a,b", False),
        ([(-1, 1, "a")], "a", False),
        ([(0, 2, "a")], "a", False),
        ([(0, 1, "a,b")], "a,b", False),
        ([(0, 1, "a  b")], "a  b", False),
        ([(0, 1, "x" * 50)], "x" * 50, True),
        ([(0, 1, "x" * 51)], "x" * 51, False),
    ],
)
def test_tags(found: list[tuple[int, int, str]], cell: str, said: bool):
    text, why = tags(packed(*found) or None, 1, longest=50)
    assert text == cell and (why == "") == said


@pytest.mark.parametrize(
    ("type", "config", "stored", "cell", "said"),
    [
        ("text", {}, None, "", True),
        ("text", {"maxlength": 3}, ("", "", "abcd"), "abcd", False),
        ("text", {"maxlength": 0}, ("", "", "abcd"), "abcd", True),
        ("checkbox", {}, ("1", "", "1"), "1", True),
        ("checkbox", {"required": 1}, ("0", "", "0"), "0", True),
        ("checkbox", {}, ("2", "", "2"), "2", False),
        ("select", {"options": "One\r\nTwo \r\n Three"}, ("2", "", "2"), "Two", True),
        ("select", {"options": "One\nOne"}, ("2", "", "2"), "One", False),
        ("select", {"options": "One"}, ("2", "", "2"), "2", False),
        ("select", {"options": "One"}, ("0", "", "0"), "", True),
        ("date", {"mindate": 5}, ("86400", "", "86400"), "1970-01-02T00:00:00+00:00", True),
        ("date", {"maxdate": 5}, ("86400", "", "86400"), "1970-01-02T00:00:00+00:00", False),
        ("number", {}, ("", "12.50000", "12.5"), "12.5", True),
        ("number", {}, ("", "100.00000", "100"), "100", True),
        ("number", {"maximumvalue": "99"}, ("", "100.00000", "100"), "100", False),
    ],
)
def test_custom_fields(type: str, config: dict[str, Any], stored: Any, cell: str, said: bool):
    text, why = custom_cell(CustomField(1, "f", type, json.dumps(config)), stored, UTC)
    assert text == cell and (why == "") == said


def test_categories():
    rows: list[tuple[int, int, str, str | None]] = [
        (1, 0, "Arts / Crafts/x", "AC"), (2, 1, "Year", None), (3, 0, "Twin", "T"), (4, 0, "Twin", "T"), (5, 3, "Below", ""), (6, 0, " Odd", "O"),
    ]  # fmt: skip
    paths, idnumbers, ids = (CategoryNames(rows, by) for by in ("path", "idnumber", "id"))
    assert paths.course(2) == ("Arts \\/ Crafts\\/x / Year", "")
    assert paths.cohort(2)[1] and paths.cohort(1)[1]
    assert all(paths.course(id)[1] for id in (3, 4, 5, 6, 7))
    assert idnumbers.course(1) == ("AC", "") and all(idnumbers.course(id)[1] for id in (2, 3, 4, 5))
    assert ids.course(5) == ids.cohort(5) == ("5", "")
