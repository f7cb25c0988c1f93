"""Texts that people read in terminals and logs."""

from __future__ import annotations

import unicodedata

import pytest

from toolsync.reading.problems import FileProblem, FileRejected, shown
from toolsync.reading.texts import UNSEEN_CHARACTER, printable, printable_lines, unseen, visible, without_unseen
from toolsync.reporting.outcomes import Outcomes


def test_no_text_steers_a_terminal_or_forges_a_line():
    assert printable("a\x1b[2Jb\nc\rd\te\x07\x9b\u2028f") == r"a\x1b[2Jb\nc\rd\te\x07\x9b\u2028f"
    assert printable("Zoë, 日本, 👩\u200d💻") == "Zoë, 日本, 👩\u200d💻"
    assert printable_lines("a\nb\tc\x1b") == "a\nb\tc\\x1b"


def test_a_header_says_so_in_one_line():
    rejection = FileRejected([FileProblem("unknown", "x\nERROR", "unknown column x\nERROR\x1b[2J")])
    assert rejection.messages == [r"unknown column x\nERROR\x1b[2J"] and str(rejection) == rejection.messages[0]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("u002\u200b", "u002U+200B"),
        ("\u200bu002", "U+200Bu002"),
        ("a\u00adb\u200cc\u200dd\u200ee\u200ff\u2060g\ufeffh", "aU+00ADbU+200CcU+200DdU+200EeU+200FfU+2060gU+FEFFh"),
        ("C\u00a0101, C\u202f101, C\u2003101", "CU+00A0101, CU+202F101, CU+2003101"),
        ("\u202egnp.exe", "U+202Egnp.exe"),
        ("u001\ufe0f", "u001U+FE0F"),
        ("Team 🐱\u200d", "Team 🐱U+200D"),
        ("Team\u3000A", "TeamU+3000A"),
        ("\U000e0041", "U+E0041"),
        ("Zoë, Ω, 日本, naïve – “x”", "Zoë, Ω, 日本, naïve – “x”"),
    ],
)
def test_what_nobody_sees_is_shown(text, seen):
    assert visible(text) == printable(text) == printable_lines(text) == shown(text) == seen


@pytest.mark.parametrize(
    "text", ["👩\u200d💻", "🏳\ufe0f\u200d🌈", "❤\ufe0f", "1\ufe0f\u20e3", "می\u200cروم", "क्\u200dष", "ന്\u200d", "山田\u3000太郎"]
)  # fmt: skip
def test_joiners_that_belong_to_a_text_stay(text):
    assert visible(text) == text


def test_all_format_characters_and_spaces_are_known():
    seen = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0x13430, 0x13440)}
    for code in range(0x110000):
        if unicodedata.category(chr(code)) in {"Cf", "Zs"} and code != ord(" ") and code not in seen:
            assert UNSEEN_CHARACTER.fullmatch(chr(code)), f"U+{code:04X}"


def test_names_without_them():
    assert (unseen("\ufeffuser\u200bname\u200b"), without_unseen("\ufeffuser\u200bname\u200b")) == (
        ["U+FEFF", "U+200B"],
        "username",
    )


def test_messages_of_the_sql_show_them():
    outcomes = Outcomes(
        lines=[(2, "failed", "username", "another account has it: u\u200b001"), (3, "updated", None, None)],
        problems=[(3, "group1", "no group Team\u00a0A")],
        notes=[(3, None, "was u\u200b003")],
    )
    said = outcomes.as_json(lambda line, column: (column, None), lambda line: ())
    assert said["problems"] == [
        (2, "username", None, "another account has it: uU+200B001"),
        (3, "group1", None, "no group TeamU+00A0A"),
    ]
    assert said["notes"] == [(3, None, None, "was uU+200B003")]
