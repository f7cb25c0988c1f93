"""A file's way over the page: looked at, uploaded, simulated, run, reported, corrected, run again."""

from __future__ import annotations

import errno
import io
import json
import os
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support.desk import Desk
from tests.support.feeds import run_types_here
from tests.support.object_store import ObjectStore, object_store
from tests.support.packages import oneroster
from tests.support.site import Site
from toolsync.cabinet import takeover, uploads
from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.disk import Disk
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.store import Store
from toolsync.desk import overview, runs
from toolsync.desk.access import OurDag, dag_of
from toolsync.settings import INCLUDE, settings

DAG = "toolsync_users"
OF_DAG = f"api/dags/{DAG}"
NUMBER = "20261129-060000-000000-abcd"
# A byte order mark, semicolons, CRLF, a comment, a value of two lines, a password, and three lines that fail.
FILE = (
    "\ufeffusername;firstname;lastname;email;password;course1\r\n"
    "# new ones\r\n"
    'ada;"Ada\r\nAugusta";Lovelace;ada@example.org;Hunter2-ada!;\r\n'
    "grace;Grace;Hopper;not an email;Hunter2-grace!;\r\n"
    "alan;  Alan;Turing ;alan@example.org;Hunter2-alan!;NO-SUCH\r\n"
    'mary;"=1+1";"O""Neill";mary@nowhere;"Hunter2;mary!";\r\n'
).encode()


@pytest.fixture
def page(site: Site, desk: Desk) -> TestClient:
    return desk.client("user")


def sent(page: TestClient, content: bytes = FILE, name: str = "people.csv", dag_id: str = DAG) -> str:
    answer = page.put(f"api/dags/{dag_id}/uploads/{name}", content=content)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def got(page: TestClient, path: str, **query: Any) -> Any:
    answer = page.get(path, params=query)
    assert answer.status_code == 200, answer.text
    assert "Hunter2" not in answer.text
    return answer.json()


def files(cabinet: Cabinet, *folders: str) -> list[str]:
    return sorted(name for folder in folders for name in cabinet.files.tree(cabinet.folder(folder)))


def newest(page: TestClient) -> dict[str, Any]:
    return got(page, f"{OF_DAG}/reports")["reports"][0]


