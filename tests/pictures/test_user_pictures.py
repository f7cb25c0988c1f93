"""Archives of user pictures on a real site: rows, file contents, what stays, what comes back, and runs that are killed."""

from __future__ import annotations

import csv
import hashlib
import json
import stat
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import killed
from tests.support.pictures import BLUE, GREEN, RED, archive, opened, plain
from tests.support.samples import EVERYTHING
from tests.support.site import Site
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.file_pool import EMPTY, FilePool, OutOfReach
from toolsync.settings import ROOT, settings

pytestmark = pytest.mark.usefixtures("airflow")

DAG_ID = "toolsync_user_pictures"
RED_JPEG, GREEN_PNG, BLUE_GIF = plain(RED, kind="JPEG"), plain(GREEN), plain(BLUE, kind="GIF")


@pytest.fixture
def cabinet(site: Site) -> Cabinet:
    return Cabinet("user_pictures")


@pytest.fixture
def dataroot(site: Site, tmp_path: Path) -> Path:
    return tmp_path / "moodledata"


def run(site: Site, files: dict[str, bytes], **params: Any) -> dict[str, Any]:
    return site.run(DAG_ID, archive(files), **params)


def icon(site: Site, username: str) -> dict[str, tuple[str, int, str | None]]:
    """The files of a person's picture: hash, size, MIME type, by name."""
    rows = site.rows(
        "SELECT f.filename, f.contenthash, f.filesize, f.mimetype FROM {files} f JOIN {context} c ON c.id = f.contextid"
        " JOIN {user} u ON u.id = c.instanceid AND c.contextlevel = 30"
        " WHERE f.component = 'user' AND f.filearea = 'icon' AND u.username = %s ORDER BY f.filename",
        (username,),
    )
    return {name: rest for name, *rest in ((name, *rest) for name, *rest in rows)}  # type: ignore[misc]


def contents(dataroot: Path, area: str = "filedir") -> dict[str, bytes]:
    """The contents in the pool by hash, each checked to lie under its own hash in the right folder."""
    found = {path.name: path.read_bytes() for path in (dataroot / area).rglob("*") if path.is_file()}
    for name, content in found.items():
        assert hashlib.sha1(content).hexdigest() == name
        assert (dataroot / area / name[:2] / name[2:4] / name).exists()
    return found


def counts(result: dict[str, Any]) -> dict[str, int]:
    assert result["state"] == "success", result
    return {status: number for status, number in result["counts"].items() if number}


def lines(result: dict[str, Any]) -> dict[str, tuple[str, str]]:
    with open(result["lines"], newline="") as stream:
        return {row["value"]: (row["outcome"], row["message"]) for row in csv.DictReader(stream)}


def names(cabinet: Cabinet, folder: str) -> list[str]:
    return sorted(path.name for path in cabinet.folder(folder).iterdir())


def test_rows_and_contents_fit(site: Site, dataroot: Path):
    result = run(site, {"u002.jpg": RED_JPEG, "deep/er/u003.png": GREEN_PNG})
    assert counts(result) == {"created": 2}
    pool = contents(dataroot)
    for username, extension, mimetype in (("u002", "jpg", "image/jpeg"), ("u003", "png", "image/png")):
        files = icon(site, username)
        assert list(files) == [".", f"f1.{extension}", f"f2.{extension}", f"f3.{extension}"]
        assert files.pop(".") == [EMPTY, 0, None]
        assert all((len(pool[content]), mimetype) == (size, kind) for content, size, kind in files.values())
        f1 = site.value(
            "SELECT f.filename FROM {files} f JOIN {user} u ON u.picture = f.id WHERE u.username = %s", (username,)
        )
        assert f1 == f"f1.{extension}"
        assert opened(pool[files[f1][0]]).size == (100, 100)
    assert pool.keys() == {
        EMPTY,
        *(content for name in ("u002", "u003") for content, _, _ in icon(site, name).values()),
    }


def test_the_same_picture_again_writes_nothing(site: Site, dataroot: Path):
    files = {"u002.jpg": RED_JPEG, "u003.png": GREEN_PNG}
    run(site, files)
    rows = site.rows("SELECT * FROM {files} ORDER BY id"), site.rows("SELECT * FROM {user} ORDER BY id")
    times = {path: path.stat().st_mtime_ns for path in dataroot.rglob("*")}
    assert counts(run(site, files)) == {"unchanged": 2}
    assert rows == (site.rows("SELECT * FROM {files} ORDER BY id"), site.rows("SELECT * FROM {user} ORDER BY id"))
    assert times == {path: path.stat().st_mtime_ns for path in dataroot.rglob("*")}


