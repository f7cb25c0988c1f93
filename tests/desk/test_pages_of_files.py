"""Files of which only a page is read are read as if all of them were."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolsync.desk.cells import Layout, lines_with, records_at
from toolsync.desk.corrected import CantCorrect, corrections, places_of, write
from toolsync.desk.inspection import Bytes, Head
from toolsync.desk.table import ChangesTable, LinesTable
from toolsync.reading.command_file import CommandFile
from toolsync.reading.records import Record
from toolsync.reading.suite import load_suite
from toolsync.reporting.changed_things import Change
from toolsync.reporting.changes_table import write_changes
from toolsync.reporting.tables import Table

COLUMNS = ["username", "firstname", "lastname", "email", "password"]
VALUES = [
    "",
    "a",
    "Zoë",
    'say ""x""',
    "two\nlines",
    "cr\rhere",
    "semi;colon",
    " spaced ",
    "#no comment",
    "&#59;",
    "日本",
]
WRITABLE = [value for value in VALUES if value != "&#59;"]  # which is read as a semicolon
ENDS = ["\n", "\r\n", "\r"]


def a_file(chance: random.Random, delimiter: str, end: str) -> bytes:
    """A file with quotes, blank lines, comments, values of several lines, and records that can't be read."""
    lines = ["", delimiter.join(COLUMNS)]
    for number in range(chance.randrange(2, 60)):
        kind = chance.random()
        if kind < 0.1:
            lines.append(chance.choice(["", "# a comment", f"{delimiter}{delimiter}"]))
        elif kind < 0.15:
            lines.append(f'u{number}{delimiter}"broken" x')
        else:
            cells = [chance.choice(VALUES) for _ in COLUMNS[1 : chance.randrange(2, 6)]]
            quoted = [f' "{cell}"' if chance.random() < 0.5 or not cell.isalnum() else cell for cell in cells]
            lines.append(delimiter.join([f"u{number}", *quoted]))
    return end.join([*lines, ""]).encode()


def records_of(content: bytes) -> list[Record]:
    file = CommandFile.open(Bytes(content), suite=load_suite("users"))
    return [record for chunk in file.records() for record in chunk if not record.continued]


def layout_of(content: bytes) -> Layout:
    return Layout(Bytes(content), load_suite("users"), "auto", "utf-8")


@pytest.mark.parametrize("seed", range(30))
def test_single_lines_and_corrections(seed: int):
    chance = random.Random(seed)
    content = a_file(chance, chance.choice([",", ";", "\t"]), chance.choice(ENDS))
    layout, records = layout_of(content), records_of(content)
    key = ("test", seed)
    found = records_at(layout, key, len(content), [record.line for record in records if record.values])
    for record in records:
        if record.values:
            told = layout.shown(found[record.line])
            assert told is not None and told[:4] == record.values[:4] and told[4] is None
    places = places_of(layout, key, len(content))
    assert places.lines.tolist() == [record.line for record in records]
    readable = [number for number, record in enumerate(records, start=1) if record.values]
    changed = {
        number: {"email": f"{chance.choice(WRITABLE)}{number}"}
        for number in chance.sample(readable, min(4, len(readable)))
    }
    drop = [
        number
        for number in chance.sample(range(1, len(records) + 1), min(2, len(records) - 1))
        if number not in changed
    ]
    target = io.BytesIO()
    write(target, io.BytesIO(content), len(content), corrections(layout, places, changed, drop))
    after = records_of(target.getvalue())
    kept = [number for number in range(1, len(records) + 1) if number not in drop]
    assert len(after) == len(kept)
    for number, record in zip(kept, after, strict=True):
        before = records[number - 1]
        if number in changed:
            expected = [*(before.values or []), ""][:5]
            expected[3] = changed[number]["email"].strip().replace("\r", "\n")
            assert record.values == expected
        else:
            assert (record.values, record.raw) == (before.values, before.raw)