def test_from_upload_to_correction(page: TestClient, site: Site):
    cabinet = Cabinet("users")
    looked = page.post("api/inspect?name=people.csv&complete=1", content=FILE).json()
    assert (looked["dag_id"], looked["delimiter"], looked["encoding"], looked["lines"]) == (DAG, ";", "utf-8", 4)
    assert [column["secret"] for column in looked["columns"]] == [False] * 4 + [True, False]
    assert looked["rows"][0] == {"line": 3, "cells": ["ada", "Ada\nAugusta", "Lovelace", "ada@example.org", None, ""]}
    assert [(told["line"], told["column"]) for told in looked["problems"]] == [(5, "email"), (7, "email")]
    assert not files(cabinet, "inbox", "uploads") and looked["notes"] == []
    twice = page.post(
        "api/inspect?name=people.csv&complete=1", content=FILE + FILE[FILE.index(b"alan") :].replace(b"Alan", b"Al")
    ).json()
    assert [(note["line"], note["column"], note["value"]) for note in twice["notes"]] == [(8, "username", "alan")]
    assert "line 6 has the same username, and other values in firstname" in twice["notes"][0]["message"]

    upload = sent(page)
    waiting = got(page, "api/overview")["types"]
    [waiting] = [kind for kind in waiting if kind["dag_id"] == DAG]
    assert [(one["id"], one["name"], one["size"], one["by"]) for one in waiting["uploads"]] == [
        (upload, "people.csv", len(FILE), "user")
    ]
    again = got(page, f"{OF_DAG}/uploads/{upload}/inspect")
    assert again["upload"]["id"] == upload and again["rows"] == looked["rows"]

    # A run of the inbox leaves it alone; a simulation copies it; its report shows its lines.
    assert site.run(DAG)["state"] == "success" and len(uploads.uploads(cabinet)) == 1
    simulation = site.run(DAG, upload=upload, simulate=True)
    assert simulation["counts"]["created"] == 2
    assert (
        "run the DAG with the same Param upload, and without Param simulate" in Path(simulation["report"]).read_text()
    )
    assert len(uploads.uploads(cabinet)) == 1 and not files(cabinet, "work", "archive")
    simulated = newest(page)
    assert simulated["simulated"] and simulated["tryback"] is None
    lines = got(page, f"{OF_DAG}/reports/{simulated['claim']}/lines", outcome="failed")
    assert lines["rows"][0]["cells"][0] == "grace"

    result = site.run(DAG, upload=upload)
    assert (result["counts"]["created"], result["counts"]["failed"], result["counts"]["incomplete"]) == (2, 2, 1), (
        result
    )
    assert not files(cabinet, "uploads", "work", "inbox")
    assert Path(result["archive"]).read_bytes() == FILE

    head = newest(page)
    report = got(page, f"{OF_DAG}/reports/{head['claim']}")
    assert report["text"].startswith("Tool Sync report: people.csv") and report["may"] == {"trigger": True}
    written = {"report", "lines", "changes", "json", "tryback", "archive", "docs"}
    assert {file["what"] for file in report["files"]} == written
    lines = got(page, f"{OF_DAG}/reports/{head['claim']}/lines")
    assert (lines["total"], lines["matching"]) == (4, 4)
    assert [(row["line"], row["outcome"]) for row in lines["rows"]] == [
        (3, "created"),
        (5, "failed"),
        (6, "created"),
        (7, "failed"),
    ]
    assert lines["rows"][1]["cells"] == ["grace", "Grace", "Hopper", "not an email", None, ""]
    assert lines["rows"][1]["remarks"][0]["column"] == "email"
    assert lines["rows"][2]["remarks"][0]["column"] == "course1"
    assert lines["header"][4] == {"name": "password", "secret": True}

    def found(**query: Any) -> list[int]:
        return [row["line"] for row in got(page, f"{OF_DAG}/reports/{head['claim']}/lines", **query)["rows"]]

    assert found(outcome="failed") == [5, 7] and found(outcome="remarked") == [6] and found(outcome="deleted") == []
    assert found(q="HOPPER") == [5] and found(q="augusta") == [3] and found(q="No-Such") == [6]
    assert found(q="hunter2-ALAN") == [] and found(q='o"neill') == [7]
    assert found(offset=1, limit=2) == [5, 6]

    def changed(claim: str, **query: Any) -> list[tuple[Any, ...]]:
        rows = got(page, f"{OF_DAG}/reports/{claim}/changes", **query)["rows"]
        return [(row["line"], row["thing"], row["column"], row["before"], row["after"]) for row in rows]

    every = changed(head["claim"])
    assert every[0] == (3, "ada", "", "", "account") and {line for line, *_ in every} == {3, 6}
    assert changed(simulated["claim"]) == every
    assert changed(head["claim"], q="ALAN") == [row for row in every if row[1].startswith("alan")] != []
    assert changed(head["claim"], offset=1, limit=1) == every[1:2] != [] and changed(head["claim"], q="Hunter2") == []
    assert page.get(f"{OF_DAG}/reports/20200101-000000-000000-0000/changes").status_code == 404

    # Downloads: what was written, never as a page with rights.
    for what, begin in (("archive", FILE[:20]), ("json", b"{"), ("lines", b"line,outcome")):
        answer = page.get(f"{OF_DAG}/reports/{head['claim']}/files/{what}")
        assert answer.content.startswith(begin) and answer.headers["content-disposition"].startswith("attachment")
        assert "html" not in answer.headers["content-type"]
    docs = page.get(f"{OF_DAG}/reports/{head['claim']}/files/docs")
    assert docs.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert page.get(f"{OF_DAG}/reports/{head['claim']}/files/passwords").status_code == 404

    # The tryback: corrected in place, what nobody touched stays byte for byte, the password unseen.
    [listed] = got(page, f"{OF_DAG}/trybacks")["trybacks"]
    assert listed["name"] == head["tryback"] and listed["claim"] == head["claim"] and listed["sent"] is None
    tryback = got(page, f"{OF_DAG}/trybacks/{listed['name']}")
    assert [(row["number"], row["line"], row["cells"][0]) for row in tryback["rows"]] == [
        (1, 5, "grace"),
        (2, 6, "alan"),
        (3, 7, "mary"),
    ]
    assert tryback["rows"][0]["remarks"][0]["column"] == "email" and tryback["rows"][2]["cells"][4] is None
    body = {
        "changes": {"1": {"email": "grace@example.org"}, "3": {"email": "mary@example.org", "firstname": 'M;"x"\nY'}},
        "drop": [2],
        "version": tryback["version"],
    }
    for wrong, why in (
        ({"drop": [4]}, "no record 4"),
        ({"drop": [1, 2, 3]}, "nothing is left"),
        ({"changes": {"1": {"mail": "x"}}}, "no column 'mail'"),
        ({"changes": {"1": {"email": "x"}}, "version": "1"}, "has changed"),
    ):
        answer = page.post(f"{OF_DAG}/trybacks/{listed['name']}/send", json=wrong)
        assert answer.status_code in (400, 409) and why in answer.json()["detail"]
    before = Path(cabinet.folder("tryback") / listed["name"]).read_bytes()
    assert before.startswith(FILE[: FILE.index(b"\n") + 1])
    answer = page.post(f"{OF_DAG}/trybacks/{listed['name']}/send", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["name"] == "people.csv" and not files(cabinet, "tryback")
    correction = uploads.upload_of(cabinet, answer.json()["upload"])
    dropped = before[before.index(b"alan") : before.index(b"mary")]
    expected = before.replace(dropped, b"").replace(b"not an email", b"grace@example.org")
    assert uploads.opened(cabinet, correction).read_bytes() == expected.replace(
        b"mary@nowhere", b"mary@example.org"
    ).replace(b'"=1+1"', b'"M;""x""\nY"')
    assert page.post(f"{OF_DAG}/trybacks/{listed['name']}/send", json={}).status_code == 404
    assert site.run(DAG, upload=correction.id)["counts"]["created"] == 2


def test_a_tryback_is_given_up(desk: Desk, anywhere: ObjectStore, monkeypatch: pytest.MonkeyPatch):
    """It moves into the archive as it is, beside whatever has its name there; Airflow's audit log says who did it."""
    cabinet, user = Cabinet("users"), desk.client("user")
    name, there = f"people_{NUMBER}_tryback.csv", f"people_{NUMBER}_tryback~2.csv"
    archive, content = cabinet.folder("archive"), b"username\nada\n"
    cabinet.files.write(cabinet.folder("tryback") / name, content)
    cabinet.files.write(archive / name, b"another")
    address = f"{OF_DAG}/trybacks/{name}"
    assert desk.client("viewer").post(f"{address}/give_up", json={}).status_code == 403
    assert user.post(f"{address}/give_up", json={"version": "of another"}).status_code == 409
    assert files(cabinet, "tryback") == [name]
    answer = user.post(f"{address}/give_up", json={"version": got(user, address)["version"]})
    assert (answer.status_code, answer.json()) == (200, {"name": there}), answer.text
    assert cabinet.files.read(archive / there) == content and cabinet.files.read(archive / name) == b"another"
    assert not files(cabinet, "tryback") and user.post(f"{address}/give_up", json={}).status_code == 404
    query = {"event": "toolsync_give_up", "dag_id": DAG, "order_by": "-event_log_id"}
    log = desk.client("admin").get("http://airflow/api/v2/eventLogs", params=query).json()["event_logs"][0]
    assert log["owner"] == "user" and name in log["extra"]
    # Somebody sends it at the same moment: one of the two has it.
    cabinet.files.write(cabinet.folder("tryback") / name, content)
    of_store = type(cabinet.files)
    removed = of_store.removed
    late = lambda self, path: path.parent.name != "tryback" and removed(self, path)  # noqa: E731
    monkeypatch.setattr(of_store, "removed", late)
    assert user.post(f"{address}/give_up", json={}).status_code == 409
    assert files(cabinet, "archive") == sorted([name, there])


def test_an_upload_is_never_lost(page: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch):
    """Rejected: in tryback and archive. Not approved: an upload again. Taken by a run that died: the next run of the inbox goes on with it."""
    cabinet = Cabinet("courses_delete")
    upload = sent(page, b"shortname\nC106\n", dag_id="toolsync_courses_delete")
    refused = site.run("toolsync_courses_delete", upload=upload, approve="no")
    assert refused["state"] == "not approved" and f"/uploads/{upload}/" in refused["returned"]
    assert f"The file was among the uploads again: {refused['returned']}" in Path(refused["report"]).read_text()
    # Its run says who has rejected it, and where the file is; the task that was skipped is not quoted besides.
    claims = [{"id": refused["claim"], "name": "people.csv", "options": {"simulate": False}}]
    [told] = runs._files(dag_of("toolsync_courses_delete"), claims, True, [(0, "It was not approved.")])
    assert (told["step"], told["message"]) == ("refused", None)
    assert told["report"]["answer"]["answer"] == "no" and told["report"]["answer"]["by"]
    place = {"folder": "uploads", "path": refused["returned"], "upload": upload}
    assert told["report"]["place"] == place
    of_dag = OurDag(cabinet.site, "courses_delete")
    assert overview._folders(of_dag, [refused["run_id"]])[2] == {refused["run_id"]}
    [back] = uploads.uploads(cabinet)
    assert (back.id, back.by, back.name) == (upload, "user", "people.csv") and not files(
        cabinet, "inbox", "work", "archive"
    )
    claim = uploads.claim_upload(cabinet, upload, Owner("manual__dead", "elsewhere", None), {"simulate": False})
    assert not uploads.uploads(cabinet) and cabinet.holds(claim)
    told = site.run("toolsync_courses_delete", upload=upload)
    assert told["state"] == "failed" and f"The upload {upload} is in {cabinet.work(claim)}" in told["messages"][0]
    # The move of an object store that broke off leaves both: the claim counts.
    cabinet.files.make_folder(uploads.place_of(cabinet, claim).parent)
    uploads.place_of(cabinet, claim).write_bytes(b"shortname\nC106\n")
    adopted, _ = takeover.adopt(cabinet, Owner("manual__next", "elsewhere", None))
    assert [one.id for one in adopted] == [claim.id] and not uploads.uploads(cabinet) and cabinet.holds(claim)
    gone = site.run(DAG, upload="20261129-000000-000000-abcd")
    assert gone["state"] == "failed" and "There is no upload" in gone["messages"][0]
    both = site.run(DAG, upload="20261129-000000-000000-abcd", files="a.csv")
    assert both["state"] == "failed" and "give one of them" in both["messages"][0]
    # Which files the inbox is for is another matter.
    monkeypatch.setitem(settings(), "defaults", {"users": {"files": "hr_*.csv"}})
    assert site.run(DAG, upload=sent(page), simulate=True)["state"] == "success"


def test_uploads_of_one_name_and_size_are_told_apart(page: TestClient, site: Site):
    begin = b"username,firstname,lastname,email,password\n"
    first, second = b"ada,Ada,Lovelace,wrong,Hunter2-ada!\n", b"grace,Grace,Hopper,wrong too,Hunter2-g!\n"
    for content, names in ((begin + first + second, ["ada", "grace"]), (begin + second + first, ["grace", "ada"])):
        site.run(DAG, upload=sent(page, content), simulate=True)
        lines = got(page, f"{OF_DAG}/reports/{newest(page)['claim']}/lines")
        assert [row["cells"][0] for row in lines["rows"]] == names


def test_a_tryback_that_was_edited_elsewhere(desk: Desk):
    """Its lines are found in the archived file, where they are the same; thousands of them in no time."""
    cabinet, claim, many = Cabinet("users"), "20261129-000000-000000-abcd", 20_000
    lines = [f"user{number},Ada,Lovelace,wrong{number}" for number in range(many)]
    header = "username,firstname,lastname,email"
    report = {"file": "a.csv", "claim": claim, "counts": {"failed": many}, "simulated": False, "rejected": []}
    told = [f"{number},failed,email,wrong,no address" for number in range(2, many + 2)]
    mended = [line.replace("wrong", "right") for line in lines[1:]]
    for folder, name, content in (
        ("report", f"a_{claim}_report.json", [json.dumps(report)]),
        ("report", f"a_{claim}_report_lines.csv", ["line,outcome,column,value,message", *told]),
        ("archive", f"a_{claim}.csv", [header, *lines]),
        ("tryback", f"a_{claim}_tryback.csv", [header, *mended[:-1], lines[-1]]),
    ):
        cabinet.add(folder, name, io.BytesIO("".join(f"{line}\n" for line in content).encode()))
    page, begun = desk.client("user"), time.perf_counter()
    rows = got(page, f"{OF_DAG}/trybacks/a_{claim}_tryback.csv", offset=many - 3)["rows"]
    assert [(row["line"], bool(row["remarks"])) for row in rows] == [(None, False), (many + 1, True)]
    assert time.perf_counter() - begun < 8


def test_clearing_up_loses_no_file_on_its_way(page: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An upload clears up what is left of old ones, just while a run takes or puts back an old one."""
    cabinet, number = Cabinet("users"), "20200101-000000-000000-abcd"
    place = cabinet.folder("uploads") / number / "file" / "a.csv"

    def put() -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(FILE)

    found = uploads._found

    def found_before(where: Cabinet) -> Any:
        before = found(where)
        put()
        return before

    with monkeypatch.context() as patch:
        patch.setattr(uploads, "_found", found_before)
        place.parent.mkdir(parents=True)
        sent(page)
    assert place.read_bytes() == FILE
    rename = os.rename

    def renamed(source: Path, target: Path) -> None:
        rename(source, target)
        if source == place:
            monkeypatch.setattr(os, "rename", rename)
            sent(page)

    monkeypatch.setattr(os, "rename", renamed)
    owner = Owner("manual__a", "elsewhere", None)
    with suppress(FileNotFoundError):
        uploads.claim_upload(cabinet, number, owner, {"simulate": False})
    claims, _ = takeover.resume(cabinet, owner)
    assert cabinet.input(claims[0]).read_bytes() == FILE


def test_two_people_send_a_tryback_at_once(page: TestClient, monkeypatch: pytest.MonkeyPatch):
    cabinet = Cabinet("users")
    name = "people_20261129-000000-000000-abcd_tryback.csv"
    cabinet.add("tryback", name, (Path(__file__).parents[2] / "include/samples/users.csv").open("rb"))
    removed = Disk.removed

    def second(self: Disk, path: Path) -> bool:
        monkeypatch.setattr(Disk, "removed", removed)
        assert page.post(f"{OF_DAG}/trybacks/{name}/send", json={}).status_code == 200
        return removed(self, path)

    monkeypatch.setattr(Disk, "removed", second)
    answer = page.post(f"{OF_DAG}/trybacks/{name}/send", json={})
    assert (answer.status_code, len(uploads.uploads(cabinet))) == (409, 1)
    assert uploads.uploads(cabinet)[0].tryback == name


def test_a_tryback_whose_removal_broke_off_is_told(page: TestClient, monkeypatch: pytest.MonkeyPatch):
    cabinet = Cabinet("users")
    name = "people_20261129-000000-000000-abcd_tryback.csv"
    cabinet.add("tryback", name, (Path(__file__).parents[2] / "include/samples/users.csv").open("rb"))

    def fails(self: Disk, path: Path) -> bool:
        raise OSError(errno.EIO, "Input/output error", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Disk, "removed", fails)
        answer = page.post(f"{OF_DAG}/trybacks/{name}/send", json={})
    assert answer.status_code == 503 and "its disk does not answer" in answer.json()["detail"]
    [upload] = uploads.uploads(cabinet)
    [listed] = got(page, f"{OF_DAG}/trybacks")["trybacks"]
    assert (listed["name"], listed["sent"]) == (name, upload.id)


@pytest.mark.parametrize("folder", ["tryback", "report", "archive", "uploads"])
def test_links_and_names_that_leave_the_cabinet(page: TestClient, tmp_path: Path, folder: str):
    cabinet = Cabinet("users")
    secret = tmp_path / "secret.csv"
    secret.write_text("username\nhunter2\n")
    claim = "20261129-000000-000000-abcd"
    name = {"tryback": f"a_{claim}_tryback.csv", "report": f"a_{claim}_report.txt", "archive": f"a_{claim}.csv"}.get(
        folder
    )
    (cabinet.folder("report") / f"a_{claim}_report.json").write_text(json.dumps({"file": "../a.csv", "counts": {}}))
    if name:
        (cabinet.folder(folder) / name).symlink_to(secret)
    else:
        place = cabinet.folder("uploads") / claim / "file"
        place.mkdir(parents=True)
        (place / "a.csv").symlink_to(secret)
    for path in (
        f"trybacks/a_{claim}_tryback.csv",
        f"reports/{claim}/files/report",
        f"reports/{claim}/files/archive",
        f"uploads/{claim}/inspect",
        "trybacks/..%2F..%2Fsecret.csv",
        "trybacks/%2Fetc%2Fpasswd",
        "trybacks/a%00.csv",
        "trybacks/..",
        "uploads/..%2F..%2F..%2Finbox/inspect",
        "uploads/../inspect",
        f"reports/..%2F{claim}",
    ):
        answer = page.get(f"{OF_DAG}/{path}")
        assert answer.status_code == 404 and "hunter2" not in answer.text, path


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("..%5C..%5Cx.csv", "x.csv"),
        ("a%00b.csv", "a_b.csv"),
        (".hidden.csv", "hidden.csv"),
        ("%E2%80%AEfdp.csv", "fdp.csv"),
    ],
)
def test_names_of_uploads(page: TestClient, given: str, kept: str):
    answer = page.put(f"{OF_DAG}/uploads/{given}", content=b"x").json()
    assert answer["name"] == kept
    assert page.delete(f"{OF_DAG}/uploads/{answer['id']}").status_code == 204
    assert not files(Cabinet("users"), "uploads")


def test_uploads_that_are_too_large_or_break_off(page: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(settings(), "desk", {"upload_mb": 1})

    def parts(total: int, breaks: bool = False) -> Iterator[bytes]:
        for _ in range(total // 100_000):
            yield b"x" * 100_000
        if breaks:
            raise RuntimeError("the connection is gone")

    for content in (b"x" * 1_000_001, parts(1_100_000)):
        answer = page.put(f"{OF_DAG}/uploads/x.csv", content=content)
        assert answer.status_code == 413 and "upload_mb" in answer.json()["detail"]
    assert page.put(f"{OF_DAG}/uploads/x.csv", content=parts(500_000, breaks=True)).status_code == 500
    assert page.put(f"{OF_DAG}/uploads/x.csv", content=b"").status_code == 400
    assert page.post("api/inspect", content=b"x" * 600_000).status_code == 413
    assert page.post("api/inspect?delimiter=:", content=FILE).status_code == 400
    assert not files(Cabinet("users"), "uploads")
    assert page.put(f"{OF_DAG}/uploads/x.csv", content=parts(1_000_000)).status_code == 200
    old = Cabinet("users").folder("uploads") / "20200101-000000-000000-abcd" / "file"
    old.mkdir(parents=True)
    (old / ".x.csv.0123.part").write_bytes(b"half")
    sent(page)
    assert not old.exists()


def test_pictures(page: TestClient, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("ada.png", b"png")
        archive.writestr("<img src=x onerror=alert(1)>.exe", b"exe")
    content = (tmp_path / "p.zip").read_bytes()
    looked = page.post("api/inspect?name=p.zip&complete=1", content=content).json()
    assert (looked["dag_id"], looked["lines"], looked["failed"]) == ("toolsync_user_pictures", 2, 1)
    upload = sent(page, content, "p.zip", "toolsync_user_pictures")
    again = got(page, f"api/dags/toolsync_user_pictures/uploads/{upload}/inspect")
    assert again["rows"][0] == {"line": 1, "cells": ["ada.png"]} and again["upload"]["name"] == "p.zip"
    assert page.post("api/inspect?name=p.zip&complete=0", content=content[:50]).json()["rows"] == []
    assert got(page, f"{OF_DAG}/uploads/{sent(page, content)}/inspect")["rejected"]


def test_in_an_object_store(page: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch):
    store = object_store()
    monkeypatch.setenv("TOOLSYNC_CABINET", store.new_cabinet())
    upload = sent(page)
    assert got(page, f"{OF_DAG}/uploads/{upload}/inspect")["rows"][0]["cells"][0] == "ada"
    result = site.run(DAG, upload=upload)
    assert result["state"] == "success" and not uploads.uploads(Cabinet("users"))
    head = newest(page)
    lines = got(page, f"{OF_DAG}/reports/{head['claim']}/lines", q="hopper")
    assert [(row["line"], row["cells"][0]) for row in lines["rows"]] == [(5, "grace")]
    tryback = got(page, f"{OF_DAG}/trybacks/{head['tryback']}")
    assert [row["line"] for row in tryback["rows"]] == [5, 6, 7]
    answer = page.post(
        f"{OF_DAG}/trybacks/{head['tryback']}/send", json={"drop": [2, 3], "version": tryback["version"]}
    )
    assert answer.status_code == 200 and got(page, f"{OF_DAG}/trybacks")["trybacks"] == []
    [one] = uploads.uploads(Cabinet("users"))
    assert uploads.opened(Cabinet("users"), one).open("rb").read().endswith(b"Hunter2-grace!;\r\n")
    got(page, "api/overview")
    store.reset()
    told = got(page, "api/overview")
    # Ten for a type without any file: an empty folder makes s3fs look above it. A few more for the files that are there.
    assert len(store.requests) <= 10 * len(told["types"]) + 5, store.requests
    store.reset()


def test_a_thousand_files_at_work_are_asked_for_once(page: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch):
    """A run takes up to a thousand files; the page shows some of them, and those that wait for an answer."""
    store = object_store()
    monkeypatch.setenv("TOOLSYNC_CABINET", store.new_cabinet())
    cabinet, files = Cabinet("users"), store.attach()
    objects: dict[str, bytes] = {}
    numbers = [f"20261129-060000-000{number:03}-abcd" for number in range(60)]
    for number in numbers:
        claim, owner = Claim(number, "a.csv", {}), Owner("manual__1", "elsewhere", None)
        work = cabinet.folder("work") / number
        objects[(work / "claim.json").path] = json.dumps({"claim": asdict(claim), "owner": asdict(owner)}).encode()
        objects[(work / "file/a.csv").path] = b"username\nada\n"
    asked = numbers[-1]
    objects[(cabinet.folder("work") / asked / "asked.json").path] = b"{}"
    files.pipe(objects)
    store.reset()
    [users] = [page for page in got(page, "api/overview")["types"] if page["dag_id"] == DAG]
    requests = len(store.requests)
    assert users["work_count"] == 60
    assert [each["claim"] for each in users["work"]] == [*numbers[:49], asked]
    assert users["work"][-1]["step"] == "awaiting approval"
    assert requests < 10 * 17 + 5 + 55, requests
    store.reset()
    left = takeover.at_work(cabinet)
    assert [each.claim.id for each in left] == numbers and len(store.requests) < 70
    assert takeover.resume(cabinet, Owner("another", "elsewhere", None)) == ([], []) and len(store.requests) < 2 * 70
    folders = takeover.held(cabinet)
    cabinet.files.remove_folder(cabinet.folder("work") / numbers[0])  # a run ends it meanwhile
    assert [each.claim.id for each in takeover.at_work(cabinet, folders)] == numbers[1:]
    store.reset()


def test_an_object_is_taken_by_one_of_two_runs(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOOLSYNC_CABINET", object_store().new_cabinet())
    upload, cabinet, copy = sent(desk.client("user")), Cabinet("users"), Store.copy
    first, second = (Owner(f"manual__{number}", "elsewhere", None) for number in (1, 2))

    def copied(self: Store, source: Any, target: Any) -> None:
        copy(self, source, target)
        monkeypatch.setattr(Store, "copy", copy)
        uploads.claim_upload(Cabinet("users"), upload, first, {"simulate": False})

    monkeypatch.setattr(Store, "copy", copied)
    with pytest.raises(uploads.NoUpload):
        uploads.claim_upload(cabinet, upload, second, {"simulate": False})
    assert [left.owner for left in takeover.at_work(Cabinet("users"))] == [first]


def test_a_cabinet_that_can_not_be_read(page: TestClient, tmp_path: Path):
    folder = Cabinet("users").folder("report")
    folder.rmdir()
    folder.write_text("a file in the place of a folder")
    answer = page.get(f"{OF_DAG}/reports")
    assert answer.status_code == 503 and "a file is in the place of a folder" in answer.json()["detail"]
    os.unlink(folder)


def test_packages(page: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch):
    run_types_here(monkeypatch)
    content = oneroster({"users": "sourcedId,status\nP1,active\n"})
    looked = page.post("api/inspect?name=p.zip&complete=1", content=content).json()
    assert looked["dag_id"] == "toolsync_feeds" and {"line": 1, "cells": ["manifest.csv"]} in looked["rows"]
    upload = sent(page, content, "p.zip", "toolsync_feeds")
    again = got(page, f"api/dags/toolsync_feeds/uploads/{upload}/inspect")
    assert [row["cells"] for row in again["rows"]] == [["manifest.csv"], ["users.csv"]]
    sample = (INCLUDE / "samples/feeds.zip").read_bytes()
    done = site.run("toolsync_feeds", upload=sent(page, sample, "sample.zip", "toolsync_feeds"), simulate=True)
    report = f"api/dags/toolsync_feeds/reports/{done['claim']}"
    assert got(page, report)["counts"]["created"] == 3
    rows = got(page, f"{report}/lines?outcome=failed")["rows"]
    assert [(row["line"], row["remarks"][0]["column"].split()[0]) for row in rows][0] == (2, "enrollments.csv")


def test_a_tryback_is_corrected_in_the_encoding_of_its_bytes(
    page: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
):
    """A file in Windows-1252 that was read as UTF-8: its lines come back as they are, and no second encoding gets into them."""
    lines = (
        "username,firstname,lastname,email,city\nzoe,Zoé,Doe,zoe@example.org,\nrene,René,Doe,rene@example.org,Orléans\n"
    )
    assert site.run(DAG, upload=sent(page, lines.encode("cp1252")))["counts"]["failed"] == 2
    name = newest(page)["tryback"]
    tryback = got(page, f"{OF_DAG}/trybacks/{name}")
    assert (tryback["encoding"], tryback["rejected"]) == ("windows-1252", [])
    assert [row["cells"][1] for row in tryback["rows"]] == ["Zoé", "René"]
    with monkeypatch.context() as patch:  # turning the page does not read it all again
        patch.delattr("toolsync.desk.trybacks._evidence_of")
        assert got(page, f"{OF_DAG}/trybacks/{name}", offset=1)["encoding"] == "windows-1252"
    assert "byte 0xE9" in tryback["rows"][0]["remarks"][0]["message"]
    send = f"{OF_DAG}/trybacks/{name}/send"
    lacks = page.post(send, json={"changes": {"1": {"city": "Łódź"}}})
    assert lacks.status_code == 400 and "is windows-1252, which has no character 'Ł'" in lacks.json()["detail"]
    assert lacks.json()["detail"].startswith("Line 2, column city: ")
    answer = page.post(send, json={"changes": {"1": {"city": "Besançon"}}, "drop": [2]}).json()
    assert answer["encoding"] == "windows-1252"
    looked = got(page, f"{OF_DAG}/uploads/{answer['upload']}/inspect")
    assert (looked["encoding"], looked["failed"], looked["rows"][0]["cells"][-1]) == ("windows-1252", 0, "Besançon")
    # Whatever the beginning looks like, it is read as it was corrected; somebody may still choose another.
    assert got(page, f"{OF_DAG}/uploads/{answer['upload']}/inspect", encoding="utf-8")["failed"] == 1
    assert site.run(DAG, upload=answer["upload"], encoding=answer["encoding"])["counts"]["created"] == 1
    assert site.value("SELECT city FROM {user} WHERE username = 'zoe'", ()) == "Besançon"


@pytest.mark.parametrize(
    ("lines", "reading", "encoding"),
    [
        (["Zoé".encode("cp1252")], "utf-8", "windows-1252"),
        (["Zoé".encode()], "utf-8", "utf-8"),
        (["Áda".encode()], "windows-1252", "utf-8"),
        (["Zoé".encode()], "iso-8859-1", "utf-8"),
        (["Zoé".encode("cp1252")], "iso-8859-1", "iso-8859-1"),
        (["Zoé Müller".encode("mac_roman")], "utf-8", "lines look like Mac Roman"),
        (["Zoé".encode(), "Zoé".encode("cp1252")], "utf-8", "line 2 is in UTF-8, line 3 is not"),
        ([b"Ada", b"\x81da\xe9"], "utf-8", "line 3 is in no encoding that is known"),
    ],
)
def test_the_encoding_of_a_tryback(desk: Desk, lines: list[bytes], reading: str, encoding: str):
    cabinet, claim = Cabinet("users"), "20261129-000000-000000-abcd"
    report = {"file": "a.csv", "claim": claim, "counts": {}, "rejected": [], "reading": {"encoding": reading}}
    content = b"username,firstname\n" + b"".join(b"u%d,%s\n" % each for each in enumerate(lines))
    cabinet.add("report", f"a_{claim}_report.json", io.BytesIO(json.dumps(report).encode()))
    cabinet.add("tryback", f"a_{claim}_tryback.csv", io.BytesIO(content))
    page = desk.client("user")
    answer = got(page, f"{OF_DAG}/trybacks/a_{claim}_tryback.csv")
    send = f"{OF_DAG}/trybacks/a_{claim}_tryback.csv/send"
    if encoding.startswith("line"):
        assert encoding in answer["rejected"][0] and not answer["rows"]
        assert page.post(send, json={"changes": {"1": {"firstname": "x"}}}).status_code == 400
        assert page.post(send, json={}).json()["encoding"] is None
    else:
        assert (answer["encoding"], answer["rejected"]) == (encoding, [])
        assert page.post(send, json={}).json()["encoding"] == encoding


def test_the_page_says_of_an_encoding_what_the_run_says(page: TestClient):
    def looked(content: bytes, encoding: str, complete: int = 1) -> Any:
        address = f"api/inspect?name=a.csv&complete={complete}&dag_id={DAG}&encoding={encoding}"
        return page.post(address, content=content).json()

    content = "username,city\na,Besançon\nb,Paris\n".encode()
    [rejected] = looked(content, "windows-1252")["rejected"]
    assert rejected.startswith("the file is UTF-8 (line 2 ")
    # What follows may be something else.
    begin = looked(content, "windows-1252", complete=0)
    assert begin["rejected"] == [] and [(note["line"], note["message"]) for note in begin["notes"]] == [(0, rejected)]
    latin = looked(content.decode().encode("cp1252"), "utf-8")
    assert latin["rejected"] == [] and latin["failed"] == 1
    [note] = latin["notes"]
    assert note["line"] == 0 and "the file looks like windows-1252" in note["message"]


def test_a_list_without_a_header(page: TestClient):
    """Its types are offered, and none is taken by itself: one of them deletes."""
    content = b"C103\nC104\n"
    lists = ["toolsync_courses_check", "toolsync_courses_delete", "toolsync_courses_restore"]

    def looked(name: str, content: bytes, dag_id: str = "") -> dict[str, Any]:
        return page.post(f"api/inspect?name={name}&complete=1{dag_id and f'&dag_id={dag_id}'}", content=content).json()

    one = looked("list.csv", content)
    assert (one["dag_id"], one["rejected"], one["lines"]) == (None, [], 0)
    assert sorted(each["dag_id"] for each in one["candidates"]) == lists
    for dag_id in lists:
        chosen = looked("list.csv", content, dag_id)
        assert (chosen["dag_id"], chosen["lines"]) == (dag_id, 2)
        assert sorted(each["dag_id"] for each in chosen["candidates"]) == lists
    named = looked("courses_delete.csv", content)
    assert (named["dag_id"], [each["dag_id"] for each in named["candidates"]]) == (lists[1], [lists[1]])
    # What is not a list either.
    none = looked("people.csv", b"ada;Ada;Lovelace;ada@example.org\n")
    assert (none["dag_id"], none["candidates"]) == (None, []) and "names no column" in none["rejected"][0]
    # The type that the person came for is always among those that are offered.
    for dag_id, mine in (
        ("toolsync_courses_delete", FILE),
        (DAG, content),
        ("toolsync_user_pictures", FILE),
        ("toolsync_feeds", b"x"),
    ):
        asked = looked("people.csv", mine, dag_id)
        assert asked["dag_id"] == dag_id in [each["dag_id"] for each in asked["candidates"]]
        assert asked["rejected"] or dag_id == lists[1]


def test_an_archive_says_what_it_is(page: TestClient, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("ada.png", b"png")
    pictures = (tmp_path / "p.zip").read_bytes()
    for content, dag_id in (
        (pictures, "toolsync_user_pictures"),
        (oneroster({"users": "sourcedId,status\n"}), "toolsync_feeds"),
    ):
        looked = page.post("api/inspect?name=p.zip&complete=1", content=content).json()
        upload = sent(page, content, "p.zip", dag_id)
        for told in (looked, got(page, f"api/dags/{dag_id}/uploads/{upload}/inspect")):
            assert [each["dag_id"] for each in told["candidates"]] == [told["dag_id"]] == [dag_id]
            assert (told["encoding"], told["delimiter"]) == (None, None)


@pytest.mark.parametrize(
    ("header", "rest", "renamed"),
    [
        (
            "\ufeffsep=;\r\nusername;firstname;lastname;email;citty;x y",
            ";Lyon;Art",
            {"citty": "city", "x y": "department"},
        ),
        ("# a list\r\nuser;firstname;lastname;email", "", {"user": "username"}),  # whose own column is missing, then
    ],
)
def test_columns_of_a_rejected_file_get_other_names(
    page: TestClient, site: Site, header: str, rest: str, renamed: dict[str, str]
):
    content = f"{header}\r\nzoe;Zoé;Doe;zoe@example.org{rest}\r\n".encode()
    result = site.run(DAG, upload=sent(page, content))
    assert result["rejected"]
    address = f"{OF_DAG}/trybacks/{newest(page)['tryback']}"
    tryback = got(page, address)
    assert tryback["rejected"] == [] and tryback["reasons"] == result["rejected"]
    assert [column["name"] for column in tryback["header"] if column["unknown"]] == list(renamed)
    assert tryback["rows"][0]["cells"][:2] == ["zoe", "Zoé"]
    wrong = page.post(f"{address}/send", json={"columns": {"nowhere": "x"}})
    assert wrong.status_code == 400 and "no column 'nowhere'" in wrong.json()["detail"]
    body = {"columns": renamed, "changes": {"1": {"lastname": "Dée"}}}
    corrected = uploads.upload_of(Cabinet("users"), page.post(f"{address}/send", json=body).json()["upload"])
    expected = content.decode().replace("Doe", "Dée")
    for before, after in renamed.items():
        expected = expected.replace(before, after, 1)
    assert uploads.opened(Cabinet("users"), corrected).read_bytes() == expected.encode()
    assert site.run(DAG, upload=corrected.id)["counts"]["created"] == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfeu\0s\0e\0r\0", "UTF-16"),
        (b"username,username\nada,ada\n", "username"),
        (b"username,citty\n", "unknown column citty"),
    ],
)
def test_a_tryback_that_can_not_be_corrected_says_why(page: TestClient, site: Site, content: bytes, why: str):
    site.run(DAG, upload=sent(page, content))
    tryback = got(page, f"{OF_DAG}/trybacks/{newest(page)['tryback']}")
    assert tryback["rows"] == [] and any(why in reason for reason in [*tryback["rejected"], *tryback["reasons"]])
