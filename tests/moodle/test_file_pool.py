"""Contents of files are on the disk before rows that refer to them are committed."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.pictures import BLUE, GREEN, RED, archive, plain
from tests.support.site import Site
from toolsync.moodle.file_pool import FilePool
from toolsync.moodle.session import MoodleSession

CONTENTS = {hashlib.sha1(content).hexdigest(): content for content in (b"%d" % number for number in range(40))}


class Cache:
    """What of a folder is only in the system's cache, and gone after a power cut: names, and files that were renamed before they were on the disk.

    :param root: the folder.
    """

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.names: set[Path] = set()
        self.unfinished: set[Path] = set()
        self.syncs: Counter[Path] = Counter()
        self._lock = threading.Lock()
        self._on_disk: dict[int, int] = {}  # by inode: when it had changed last
        fsync, mkdir, replace = os.fsync, os.mkdir, os.replace

        def synced(descriptor: int) -> None:
            fsync(descriptor)
            path, now = Path(os.readlink(f"/proc/self/fd/{descriptor}")), os.fstat(descriptor)
            self._on_disk[now.st_ino] = now.st_ctime_ns
            self.syncs[path] += 1
            with self._lock:  # contents are written by several threads
                self.names = {name for name in self.names if name.parent != path}

        def made(path: Any, *args: Any, **kwargs: Any) -> None:
            mkdir(path, *args, **kwargs)
            self._add(Path(path))

        def renamed(source: Any, target: Any) -> None:
            now = os.stat(source)
            if self._on_disk.get(now.st_ino) != now.st_ctime_ns:
                self.unfinished.add(Path(target))
            replace(source, target)
            self._add(Path(target))

        patch.setattr(os, "fsync", synced)
        patch.setattr(os, "mkdir", made)
        patch.setattr(os, "replace", renamed)

    def _add(self, path: Path) -> None:
        if path.is_relative_to(self.root):
            with self._lock:
                self.names.add(path)


@pytest.fixture
def dataroot(tmp_path: Path) -> Path:
    (tmp_path / "moodledata").mkdir(exist_ok=True)
    return tmp_path / "moodledata"


@pytest.fixture
def cache(dataroot: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    return Cache(dataroot, monkeypatch)


def test_contents_are_on_the_disk_with_their_names(dataroot: Path, cache: Cache):
    FilePool(str(dataroot)).write(CONTENTS)
    assert {path.name for path in (dataroot / "filedir").rglob("*") if path.is_file()} == CONTENTS.keys()
    assert cache.names == set() and cache.unfinished == set()


def test_each_folder_is_brought_to_the_disk_once(dataroot: Path, cache: Cache):
    FilePool(str(dataroot)).write(CONTENTS)
    folders = {path: number for path, number in cache.syncs.items() if path.is_dir()}
    assert set(folders.values()) == {1}


def test_names_that_a_killed_attempt_left_are_brought_to_the_disk(dataroot: Path, cache: Cache):
    pool = FilePool(str(dataroot))
    pool.write(CONTENTS)
    for path in (dataroot / "filedir").rglob("*"):
        cache.names.add(path)
    pool.write(CONTENTS)
    assert cache.names == set()


@pytest.mark.usefixtures("airflow")
def test_pictures_are_on_the_disk_before_their_rows(
    site: Site, dataroot: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
):
    commit, seen = MoodleSession.commit, list[int]()
    known = {name for (name,) in site.rows("SELECT contenthash FROM {files}")}

    def commit_with_power(session: MoodleSession) -> None:
        new = {name for (name,) in session.rows("SELECT contenthash FROM {files}")} - known
        assert all((dataroot / "filedir" / name[:2] / name[2:4] / name).exists() for name in new)
        assert cache.names == set() and cache.unfinished == set()
        seen.append(len(new))
        commit(session)

    monkeypatch.setattr(MoodleSession, "commit", commit_with_power)
    files = {"u002.jpg": plain(RED, kind="JPEG"), "u003.png": plain(GREEN), "u004.gif": plain(BLUE, kind="GIF")}
    assert site.run("toolsync_user_pictures", archive(files))["counts"]["created"] == 3
    assert seen[0] >= 9
