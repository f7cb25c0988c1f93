"""What goes from a cabinet by age and size, and what never does."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.object_store import object_store
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.retention import Limits, due, survey
from toolsync.cabinet.storage import files_at, folder_at
from toolsync.settings import WrongSetting

NOW = datetime.now(UTC)
DONE = (
    "archive/{}.csv",
    "docs/{}_validation.html",
    "report/{}_report.txt",
    "report/{}_report.json",
    "report/{}_plan.csv",
)


def claim_id(days: float) -> str:
    return f"{NOW - timedelta(days=days):%Y%m%d-%H%M%S-%f}-ab12"


class Store:
    """A cabinet on disk, filled with files of certain ages."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, path: str, days: float, size: int = 10) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * size)
        os.utime(file, ((NOW - timedelta(days=days)).timestamp(),) * 2)
        return file

    def done(self, name: str, days: float, size: int = 10) -> str:
        """All files of a command file that was done so many days ago."""
        claim = f"{name}_{claim_id(days)}"
        for path in DONE:
            self.put(f"users/{path.format(claim)}", days, size)
        return claim

    def goes(self, **section: Any) -> set[str]:
        going, _ = due(*survey(self.root), Limits.of({"retention": section}), NOW)
        return {f"{file.type}/{file.folder}/{file.name}" for file, _ in going}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def all_of(claim: str) -> set[str]:
    return {f"users/{path.format(claim)}" for path in DONE}


def test_without_limits_all_stays(store: Store):
    store.done("a", 1000)
    assert store.goes() == set()
    assert Limits.of({}).unset and Limits.of({"retention": None}).unset


def test_each_folder_has_its_age_and_the_report_goes_last(store: Store):
    old, young = store.done("old", 40), store.done("young", 10)
    assert store.goes(archive_days=30) == {f"users/archive/{old}.csv"}
    given_up = [store.put(f"users/archive/{old}_tryback{again}.csv", 40) for again in ("", "~2")]
    also = {f"users/archive/{path.name}" for path in given_up}
    assert store.goes(archive_days=30) == {f"users/archive/{old}.csv"} | also
    for path in given_up:
        path.unlink()
    assert store.goes(archive_days=5, docs_days=30) == {
        f"users/archive/{old}.csv", f"users/docs/{old}_validation.html", f"users/archive/{young}.csv",
    }  # fmt: skip
    assert store.goes(report_days=5) == set()  # the archived files and Data Docs are still there
    assert store.goes(report_days=30, archive_days=30, docs_days=60) == {f"users/archive/{old}.csv"}
    assert store.goes(report_days=30, archive_days=30, docs_days=30) == all_of(old)


def test_what_changed_last_counts_or_the_moment_in_the_name(store: Store):
    waited = f"waited_{claim_id(40)}"  # 39 days for an approval
    store.put(f"users/archive/{waited}.csv", 40)  # a move keeps the time of a file
    store.put(f"users/docs/{waited}_validation.html", 40)
    store.put(f"users/report/{waited}_report.json", 1)
    copied = f"copied_{claim_id(2)}"
    store.put(f"users/archive/{copied}.csv", 400)
    store.put("users/archive/odd_20269999-999999-999999-abcd.csv", 400)
    assert store.goes(archive_days=30) == set()
    assert store.goes(archive_days=1.5) == {f"users/archive/{copied}.csv"}


@pytest.mark.parametrize("held", ["tryback/{} corrected_tryback.csv", "tryback/{}_tryback.csv", "work/{}/claim.json"])
def test_nothing_of_a_file_goes_that_a_person_or_a_run_still_needs(store: Store, held: str):
    claim = store.done("a", 400)
    store.put(f"users/{held.format(claim if 'tryback' in held else claim[2:])}", 400)
    assert store.goes(archive_days=1, docs_days=1, report_days=1, total_gb=0.001) == set()
    other = claim.replace("a_", "b_")[:-4] + "cd34"
    store.put(f"users/archive/{other}.csv", 400)
    assert store.goes(archive_days=1) == {f"users/archive/{other}.csv"}


def test_what_a_file_did_not_name_goes_with_its_report(store: Store):
    report = store.put(f"users/report/a_{claim_id(400)}_missing.csv", 400)
    assert store.goes(report_days=1) == {f"users/report/{report.name}"}


def test_what_is_not_ours_stays(store: Store, tmp_path: Path):
    claim = claim_id(400)
    for path in (
        "archive/notes.txt", "archive/a_20260101-000000.csv", f"archive/.a_{claim}.csv", "report/minutes_report.txt", f"report/a_{claim}_notes.txt",
        f"archive/a_{claim}.csv.gz.part", f"report/.a_{claim}_report.txt.12ab.part", f"docs/a_{claim}.html", f"inbox/a_{claim}.csv",
        f"review/a_{claim}.csv", f"uploads/{claim}/a_{claim}.csv", f"undo/C1_5_{claim}_2.undo.gz", f"archive/folder_{claim}.csv/inside.csv",
    ):  # fmt: skip
        store.put(f"users/{path}", 400)
    elsewhere = store.put(f"elsewhere/x_{claim}.csv", 400)
    (tmp_path / f"users/archive/link_{claim}.csv").symlink_to(elsewhere)
    (tmp_path / "groups").mkdir()
    (tmp_path / "groups/archive").symlink_to(elsewhere.parent)
    (tmp_path / "linked").symlink_to(tmp_path / "users")
    assert store.goes(archive_days=1, docs_days=1, report_days=1) == set()


def test_over_the_size_the_oldest_go_whole_but_nothing_young(store: Store):
    oldest, older, young = store.done("c", 30, 10**5), store.done("b", 20, 10**5), store.done("a", 0.5, 10**6)
    assert store.goes(total_gb=0.0061) == set()
    assert store.goes(total_gb=0.0056) == all_of(oldest)
    assert store.goes(total_gb=0.0052) == all_of(oldest) | all_of(older)
    going, over = due(*survey(store.root), Limits.of({"retention": {"total_gb": 0.001}}), NOW)
    assert young not in str(going)
    assert over == 4 * 10**6
    # What goes by age counts first.
    assert store.goes(total_gb=0.0056, archive_days=25, docs_days=25, report_days=25) == all_of(oldest)


def test_an_object_store(monkeypatch: pytest.MonkeyPatch):
    url = object_store().new_cabinet()
    cabinet = Cabinet("users", url=url)
    claim = f"a_{claim_id(40)}"
    cabinet.files.write(cabinet.folder("archive") / f"{claim}.csv", b"x" * 10)
    root = folder_at(url)
    later = NOW + timedelta(days=31)  # the store says when it was written
    going, _ = due(*survey(root), Limits.of({"retention": {"archive_days": 30}}), NOW)
    assert going == []
    [(file, why)], _ = due(*survey(root), Limits.of({"retention": {"archive_days": 30}}), later)
    assert (file.type, file.folder, file.name, file.size) == ("users", "archive", f"{claim}.csv", 10)
    assert why == "older than archive_days"
    files_at(root).remove(root / file.type / file.folder / file.name)
    assert survey(root)[0] == []


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (
            {"archiv_days": 3},
            "retention: expected archive_days, docs_days, report_days and total_gb, found archiv_days",
        ),
        ({"archive_days": 0}, "archive_days: expected a number of at least 1, or null, found 0"),
        ({"report_days": "30"}, "report_days: expected a number"),
        ({"total_gb": True}, "total_gb: expected a number"),
        ([30], r"retention: expected .* found \[30\]"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(section: Any, told: str):
    with pytest.raises(WrongSetting, match=told):
        Limits.of({"retention": section})