def test_passwords_that_are_not_where_they_belong():
    """In a record that a delimiter without quotes moves to the right, below a column without a name, in a record of several lines."""
    content = (
        b'username,firstname,password,email,\nada,A,da,Hunter2,ada@x.org\ngrace,"Gr\nace",Hunter2,g@x.org,\n'
        b"alan,Alan,,a@x.org,Hunter2\n"
    )
    layout = layout_of(content)
    found = records_at(layout, "moved", len(content), [2, 3, 5])
    assert [layout.shown(found[line]) for line in (2, 3, 5)] == [
        ["ada", "A", None, None, None],
        ["grace", "Gr\nace", None, "g@x.org", None],
        ["alan", "Alan", None, None, None],
    ]
    moved = b"username,firstname,password,email\nada,A,d,a,Hunter2\nmary,Mary,x,m@x.org,\n"
    layout = layout_of(moved)
    found = records_at(layout, "further", len(moved), [2, 3])
    assert layout.shown(found[2]) == ["ada", "A", None, None]
    assert layout.shown(found[3]) == ["mary", "Mary", None, "m@x.org"]
    text = b'username,firstname,lastname,password\nada,"Ada\nAugusta",Lovelace,Hunter2\n'
    begins = np.array([2])
    assert list(lines_with(layout_of(text), "several", len(text), "lovelace", begins)) == [2]
    assert list(lines_with(layout_of(text), "several", len(text), "hunter2", begins)) == []


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (
            "Besançon\nZoé\n".encode() + b"Zo\xe9\n",
            "utf-8",
        ),  # damaged in one line: the others are not to become BesanÃ§on
        (b"Besan\xe7on\nZo\xe9\n", "windows-1252"),
        ("Besançon\nZoé\nMüller\n".encode("mac_roman"), "utf-8"),  # no Param stands for that: its lines fail
    ],
)
def test_the_encoding_that_the_upload_page_chooses(content: bytes, encoding: str):
    assert Head("users.csv", content, True).encoding(None) == encoding


def test_corrections_that_can_not_be_written():
    content = 'username;firstname\nada;Ada\ngrace;"broken" x\n'.encode("latin-1")
    layout = Layout(Bytes(content), load_suite("users"), "auto", "iso-8859-1")
    places = places_of(layout, "latin", len(content))
    for changes, why in (
        ({1: {"firstname": "Ł"}}, "^Line 2, column firstname: the file is iso-8859-1, which has no character 'Ł'"),
        ({2: {"firstname": "x"}}, "^Line 3 can't be read, so it can't be changed here"),
        ({1: {"username": "", "firstname": ""}}, "would be empty"),
        ({1: {"firstname": "&#59;"}}, "can't be written"),
        ({3: {"firstname": "x"}}, "There is no record 3"),
    ):
        with pytest.raises(CantCorrect, match=why):
            corrections(layout, places, changes, [])
    with pytest.raises(CantCorrect, match="^Line 17 would be empty"):
        corrections(layout, places, {1: {"username": "", "firstname": ""}}, [], None, [17, None])
    with pytest.raises(CantCorrect, match="^Line 3 of the tryback can't be read"):
        corrections(layout, places, {2: {"firstname": "x"}}, [], None, [17, None])


