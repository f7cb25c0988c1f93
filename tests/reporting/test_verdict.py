"""What became of a file or a run, in one line."""

from __future__ import annotations

from typing import Any

import pytest

from toolsync.reporting.verdict import REJECTED, UNFINISHED, Verdict, failed_over, note_of


def result(**changes: Any) -> dict[str, Any]:
    """A report as JSON."""
    counts = {"created": 2, "updated": 0, "deleted": 0, "unchanged": 0, "failed": 2, "incomplete": 0}
    return {
        "file": "people.csv", "claim": "20261128-100826-495573-c320", "simulated": False, "rejected": [], "refused": False, "unit": "line",
        "counts": counts, "tryback": None, "docs": None, "failed_over": None,
    } | changes  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "people.csv: 4 lines, 2 created, 2 failed"),
        ({"simulated": True}, "people.csv: 4 lines, 2 created, 2 failed · simulation"),
        ({"failed_over": "2 of 4 …"}, "people.csv: 4 lines, 2 created, 2 failed · too many failed"),
        ({"counts": {"unchanged": 1}, "unit": "image"}, "people.csv: 1 image, 1 unchanged"),
        ({"counts": {"updated": 3, "incomplete": 1}}, "people.csv: 3 lines, 3 updated, 1 incomplete"),
        ({"counts": {}}, "people.csv: 0 lines, nothing to do"),
        ({"rejected": ["unknown column x", "y\nz"]}, "people.csv: rejected: unknown column x; y z"),
        ({"refused": True, "approval": {"by": "ada", "reason": None}}, "people.csv: not approved by ada"),
        ({"refused": True, "approval": {"by": "ada", "reason": "no"}}, "people.csv: not approved by ada (no)"),
        ({"refused": True, "approval": {"by": None}}, "people.csv: not approved yet: nobody was asked"),
        ({"unfit": "The site has two collations."}, "people.csv: not executed: The site has two collations."),
    ],
)
def test_a_file_is_told_in_a_sentence(changes: dict[str, Any], sentence: str):
    assert Verdict.of(result(**changes)).sentence == sentence


def test_what_a_file_left_is_known_by_name():
    verdict = Verdict.of(result(tryback="s3://conn@bucket/users/tryback/people_1_tryback.csv", docs="/x/docs/a.html"))
    assert verdict.tryback == "people_1_tryback.csv" and verdict.docs
    assert Verdict(**verdict.as_json()) == verdict


DONE = Verdict("a.csv", "1", counts={"created": 1, "failed": 2})
BAD = Verdict("b.csv", "2", REJECTED, why="unknown column x")
HALF = Verdict("c.csv", "3", UNFINISHED)


@pytest.mark.parametrize(
    ("verdicts", "messages", "failed", "note"),
    [
        ([], [], False, None),
        ([], [], True, None),
        ([], ["Nothing to do: /x/inbox is empty."], False, "Nothing to do: /x/inbox is empty."),
        ([], ["There is no Param 'simulat'.", "later"], True, "failed: There is no Param 'simulat'."),
        ([DONE], [], False, "a.csv: 3 lines, 1 created, 2 failed"),
        ([DONE], ["The caches were not purged."], True, "a.csv: 3 lines, 1 created, 2 failed: The caches were not purged."),
        ([BAD], ["b.csv is rejected: …"], True, "b.csv: rejected: unknown column x"),
        ([HALF], ["The database was lost.", "c.csv was not executed to the end"], True, "c.csv: not finished: The database was lost."),
        (
            [DONE, Verdict("d.csv", "4", counts={"created": 2}, simulated=True), BAD, HALF],
            ["…"],
            True,
            "4 files (a.csv, d.csv, b.csv, c.csv): 5 lines, 3 created, 2 failed, rejected: b.csv, not finished: c.csv · simulation",
        ),
        ([BAD, BAD], [], True, "2 files (b.csv, b.csv): 2 rejected"),
    ],
)  # fmt: skip
def test_a_run_is_told_in_a_sentence(verdicts: list[Verdict], messages: list[str], failed: bool, note: str | None):
    assert note_of(verdicts, messages, failed=failed) == note


def test_a_note_stays_short_however_many_files_there_are():
    many = [Verdict(f"a_file_with_a_long_name_{number}.csv", "1", REJECTED, why="x" * 5000) for number in range(1000)]
    for verdicts in (many, many[:1], [*many, DONE]):
        assert len(note_of(verdicts, [], failed=True) or "") < 500


@pytest.mark.parametrize(
    ("failed", "incomplete", "limit", "over"),
    [
        (10, 0, None, False), (10, 0, "", False), (10, 0, " ", False),
        (0, 0, 0, False), (1, 0, 0, True), (1, 0, "0", True), (0, 1, 0, True), (1, 0, "0%", True),
        (3, 0, 3, False), (3, 1, 3, True), (4, 0, "3", True),
        (5, 0, "5%", False), (6, 0, "5%", True), (5, 1, " 5 % ", True), (5, 0, "4.9%", True),
    ],
)  # fmt: skip
def test_more_lines_failed_than_may(failed: int, incomplete: int, limit: Any, over: bool):
    counts = {"created": 100 - failed, "failed": failed, "incomplete": incomplete}
    sentence = failed_over(counts, limit, "line")
    assert bool(sentence) == over
    if sentence:
        assert sentence.startswith(
            f"{failed + incomplete} of 100 lines failed or are incomplete: more than Param fail_over ("
        )