def test_a_picture_that_is_stored_but_not_shown_is_shown_again(site: Site):
    run(site, {"u002.jpg": RED_JPEG})
    picture = site.value("SELECT picture FROM {user} WHERE username = 'u002'")
    site.rows("UPDATE {user} SET picture = 0 WHERE username = 'u002'")
    assert counts(run(site, {"u002.jpg": RED_JPEG})) == {"created": 1}
    assert site.value("SELECT picture FROM {user} WHERE username = 'u002'") == picture


def test_a_replaced_picture_goes_into_the_trash_unless_others_have_it(site: Site, dataroot: Path):
    run(site, {"u002.jpg": RED_JPEG, "u003.jpg": RED_JPEG})
    before = contents(dataroot)
    assert counts(run(site, {"u002.png": GREEN_PNG}, undo=False)) == {"updated": 1}
    assert before.keys() < contents(dataroot).keys() and contents(dataroot, "trashdir") == {}
    assert counts(run(site, {"u003.png": GREEN_PNG}, undo=False)) == {"updated": 1}
    assert contents(dataroot, "trashdir").keys() == before.keys() - {EMPTY}
    assert contents(dataroot).keys() & before.keys() == {EMPTY}
    assert list(icon(site, "u002")) == [".", "f1.png", "f2.png", "f3.png"]


def test_overwrite_off_keeps_what_is_there(site: Site, pristine: Site):
    result = run(site, {"u001.jpg": RED_JPEG, "u002.jpg": RED_JPEG, "x/u002.png": GREEN_PNG}, overwrite=False)
    assert counts(result) == {"created": 1, "unchanged": 2}
    assert icon(site, "u001") == icon(pristine, "u001")
    assert "f1.jpg" in icon(site, "u002")
    assert lines(result)["u001.jpg"] == ("unchanged", "the existing picture stays (Param overwrite)")


def test_of_several_images_of_a_person_the_last_one_stays(site: Site, dataroot: Path):
    result = run(site, {"u002.jpg": RED_JPEG, "u003.png": GREEN_PNG, "a/U002.gif": BLUE_GIF})
    assert counts(result) == {"created": 2, "updated": 1}
    pool = contents(dataroot)
    color = opened(pool[icon(site, "u002")["f1.png"][0]]).getpixel((50, 50))
    assert color == BLUE
    assert len(contents(dataroot, "trashdir")) == 3


@pytest.mark.parametrize(
    ("field", "name", "reason"),
    [
        ("username", "u002", None),
        ("username", "u060", "no account has this username"),
        ("idnumber", "ID002", None),
        ("email", "u002@example.org", None),
        ("id", "4", None),
        ("id", "four", "no account has this id"),
        ("username@mnethostid", "u002@1", None),
        ("username@mnethostid", "far@away@7", None),
        ("username@mnethostid", "u002@7", "no account has this username on that host"),
        ("username@mnethostid", "u002", "expected a file name like username@mnethostid, with the number of the host"),
    ],
)
def test_accounts_are_found_by_every_field(site: Site, field: str, name: str, reason: str | None):
    site.rows("UPDATE {user} SET mnethostid = 7, username = 'far@away' WHERE username = 'u005'")
    result = run(site, {f"{name}.jpg": RED_JPEG}, user_id_field=field)
    if reason:
        assert counts(result) == {"failed": 1} and lines(result)[f"{name}.jpg"] == ("failed", reason)
    else:
        assert counts(result) == {"created": 1}


@pytest.mark.parametrize("field", ["username", "username@mnethostid", "idnumber"])
def test_an_image_never_lands_at_an_account_that_only_looks_alike(site: Site, field: str):
    site.rows("UPDATE {user} SET idnumber = username WHERE username IN ('u002', 'u003', 'u004')")
    site.rows("UPDATE {user} SET username = 'müller', idnumber = 'müller' WHERE username = 'u004'")
    host = "@1" if "@" in field else ""
    # macOS writes ü as u and a diaeresis of its own.
    decomposed = unicodedata.normalize("NFD", "müller")
    files = {f"{name}{host}.jpg": RED_JPEG for name in ("ü002", "u003\u200b", decomposed, "muller")}
    result = run(site, files, user_id_field=field)
    assert counts(result) == {"created": 1, "failed": 3}
    assert icon(site, "u002") == icon(site, "u003") == {} and icon(site, "müller")
    for looks in ("u002", "u003", "müller"):
        assert f", only {looks}, which looks like it" in Path(result["report"]).read_text()