@pytest.mark.parametrize("seed", range(20))
def test_the_table_of_lines(seed: int):
    chance = random.Random(seed)
    outcomes = ["created", "updated", "deleted", "unchanged", "failed", "not approved"]
    lines: dict[int, tuple[str, list[tuple[str, str, str]]]] = {}
    numbers = chance.sample(range(2, 5000), 80)
    for number in sorted(numbers, key=lambda number: (number % 3, number)):  # those that validation found come first
        remarks = [
            (chance.choice(COLUMNS), chance.choice(VALUES), f"Wrong {value}")
            for value in chance.sample(VALUES, chance.randrange(3))
        ]
        lines[number] = chance.choice(outcomes), remarks
    text = io.StringIO(newline="")
    table = Table(text)
    table.row(("line", "outcome", "column", "value", "message"))
    for number, (outcome, remarks) in lines.items():
        table.rows((number, outcome, *remark) for remark in remarks or [("", "", "")])
    made = LinesTable(text.getvalue().encode())
    written: dict[int, list[list[str]]] = {}
    for row in list(csv.reader(io.StringIO(text.getvalue(), newline="")))[1:]:
        written.setdefault(int(row[0]), []).append(row)

    def expected(outcome: str | None, q: str) -> list[int]:
        def fits(number: int) -> bool:
            told, remarks = lines[number]
            right: dict[str | None, bool] = {
                None: True,
                "undone": told == "not approved",
                "remarked": told != "failed" and bool(remarks),
            }
            return right.get(outcome, told == outcome) and any(
                q.lower() in "\0".join(row).lower() for row in written[number]
            )

        return [number for number in sorted(lines) if fits(number)]

    for wanted in (None, *outcomes[:5], "undone", "remarked"):
        for q in ("", "wrong", 'SAY "X"', "ZOË", "two\nlines", "password", str(numbers[0]), "nowhere"):
            assert made.numbers(made.matching(wanted, q)) == expected(wanted, q), (wanted, q)
    rows = {number: (outcome, remarks) for number, outcome, remarks in made.rows(made.matching(None, ""))}
    assert made.total == len(rows) == 80
    for number, (outcome, remarks) in lines.items():
        told: list[dict[str, Any]] = rows[number][1]
        assert rows[number][0] == outcome
        assert [remark["message"] for remark in told] == [row[4] for row in written[number] if remarks]
    assert made.remarks_of([numbers[1]]) == {numbers[1]: rows[numbers[1]][1]} and made.remarks_of([9999]) == {}


def test_the_table_of_changes():
    """Pages and searches of it, whatever the values hold."""
    written = [
        Change(line, f"u{place} · C101", "user", place, column, before, after)
        for place, (line, column, before, after) in enumerate(
            [(3, "city", value, "Zoë"), (None, "", "enrolment", ""), (12, "", "", value)][place % 3]
            for place, value in enumerate(VALUES)
        )
    ]
    text = io.StringIO(newline="")
    write_changes(text, written, "line")
    made = ChangesTable(text.getvalue().encode())
    rows = made.rows(made.matching(""))
    assert [(row["line"], row["thing"], row["id"], row["column"]) for row in rows] == [
        (change.line, change.thing, change.id, change.column) for change in written
    ]
    assert made.total == len(VALUES) and rows[2]["after"] == "Zoë"
    for q in ("zoë", 'SAY ""', "lines", "u1", "enrolment", "thing", "nowhere"):
        held = [row["id"] for row in rows if any(q.lower() in str(value).lower() for value in row.values())]
        assert [row["id"] for row in made.rows(made.matching(q))] == held, q


def test_samples_are_recognised():
    from toolsync.desk.inspection import recognise, suites
    from toolsync.params import known_types

    folder = Path(__file__).parents[2] / "include/samples"
    candidates = suites({f"toolsync_{kind}": kind for kind in known_types()})
    for sample in folder.glob("*.csv"):
        for cut in (None, 700):
            content = sample.read_bytes()[:cut]
            found = recognise(Head(sample.name, content, cut is None), candidates, "auto", "utf-8")
            assert [one["dag_id"] for one in found][:1] == [f"toolsync_{sample.stem}"], (sample.name, found[:2])
    # A header that fits several types: none that takes something away, unless the name says so.
    several = recognise(Head("x.csv", b"shortname\nC106\n", True), candidates, "auto", "utf-8")
    assert several[0]["dag_id"] == "toolsync_courses" and len(several) > 2


def test_a_line_that_the_file_does_not_have_says_what_it_stands_for():
    table = LinesTable(
        b"line,outcome,column,value,message\n2,updated,,,\n4,updated,,not in the file: u002 Bram,\n5,failed,,u003 Eve,why\n"
    )
    assert [remarks for _, _, remarks in table.rows(table.matching(None, ""))] == [
        [],
        [{"column": None, "value": None, "message": "not in the file: u002 Bram"}],
        [{"column": None, "value": "u003 Eve", "message": "why"}],
    ]
