"""Texts that people read in terminals and logs."""

from __future__ import annotations

from toolsync.reading.problems import FileProblem, FileRejected
from toolsync.reading.texts import printable, printable_lines


def test_no_text_steers_a_terminal_or_forges_a_line():
    assert printable("a\x1b[2Jb\nc\rd\te\x07\x9b\u2028f") == r"a\x1b[2Jb\nc\rd\te\x07\x9b\u2028f"
    assert printable("Zoë, 日本, \u200d, \u00a0") == "Zoë, 日本, \u200d, \u00a0"
    assert printable_lines("a\nb\tc\x1b") == "a\nb\tc\\x1b"


def test_a_header_says_so_in_one_line():
    rejection = FileRejected([FileProblem("unknown", "x\nERROR", "unknown column x\nERROR\x1b[2J")])
    assert rejection.messages == [r"unknown column x\nERROR\x1b[2J"] and str(rejection) == rejection.messages[0]