def test_a_name_that_several_accounts_have_fails(site: Site):
    site.rows("UPDATE {user} SET idnumber = 'twice' WHERE username IN ('u002', 'u003')")
    result = run(site, {"twice.jpg": RED_JPEG}, user_id_field="idnumber")
    assert lines(result)["twice.jpg"] == ("failed", "2 accounts have this idnumber")


def test_an_account_without_a_context_gets_one(site: Site):
    userid = site.value("SELECT id FROM {user} WHERE username = 'u002'")
    site.rows("DELETE FROM {context} WHERE contextlevel = 30 AND instanceid = %s", (userid,))
    assert counts(run(site, {"u002.jpg": RED_JPEG})) == {"created": 1}
    context = "SELECT id, path, depth FROM {context} WHERE contextlevel = 30 AND instanceid = %s"
    [(context_id, path, depth)] = site.rows(context, (userid,))
    assert (path, depth) == (f"/1/{context_id}", 2)


def test_failed_images_come_back_and_the_others_are_done(site: Site, cabinet: Cabinet, dataroot: Path):
    hostile = {
        "../../u005.jpg": RED_JPEG,
        "/u006.jpg": RED_JPEG,
        "u007.jpg": b"\0" * 2_000_000,
        "u008.svg": b"<svg/>",
        "u009.png": b"<svg/>",
        "u010.jpg": RED_JPEG[:400],
        "u011.zip": archive({"u011.jpg": RED_JPEG}),
        "nobody.png": GREEN_PNG,
    }
    result = run(site, {"u002.jpg": RED_JPEG, **hostile, "u003.png": GREEN_PNG, ".DS_Store": b"x"})
    assert counts(result) == {"created": 2, "failed": len(hostile)}
    told = lines(result)
    assert {name for name, (outcome, _) in told.items() if outcome == "failed"} == set(hostile)
    assert all(message for outcome, message in told.values() if outcome == "failed")
    with zipfile.ZipFile(result["tryback"]) as tryback:
        assert sorted(tryback.namelist()) == sorted(
            ["u005.jpg", "u006.jpg", "u008.svg", "u009.png", "u010.jpg", "u011.zip", "nobody.png"]
        )
        assert tryback.read("nobody.png") == GREEN_PNG
    assert set(contents(dataroot)) == {EMPTY} | {
        content for name in ("u002", "u003") for content, _, _ in icon(site, name).values()
    }
    report = Path(result["report"]).read_text()
    assert "Read: 10 images, skipped 1 files of operating systems" in report
    assert "10 images: 2 created, 8 failed" in report
    assert "'nobody.png': no account has this username" in report
    assert names(cabinet, "inbox") == names(cabinet, "work") == []


def test_what_must_not_be_unpacked_is_left_to_the_archived_file(site: Site, cabinet: Cabinet):
    result = run(site, {"u002.jpg": b"\0" * 2_000_000})
    assert counts(result) == {"failed": 1} and result["tryback"] is None
    assert names(cabinet, "tryback") == names(cabinet, "work") == []
    assert Path(result["archive"]).exists()


def test_the_tryback_can_be_dropped_again(site: Site):
    first = run(site, {"new.person.png": GREEN_PNG, "u002.jpg": RED_JPEG})
    site.rows("UPDATE {user} SET username = 'new.person' WHERE username = 'u003'")
    assert counts(site.run(DAG_ID, Path(first["tryback"]))) == {"created": 1}


def test_the_contact_sheet_shows_before_and_after_and_needs_nothing_else(site: Site):
    run(site, {"u002.jpg": RED_JPEG})
    result = run(site, {"u002.png": GREEN_PNG, "<img src=x>/u003.png": GREEN_PNG})
    page = Path(result["attachments"]["contact sheet"]).read_text()
    assert page.count("data:image/jpeg;base64,") == 1 and page.count("data:image/png;base64,") == 2
    assert "<img src=x>" not in page and "&lt;img src=x&gt;/u003.png" in page
    assert "http" not in page.replace('http-equiv="', "")
    assert "contact_sheet.html" in Path(result["report"]).read_text()


