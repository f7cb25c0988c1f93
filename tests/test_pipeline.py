"""The task graph as Airflow runs it: where the file goes, what is reported, what stays secret."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from tests.support.command import run_real_command
from tests.support.site import Site
from toolsync import __version__
from toolsync.cabinet.folders import Cabinet

pytestmark = [pytest.mark.usefixtures("airflow"), pytest.mark.in_airflow]

HEADER = "username,firstname,lastname,email\n"
ADA = "ada,Ada,Lovelace,ada@example.org\n"


@pytest.fixture
def cabinet(site: Site) -> Cabinet:
    return Cabinet("users")


def names(cabinet: Cabinet, folder: str) -> list[str]:
    return sorted(path.name for path in cabinet.folder(folder).iterdir())


def test_a_file_is_applied_archived_and_reported(site: Site, cabinet: Cabinet):
    result = site.run("toolsync_users", HEADER + ADA + "no.last,No,,x@example.org\n")
    assert result["state"] == "success"
    assert result["counts"] == {
        "created": 1, "updated": 0, "deleted": 0, "unchanged": 0, "failed": 1, "incomplete": 0,
    }  # fmt: skip
    assert Path(result["archive"]).read_text() == HEADER + ADA + "no.last,No,,x@example.org\n"
    assert Path(result["tryback"]).read_text() == HEADER + "no.last,No,,x@example.org\n"
    assert "line 3, column lastname" in Path(result["report"]).read_text()
    with open(result["lines"], newline="") as stream:
        assert [(row["line"], row["outcome"]) for row in csv.DictReader(stream)] == [("2", "created"), ("3", "failed")]
    assert names(cabinet, "inbox") == names(cabinet, "work") == []


def test_the_tryback_runs_again_as_it_is(site: Site):
    first = site.run("toolsync_users", ("﻿" + HEADER + ADA + 'b,"B;\nb",,b@example.org').replace("\n", "\r\n"))
    again = site.run("toolsync_users", Path(first["tryback"]))
    assert Path(again["tryback"]).read_bytes() == Path(first["tryback"]).read_bytes()
    assert again["counts"]["failed"] == 1


def test_the_same_file_again_changes_nothing(site: Site):
    site.run("toolsync_users", HEADER + ADA)
    assert site.run("toolsync_users", HEADER + ADA)["counts"]["unchanged"] == 1


def test_a_simulation_reports_what_would_happen_and_leaves_all_as_it_was(site: Site, pristine: Site, cabinet: Cabinet):
    text = HEADER + ADA + "u001,Renamed,Person,u001@example.org\nno.last,No,,x@example.org\n"
    simulated = site.run("toolsync_users", text, simulate=True)
    assert site.changed(pristine) == []
    assert simulated["tryback"] is None and simulated["archive"] is None
    assert "SIMULATION" in Path(simulated["report"]).read_text()
    assert names(cabinet, "archive") == names(cabinet, "tryback") == names(cabinet, "work") == []
    assert site.run("toolsync_users", text)["counts"] == simulated["counts"]


def test_a_simulation_of_the_inbox_leaves_the_file_there(site: Site, cabinet: Cabinet, tmp_path: Path):
    (tmp_path / "people.csv").write_text(HEADER + ADA)
    cabinet.put(tmp_path / "people.csv")
    assert site.run("toolsync_users", simulate=True)["counts"]["created"] == 1
    assert names(cabinet, "inbox") == ["people.csv"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (HEADER.encode(), "no line after it"),
        (b"# nothing\n\n", "nothing but blank lines and comments"),
        (b"username,surname\nada,L\n", "unknown column surname"),
        (b"username,username\nada,ada\n", "given twice"),
        (b"firstname,lastname\nA,L\n", "username is missing"),
        (b"username:firstname\nada:Ada\n", "no column of this type"),
        (HEADER.encode("utf-16"), "UTF-16"),
        (",".join(["username", *(f"c{n}x" for n in range(1000))]).encode() + b"\nada\n", "unknown column c999x"),
    ],
)
def test_a_file_that_cannot_be_read_is_rejected_and_kept(
    site: Site, pristine: Site, cabinet: Cabinet, content: bytes, reason: str
):
    result = site.run("toolsync_users", content)
    assert result["state"] == "failed"
    assert reason in " ".join(result["rejected"])
    assert reason in Path(result["report"]).read_text()
    assert Path(result["archive"]).read_bytes() == Path(result["tryback"]).read_bytes() == content
    assert names(cabinet, "inbox") == names(cabinet, "work") == []
    assert site.changed(pristine) == []


def test_nothing_in_the_inbox_is_no_failure(site: Site):
    assert site.run("toolsync_users")["state"] == "success"


def test_files_that_are_not_ready_stay_in_the_inbox(site: Site, cabinet: Cabinet, tmp_path: Path):
    inbox = cabinet.folder("inbox")
    (inbox / "folder").mkdir()
    (tmp_path / "elsewhere.csv").write_text(HEADER + ADA)
    (inbox / "link.csv").symlink_to(tmp_path / "elsewhere.csv")
    (inbox / "upload.csv.part").write_text(HEADER)
    (inbox / "fresh.csv").write_text(HEADER + ADA)
    assert site.run("toolsync_users")["state"] == "success"
    assert names(cabinet, "inbox") == ["folder", "fresh.csv", "link.csv", "upload.csv.part"]


def test_files_of_any_name_are_done_together(site: Site, cabinet: Cabinet):
    odd: list[str | bytes] = [
        "{{ 1 - 0 }} {% raw %s %(x)s.csv",
        "two\nlines.csv",
        b"caf\xe9.csv",
        "<b>&amp;.csv",
        "x" * 251 + ".csv",
    ]
    texts = [HEADER + f"ada{n},Ada,Lovelace,ada{n}@example.org\n" for n in range(len(odd) + 1)]
    for name, text in zip(["plain.csv", *odd], texts, strict=True):
        path = os.path.join(os.fsencode(cabinet.folder("inbox")), os.fsencode(name))
        Path(os.fsdecode(path)).write_text(text)
        os.utime(path, (0, 0))
    assert site.run("toolsync_users")["state"] == "success"
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'ada_'") == len(texts)
    results = [json.loads(path.read_text()) for path in cabinet.folder("report").glob("*.json")]
    assert sorted(Path(result["archive"]).read_text() for result in results) == texts
    for result in results:
        renamed = result["file"] not in ("plain.csv", *odd)
        assert ("The file was dropped as" in Path(result["report"]).read_text()) == renamed
    assert names(cabinet, "inbox") == names(cabinet, "work") == []


def test_rows_can_be_pasted(site: Site):
    result = site.run("toolsync_users", content=HEADER + ADA)
    assert result["counts"]["created"] == 1


def test_several_files_are_processed_separately(site: Site, cabinet: Cabinet, tmp_path: Path):
    for name, text in (("1.csv", HEADER + ADA), ("2.csv", "nonsense\n1\n"), ("3.csv", HEADER + ADA)):
        (tmp_path / name).write_text(text)
        cabinet.put(tmp_path / name)
    assert site.run("toolsync_users")["state"] == "failed"
    results = [json.loads(path.read_text()) for path in sorted(cabinet.folder("report").glob("*.json"))]
    assert [(result["file"], bool(result["rejected"])) for result in results] == [
        ("1.csv", False),
        ("2.csv", True),
        ("3.csv", False),
    ]
    # Processed in parallel, in any order.
    assert sum(result["counts"]["created"] for result in results) == 1
    assert sum(result["counts"]["unchanged"] for result in results) == 1


def test_a_long_file_is_executed_in_batches(site: Site, monkeypatch: pytest.MonkeyPatch):
    from toolsync import settings

    monkeypatch.setitem(settings.settings(), "batch_lines", 7)
    monkeypatch.setitem(settings.settings(), "batch_seconds", None)
    rows = "".join(f"p{n},P,{n},p{n}@example.org\n" for n in range(40))
    result = site.run("toolsync_users", HEADER + rows + "p3,P,Other,p3@example.org\n")
    assert (result["counts"]["created"], result["counts"]["updated"]) == (40, 1)
    assert site.value("SELECT COUNT(*) FROM {cache_flags} WHERE flagtype = 'toolsync'") == 0


def test_a_password_appears_nowhere(
    site: Site, cabinet: Cabinet, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    secret = "Tr0ub4dor&3"
    caplog.set_level("DEBUG")
    result = site.run(
        "toolsync_users",
        "username,password,firstname,lastname,email\n"
        f"ada,{secret},Ada,L,ada@example.org\nbad,{secret},Bad,,bad@example.org\nx,{secret * 200},X,X,x@example.org\n",
    )
    assert result["counts"]["created"] == 1
    with create_session() as session:
        told = [str(row.value) for row in session.query(XComModel)]
        told += [str(row.rendered_fields) for row in session.query(RenderedTaskInstanceFields)]
    told += [path.read_text(errors="replace") for path in cabinet.folder("report").iterdir()]
    told += [path.read_text(errors="replace") for path in cabinet.folder("docs").iterdir()]
    told += [caplog.text, *capfd.readouterr()]
    assert told and not any(secret in text for text in told)
    assert secret in Path(result["tryback"]).read_text()


def test_the_command_prints_one_json_object(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "people.csv").write_text(HEADER + ADA)
    monkeypatch.setenv("AIRFLOW__LOGGING__LOGGING_LEVEL", "INFO")
    done = run_real_command("toolsync_users", str(tmp_path / "people.csv"), "--format", "json")
    assert done.status == 0, done.stderr[-2000:]
    result = json.loads(done.stdout)
    assert result["counts"]["created"] == 1
    assert result["toolsync"] == __version__
    assert f"Tool Sync {__version__}\n" in Path(result["report"]).read_text()
    assert f"Tool Sync {__version__}, Moodle" in done.stderr
