"""The task that validates a file: its page in the cabinet, whatever it finds."""

from __future__ import annotations

import io
import json
import logging
import os
import re
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.io import attach
from fsspec.implementations.memory import MemoryFileSystem

from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.base import Failure
from toolsync.operators.pictures import ValidatePicturesOperator
from toolsync.operators.tryback import TrybackOperator
from toolsync.operators.validate import ValidateOperator
from toolsync.reading.suite import load_suite, parse_suite
from toolsync.reporting.pieces import BATCH, VALIDATED, piece_name
from toolsync.reporting.report import Report
from toolsync.reporting.report_text import write_lines

OPTIONS = {
    "simulate": False,
    "delimiter": "auto",
    "encoding": "utf-8",
    "user_id_field": "username",
    "ignore_unknown_columns": False,
}


@pytest.fixture(params=["folder", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path / "cabinet")
    attach("memory", fs=MemoryFileSystem())
    return f"memory://cabinet-{os.urandom(4).hex()}"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What the operators log."""
    monkeypatch.setattr(ValidateOperator, "log", logging.getLogger("task"))
    caplog.set_level(logging.INFO)
    return caplog


def claimed(cabinet: Cabinet, content: str) -> Claim:
    return cabinet.claim_content(Owner("run", "here", None), {**OPTIONS, "content": content}, "people.csv")


def validate(cabinet: Cabinet, claim: Claim, operator: type[ValidateOperator] = ValidateOperator) -> None:
    operator(task_id="validate", file_type=cabinet.root.name, claim=None).process(cabinet, claim, {})


def page_of(cabinet: Cabinet, claim: Claim) -> str:
    return (cabinet.folder("docs") / claim.named("validation", ".html")).read_text()


def test_a_rejected_file_has_a_page_that_the_log_names(url: str, log: pytest.LogCaptureFixture):
    cabinet = Cabinet("users", url=url)
    claim = claimed(cabinet, "username,town\nada,Lutetia\n")
    with pytest.raises(AirflowFailException, match="unknown column town"):
        validate(cabinet, claim)
    page = page_of(cabinet, claim)
    assert "unknown column town" in page
    assert "Lutetia" not in page
    found = cabinet.saved(claim, VALIDATED)
    assert found["docs"] in log.text
    assert found["docs"].endswith(claim.named("validation", ".html"))


def test_a_file_in_another_encoding_gets_one_sentence_beside_the_problems_of_its_lines(
    tmp_path: Path, log: pytest.LogCaptureFixture
):
    cabinet = Cabinet("users", url=str(tmp_path))
    (cabinet.folder("inbox") / "people.csv").write_bytes(
        "username,firstname,lastname,email\nzoe,Zoé,Doe,z@example.org\nann,Ann,Doe,a@example.org\n".encode("cp1252")
    )
    claim = cabinet.claim("people.csv", Owner("run", "here", None), OPTIONS)
    assert claim
    validate(cabinet, claim)
    found = cabinet.saved(claim, VALIDATED)
    assert (found["lines"], found["failed"]) == (2, 1)
    assert found["notes"][0].startswith(
        "1 line is not valid utf-8: the file looks like windows-1252, in which line 2, column firstname says 'Zoé'"
    )
    assert "line 2, column firstname: byte 0xE9 is not valid utf-8" in log.text


def test_utf8_that_is_to_be_read_as_something_else_is_rejected(tmp_path: Path):
    cabinet = Cabinet("users", url=str(tmp_path))
    content = "username,firstname,lastname,email\nzoe,Zoé,Doe,z@example.org\n"
    (cabinet.folder("inbox") / "people.csv").write_text(content)
    claim = cabinet.claim("people.csv", Owner("run", "here", None), {**OPTIONS, "encoding": "windows-1252"})
    assert claim
    with pytest.raises(AirflowFailException, match="the file is UTF-8 .* set it to utf-8"):
        validate(cabinet, claim)
    assert "Save the file as CSV in UTF-8, or set Param encoding" in page_of(cabinet, claim)


def test_lines_that_contradict_each_other_are_noted(tmp_path: Path, log: pytest.LogCaptureFixture):
    cabinet = Cabinet("users", url=str(tmp_path))
    claim = claimed(cabinet, "username,city\nada,Rome\nbob,Ulm\nada,Bonn\n")
    validate(cabinet, claim)
    [note] = Report(cabinet, claim).notes()
    assert (note.line, note.message.partition(":")[0]) == (4, "line 2 has the same username, and other values in city")
    table = io.StringIO()
    cabinet.save(
        claim,
        piece_name(BATCH, 0),
        {"lines": [[2, "updated"], [3, "updated"], [4, "updated"]], "problems": [], "notes": []},
    )
    write_lines(Report(cabinet, claim), table)
    assert [row for row in table.getvalue().splitlines() if "same username" in row][0].startswith(
        "4,updated,username,ada,"
    )


def test_a_retry_of_a_rejected_file_says_the_same(url: str, log: pytest.LogCaptureFixture):
    cabinet = Cabinet("users", url=url)
    claim = claimed(cabinet, "username,town\nada,Lutetia\n")
    for _ in range(2):
        with pytest.raises(AirflowFailException, match="unknown column town"):
            validate(cabinet, claim)
    assert log.text.count("Data Docs: ") == 2


def test_an_expectation_on_the_whole_file_that_is_not_met_is_in_its_data_docs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    cabinet = Cabinet("users", url=str(tmp_path))
    document = json.loads(json.dumps(load_suite("users").document))
    document["expectations"].append({"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 3}})
    suite = parse_suite(document)
    monkeypatch.setattr("toolsync.operators.validate.load_suite", lambda _: suite)
    claim = claimed(cabinet, "username\nada\n")
    with pytest.raises(AirflowFailException, match="expected of the whole file"):
        validate(cabinet, claim)
    page = re.sub("<[^>]*>", "", page_of(cabinet, claim))
    assert "Must have greater than or equal to 3 rows." in " ".join(page.split())


def test_a_rejected_archive_has_a_page(tmp_path: Path):
    cabinet = Cabinet("user_pictures", url=str(tmp_path))
    claim = claimed(cabinet, "no archive")
    with pytest.raises(AirflowFailException, match="can't be read as a ZIP archive"):
        validate(cabinet, claim, ValidatePicturesOperator)
    assert "be read as a ZIP archive" in page_of(cabinet, claim)


def test_a_tryback_whose_file_was_not_executed_fails(tmp_path: Path):
    """Whoever clears what failed of a run clears it, too, and `archive` waits for it. Else that would end before `execute` has."""
    cabinet = Cabinet("users", url=str(tmp_path / "cabinet"))
    claim = claimed(cabinet, "username\nada\n")
    validate(cabinet, claim)
    with pytest.raises(Failure, match="was not executed to its end"):
        TrybackOperator(task_id="tryback", file_type="users", claim=None).process(cabinet, claim, {})