def test_a_simulation_changes_nothing_but_shows_everything(
    site: Site, pristine: Site, cabinet: Cabinet, dataroot: Path
):
    result = run(site, {"u001.png": GREEN_PNG, "u002.jpg": RED_JPEG, "nobody.jpg": RED_JPEG}, simulate=True)
    assert counts(result) == {"created": 1, "updated": 1, "failed": 1}
    assert site.changed(pristine) == []
    assert list(dataroot.rglob("*")) == []
    assert result["tryback"] is None
    assert "data:image/png" in Path(result["attachments"]["contact sheet"]).read_text()
    assert names(cabinet, "work") == []


def test_several_archives_of_a_run_are_treated_each_for_itself(site: Site, cabinet: Cabinet, tmp_path: Path):
    for name, content in (
        ("1.zip", archive({"u002.jpg": RED_JPEG})),
        ("2.zip", b"no archive"),
        ("3.zip", archive({"u003.png": GREEN_PNG})),
    ):
        (tmp_path / name).write_bytes(content)
        cabinet.put(tmp_path / name)
    assert site.run(DAG_ID)["state"] == "failed"
    results = [json.loads(path.read_text()) for path in sorted(cabinet.folder("report").glob("*.json"))]
    assert [(result["file"], bool(result["rejected"])) for result in results] == [
        ("1.zip", False),
        ("2.zip", True),
        ("3.zip", False),
    ]
    assert Path(results[1]["tryback"]).read_bytes() == b"no archive"
    assert "f1.jpg" in icon(site, "u002") and "f1.png" in icon(site, "u003")


def test_a_large_archive_is_executed_in_batches(site: Site, dataroot: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(settings()["pictures"], "batch_images", 3)
    files = {f"u{number:03}.png": plain((number, 0, 0)) for number in range(1, 12)}
    result = run(site, {**files, "again/u002.png": GREEN_PNG}, undo=False)
    assert counts(result) == {"created": 10, "updated": 2}
    assert len(contents(dataroot)) == 1 + 3 * 11
    assert site.value("SELECT COUNT(*) FROM {cache_flags} WHERE flagtype = 'toolsync'") == 0
    assert Path(result["attachments"]["contact sheet"]).read_text().count("alt=") == 13


# The data folder


@pytest.mark.parametrize(
    "extra", [{}, {"dataroot": "/nowhere/at/all"}, {"dataroot": "s3://no.such.connection@bucket/x"}]
)
def test_without_the_data_folder_nothing_is_touched(
    site: Site,
    pristine: Site,
    cabinet: Cabinet,
    extra: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", site.connection(**extra))
    (tmp_path / "pictures.zip").write_bytes(archive({"u002.jpg": RED_JPEG}))
    cabinet.put(tmp_path / "pictures.zip")
    assert site.run(DAG_ID)["state"] == "failed"
    said = "".join(capfd.readouterr())
    assert "Nothing was changed" in said
    assert names(cabinet, "inbox") == ["pictures.zip"]
    assert site.changed(pristine) == []


def test_folders_and_files_have_the_sites_permissions(site: Site, dataroot: Path):
    (dataroot / "filedir").mkdir()
    (dataroot / "filedir").chmod(0o2770)
    owner = (dataroot / "filedir").stat()
    run(site, {"u002.jpg": RED_JPEG})
    made = list((dataroot / "filedir").rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_dir()} == {0o2770}
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_file()} == {0o660}
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(owner.st_uid, owner.st_gid)}


def test_a_damaged_content_is_replaced(site: Site, dataroot: Path):
    run(site, {"u002.jpg": RED_JPEG})
    whole = contents(dataroot)
    damaged = next(path for path in dataroot.rglob("*") if path.is_file() and path.name != EMPTY)
    damaged.write_bytes(b"half")
    run(site, {"u003.jpg": RED_JPEG})
    assert contents(dataroot) == whole


def test_the_pool_may_be_an_object_store():
    from airflow.sdk.io import attach
    from fsspec.implementations.memory import MemoryFileSystem

    class Remote(MemoryFileSystem):
        store: dict[str, Any] = {}
        pseudo_dirs = [""]

    attach("memory", "store", fs=Remote())
    with pytest.raises(OutOfReach, match="does not exist"):
        FilePool("memory://store@site/moodledata")
    Remote().mkdirs("/site/moodledata")
    pool = FilePool("memory://store@site/moodledata")
    name = hashlib.sha1(b"content").hexdigest()
    pool.write({name: b"content"})
    assert pool.read(name) == b"content" and pool.read("0" * 40) is None
    assert pool.discard([name, "0" * 40]) == 1
    assert pool.read(name) is None
    pool.write({name: b"content"})
    assert pool.discard([name]) == 1
    assert [path for path in Remote().find("/") if name in path] == [
        f"/site/moodledata/trashdir/{name[:2]}/{name[2:4]}/{name}"
    ]


# Killed runs

MOMENTS = [
    ("toolsync.moodle.file_pool:FilePool._write", "after"),
    ("toolsync.pictures.picture_run:PictureRun._write", "after"),
    ("toolsync.running.ledger:Ledger.enter", "after"),
    ("toolsync.moodle.session:MoodleSession.commit", "after"),
    ("toolsync.moodle.file_pool:FilePool.discard", "before"),
    ("toolsync.moodle.file_pool:FilePool.discard", "after"),
    ("toolsync.pictures.archive:PictureArchive.copy", "after"),
    ("toolsync.cabinet.folders:Cabinet.archive", "after"),
]


@pytest.mark.parametrize(("where", "when"), MOMENTS)
def test_killed_at_any_moment_the_next_run_ends_the_work(
    site: Site, cabinet: Cabinet, dataroot: Path, tmp_path: Path, where: str, when: str
):
    assert counts(run(site, {"u002.jpg": RED_JPEG})) == {"created": 1}
    for path in cabinet.folder("report").iterdir():
        path.unlink()
    replaced = set(contents(dataroot))  # the undo bundle holds it
    file = tmp_path / "pictures.zip"
    file.write_bytes(archive({"u002.png": GREEN_PNG, "u003.gif": BLUE_GIF, "nobody.gif": BLUE_GIF}))
    killed(where, when, DAG_ID, file, real=EVERYTHING and (where, when) == MOMENTS[0])

    assert site.run(DAG_ID)["state"] == "success"
    assert names(cabinet, "inbox") == names(cabinet, "work") == []
    [report] = cabinet.folder("report").glob("*.txt")
    assert "3 images: 1 created, 1 updated, 1 failed" in report.read_text()
    wanted = {EMPTY} | {content for name in ("u002", "u003") for content, _, _ in icon(site, name).values()}
    assert set(contents(dataroot)) == wanted | replaced
    assert list(icon(site, "u002")) == [".", "f1.png", "f2.png", "f3.png"]
    assert contents(dataroot, "trashdir") == {}


def test_what_a_batch_that_was_given_up_wrote_is_cleaned_up(
    site: Site, pristine: Site, cabinet: Cabinet, dataroot: Path, monkeypatch: pytest.MonkeyPatch
):
    from toolsync.running.execution import Execution

    original = Execution.run

    def fail(self: Execution, lines: list) -> object:
        original(self, lines)
        raise OSError("the network is gone")

    monkeypatch.setattr(Execution, "run", fail)
    assert run(site, {"u002.jpg": RED_JPEG, "u003.png": GREEN_PNG})["state"] == "failed"
    assert len(contents(dataroot)) == 7
    assert site.changed(pristine) == []

    # Before the next run one of the two accounts is deleted, so the contents for it have no row.
    monkeypatch.setattr(Execution, "run", original)
    site.rows("UPDATE {user} SET deleted = 1 WHERE username = 'u003'")
    assert site.run(DAG_ID)["state"] == "success"
    assert set(contents(dataroot)) == {EMPTY, *(content for content, _, _ in icon(site, "u002").values())}
    assert len(contents(dataroot, "trashdir")) == 3


def test_an_account_that_is_deleted_while_images_are_read_fails_alone(
    site: Site, dataroot: Path, monkeypatch: pytest.MonkeyPatch
):
    from toolsync.pictures.picture_run import PictureRun

    original = PictureRun.stage

    def delete_then_stage(self: PictureRun, number: int, items: list) -> object:
        staged = original(self, number, items)
        site.rows("UPDATE {user} SET deleted = 1 WHERE username = 'u002'")
        return staged

    monkeypatch.setattr(PictureRun, "stage", delete_then_stage)
    result = run(site, {"u002.jpg": RED_JPEG, "u003.png": GREEN_PNG})
    assert lines(result)["u002.jpg"] == ("failed", "the account was deleted while the archive was read")
    assert set(contents(dataroot)) == {EMPTY, *(content for content, _, _ in icon(site, "u003").values())}


def test_the_sample_runs_on_the_demo_site(site: Site):
    assert counts(site.run(DAG_ID, ROOT / "include/samples/user_pictures.zip")) == {
        "created": 3,
        "updated": 1,
        "failed": 1,
    }
